"""Checks of alarms, their subscribers and the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.session import AwsNotFound
from tasktracker_ops.adapters.aws.usage import Usage
from tasktracker_ops.models.doctor import Check
from tasktracker_ops.models.drill import DrillRecord
from tasktracker_ops.models.status import Subscription
from tasktracker_ops.models.times import timestamp
from tests.alarm import FREEZE

RunCheck = Callable[[Any, str], Check]


@pytest.fixture
def deployed(observed: Any) -> Any:
    """A healthy deployment with a public API."""
    observed.deployments.get_with_state_record = lambda: (observed.deployments.get(), None)
    observed.route = {"RouteKey": "$default", "AuthorizationType": "NONE"}
    observed.apis = SimpleNamespace(
        get=lambda api_id: object(),
        routes=lambda api_id: [observed.route],
        stages=lambda api_id: [
            {"DefaultRouteSettings": {"ThrottlingBurstLimit": 100, "ThrottlingRateLimit": 50}}
        ],
    )
    return observed


def test_alarms_exist_and_act(run_check: RunCheck, deployed: Any) -> None:
    """One that does not exist, and one with its actions disabled, are named together."""
    assert run_check(deployed, "alarms").state == "ok"
    deployed.found_alarms = [replace(deployed.found_alarms[0], actions_enabled=False)]
    found = run_check(deployed, "alarms")
    assert found.state == "failed"
    assert "'LambdaDurationAlarm' does not exist" in found.detail
    assert "LambdaErrorAlarm has its actions disabled" in found.detail


def test_a_mute_rule_is_a_warning(run_check: RunCheck, deployed: Any) -> None:
    """Somebody may have wanted it; the fix deletes it."""
    assert run_check(deployed, "mute rules").state == "ok"
    deployed.mutes = {"LambdaErrorAlarm": (FREEZE,)}
    found = run_check(deployed, "mute rules")
    assert (found.state, str(found.fix).endswith("--alarm-mute-rule-name freeze")) == (
        "warning",
        True,
    )


@pytest.mark.parametrize(
    ("days", "state"), [(None, "skipped"), (0, "ok"), (30, "ok"), (31, "warning")]
)
def test_an_old_proof_of_the_alarms_is_a_warning(
    run_check: RunCheck, deployed: Any, days: int | None, state: str
) -> None:
    """Where there is none, nothing is wrong yet."""
    if days is not None:
        at = timestamp(datetime.now(UTC) - timedelta(days=days, hours=1))
        deployed.drill_record = DrillRecord(at, "ada@desk", None, None, None, True, ())
    assert run_check(deployed, "drill").state == state


def test_somebody_is_subscribed(run_check: RunCheck, deployed: Any, pending: Subscription) -> None:
    """Pending is a warning, as after a first deploy; nobody, or no topic, is a failure."""
    gone = AwsNotFound("reading", "NotFound", "no")
    cases = (("warning", (pending,)), ("failed", ()), ("failed", gone))
    assert run_check(deployed, "subscription").state == "ok"
    for state, deployed.found_subscriptions in cases:
        assert run_check(deployed, "subscription").state == state


def test_an_api_that_is_gone_answers_404(run_check: RunCheck, deployed: Any) -> None:
    """One whose route was opened or closed by hand is drift."""
    assert run_check(deployed, "api").state == "ok"
    deployed.route["AuthorizationType"] = "AWS_IAM"
    assert run_check(deployed, "api").fix == "deploy it away: tt-ops deploy --allow-public"
    deployed.api_auth, deployed.route["AuthorizationType"] = "AWS_IAM", "NONE"
    assert run_check(deployed, "api").fix == "deploy it away: tt-ops deploy"
    deployed.apis.get = lambda api_id: None
    found = run_check(deployed, "api")
    assert (found.fix, "answers 404" in found.detail) == ("create it again: tt-ops deploy", True)


@pytest.mark.parametrize(
    ("status", "command"),
    [(200, None), (404, "deploy"), (403, "outputs"), (500, "logs --errors")],
)
def test_the_fix_of_an_unhealthy_api_depends_on_its_answer(
    run_check: RunCheck, deployed: Any, server: Any, status: int, command: str | None
) -> None:
    """A healthy one has none."""
    server.will_answer(status, "{}", content_type="application/json")
    fix = run_check(deployed, "api health").fix
    assert (fix and fix.rpartition(": tt-ops ")[2]) == command


def test_an_address_that_was_set_is_compared(run_check: RunCheck, deployed: Any) -> None:
    """It may be that of an API that is gone."""
    assert run_check(deployed, "api address").state == "ok"
    for url, state in ((f"{deployed.api_url}/", "ok"), ("http://127.0.0.1:9", "failed")):
        deployed.settings = replace(
            deployed.settings, api_url=url, origins={"api_url": "TT_OPS_API_URL"}
        )
        assert run_check(deployed, "api address").state == state


@pytest.mark.parametrize(
    ("quota", "rate", "command"),
    [
        (1000, 10000, None),
        (10, 10000, "aws service-quotas request-service-quota-increase"),
        (1000, 20, "export TF_VAR_api_throttle_rate=20"),
    ],
)
def test_the_throttle_is_compared_with_the_quotas(
    run_check: RunCheck, deployed: Any, quota: int, rate: float, command: str | None
) -> None:
    """A new account runs ten functions at once."""
    limits = {"AccountLimit": {"UnreservedConcurrentExecutions": quota}}
    client = SimpleNamespace(
        get_account_settings=lambda: limits,
        get_account=lambda: {"throttleSettings": {"rateLimit": rate}},
    )
    session: Any = SimpleNamespace(client=lambda service: client)
    deployed.usage = Usage(session)
    fix = run_check(deployed, "quotas").fix
    assert fix is None if command is None else f": {command}" in fix
