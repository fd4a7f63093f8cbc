"""Checks of credentials and clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.identity import Caller
from tasktracker_ops.adapters.aws.session import AwsError, AwsSession
from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.models.doctor import Check

RunCheck = Callable[[Any, str], Check]
REPORT = SimpleNamespace(doing=lambda what: None)
ACCOUNT, OTHER = "123456789012", "210987654321"
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/run"


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (-90, "warning"), (400, "failed")])
def test_the_clock_is_compared_with_the_targets(
    run_check: RunCheck, server: Any, seconds: int, state: str
) -> None:
    """By the Date of an unsigned request, so that it works with a wrong clock, too."""
    server.will_answer(302, Date=format_datetime(datetime.now(UTC) + timedelta(seconds=seconds)))
    session = AwsSession(
        AwsEnvironment(
            "eu-west-3", server.url, access_key_id="a", secret_access_key="b", sealed=True
        )
    )
    found = run_check(SimpleNamespace(report=REPORT, session=session), "clock")
    assert found.state == state
    assert "Authorization" not in server.asked[0].headers


def test_the_policies_of_a_session_are_those_of_its_role() -> None:
    """A user has its own."""
    assert Caller(ACCOUNT, ROLE).policy_source == f"arn:aws:iam::{ACCOUNT}:role/deployer"
    user = f"arn:aws:iam::{ACCOUNT}:user/ann"
    assert Caller(ACCOUNT, user).policy_source == user


def app(observed: Any, arn: str) -> Any:
    """Return an application of a deployment, whose credentials are those of `arn`."""
    identity = {"Account": arn.split(":")[4], "Arn": arn}
    client = SimpleNamespace(get_caller_identity=lambda: identity)
    observed.session = SimpleNamespace(client=lambda service: client, partition="aws")
    observed.report = REPORT
    observed.deployments.get_with_state_record = lambda: (observed.deployments.get(), None)
    return observed


def test_another_account_is_named(run_check: RunCheck, observed: Any) -> None:
    """And the root user is a warning."""
    assert run_check(app(observed, ROLE), "account").state == "ok"
    other = run_check(app(observed, ROLE.replace(ACCOUNT, OTHER)), "account")
    assert (other.state, OTHER in other.detail, ACCOUNT in other.detail) == ("failed", True, True)
    assert run_check(app(observed, ROLE), "credentials").state == "ok"
    assert (
        run_check(app(observed, f"arn:aws:iam::{ACCOUNT}:root"), "credentials").state == "warning"
    )


def test_what_is_denied_is_listed_by_command(run_check: RunCheck, observed: Any) -> None:
    """Where IAM may not be asked, or does not simulate, the check is skipped."""
    here = app(observed, ROLE)

    def deny(principal: str, actions: list[str], resource: str) -> tuple[str, ...]:
        assert (principal, resource.startswith(("arn:", "*"))) == (
            Caller("", ROLE).policy_source,
            True,
        )
        return tuple(each for each in actions if each == "lambda:PublishVersion")

    here.iam = SimpleNamespace(denied_actions=lambda *_: ())
    assert run_check(here, "permissions").detail == "every command is allowed"
    here.iam.denied_actions = deny
    found = run_check(here, "permissions")
    assert (found.state, found.detail.endswith("deploy --code: lambda:PublishVersion")) == (
        "warning",
        True,
    )
    denied = ConfigurationError("aws-access-denied", "may not", hint="whose: aws sts")
    for error in (denied, AwsError("simulating", "NotImplemented", "no")):
        here.iam.denied_actions = lambda *_, error=error: (_ for _ in ()).throw(error)
        assert run_check(here, "permissions").state == "skipped"
