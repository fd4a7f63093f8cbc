"""Checks of the target, the credentials, and what they may do."""

from __future__ import annotations

from datetime import UTC, datetime

from tasktracker_ops.errors import ConfigurationError, TtOpsError

from .check import (
    CheckGroup,
    Examination,
    NotApplicable,
    Outcome,
    failed,
    ok,
    only_where_supported,
    warning,
)
from .permissions import denied_commands

GROUP = CheckGroup()
# AWS rejects signatures of five minutes or more ago.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
_REJECTED_AFTER = 300
_NOTABLE_AFTER = 60  # seconds


@GROUP.check("target")
def _target(examined: Examination) -> Outcome:
    app = examined.app
    app.target.environment()
    return ok(app.target.label)


@GROUP.check("clock", "target")
def _clock(examined: Examination) -> Outcome:
    from tasktracker_ops.adapters.aws.identity import server_time

    at = server_time(examined.app.session)
    if at is None:
        raise NotApplicable("the target sent no time")
    skew = (datetime.now(UTC) - at).total_seconds()
    found = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the target's"
    fix = "set it by the network: sudo timedatectl set-ntp true"
    if abs(skew) >= _REJECTED_AFTER:
        return failed(f"{found}, so that every signature is rejected", fix)
    return warning(found, fix) if abs(skew) >= _NOTABLE_AFTER else ok(found)


@GROUP.check("credentials", "target")
def _credentials(examined: Examination) -> Outcome:
    caller = examined.caller
    if caller.is_root:
        return warning(
            f"{caller.arn}: the account's root user, which needs none of its rights here",
            "sign in as a role, or a user: aws configure sso",
        )
    return ok(caller.arn)


@GROUP.check("region", "credentials")
def _region(examined: Examination) -> Outcome:
    app = examined.app
    region = app.session.environment.region
    try:
        app.state_backend.exists()
    except ConfigurationError as error:
        if error.code == "state-bucket-elsewhere":
            raise
    except TtOpsError:
        pass  # of the checks of the bucket
    return ok(region)


@GROUP.check("account", "credentials", "deployment")
def _account(examined: Examination) -> Outcome:
    account = examined.caller.account
    owner = examined.deployment.topic_arn.split(":")[4]
    if owner == account:
        return ok(f"{account}, that of the deployment")
    return failed(
        f"the credentials are of the account {account}, and the deployment is of {owner}",
        "sign in to that account: aws sso login --profile NAME",
    )


@GROUP.check("permissions", "credentials", "deployment")
def _permissions(examined: Examination) -> Outcome:
    caller = examined.caller
    if caller.is_root:
        return ok("the root user may do everything")
    try:
        with only_where_supported("SimulatePrincipalPolicy"):
            denied = denied_commands(examined)
    except ConfigurationError as error:
        if error.code != "aws-access-denied":
            raise
        raise NotApplicable("these credentials may not simulate their own policies") from None
    if not denied:
        return ok("every command is allowed")
    found = "; ".join(f"{command}: {', '.join(actions)}" for command, actions in denied.items())
    return warning(
        f"{caller.policy_source} is not allowed to {found}",
        "give it the policy of its role: tt-ops permissions deployer",
    )
