"""The status names every problem, and what cannot be read hides nothing else."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.session import AwsNotFound
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.alarm import Alarm
from tasktracker_ops.models.drill import DrillRecord
from tasktracker_ops.models.lock import DeployLock, StoredLock, TerraformLock
from tasktracker_ops.models.status import Subscription
from tasktracker_ops.workflows.status import status, watch
from tests.alarm import FREEZE


@pytest.fixture(autouse=True)
def health(server: Any) -> None:
    """The API is healthy."""
    server.will_answer(200, '{"status": "ok"}', content_type="application/json")


def codes(result: Any) -> list[str]:
    """Return the codes of the problems."""
    return [problem.code for problem in result.problems]


def test_a_healthy_service_has_no_problem(observed: Any, server: Any) -> None:
    """Everything is read; a public API is no problem."""
    result = status(observed)
    assert (result.healthy, result.problems) == (True, ())
    assert (result.api.healthy, result.api.status, result.api.public) == (True, 200, True)
    assert result.api.latency_ms > 0
    assert result.api.url == server.url
    assert result.function.version == "7"
    assert [each.name for each in result.alarms] == ["LambdaErrorAlarm", "LambdaDurationAlarm"]
    assert result.subscriptions[0].confirmed
    assert result.state_lock == TerraformLock(held=False)


def test_what_a_run_is_making_is_no_stray(observed: Any) -> None:
    """It is in no state until Terraform stores it; what a dead run left is a stray."""
    observed.apis.ours = lambda: (_ for _ in ()).throw(TtOpsError("read", "read", hint="x: y"))
    observed.lock = TerraformLock(held=True)
    assert codes(status(observed)) == []
    observed.lock = TerraformLock(held=False)
    assert codes(status(observed)) == ["read"]


def test_a_damaged_state_is_no_stray(observed: Any) -> None:
    """It is one problem, that of the state."""
    observed.state_files.read = lambda key: (_ for _ in ()).throw(
        TtOpsError("state-corrupted", "damaged", hint="repair it: tt-ops state repair")
    )
    assert codes(status(observed)) == []


def test_an_api_that_does_not_answer_hides_nothing(observed: Any) -> None:
    """AWS is still read."""
    observed.api_url = "http://127.0.0.1:9"
    result = status(observed)
    assert (result.healthy, codes(result)) == (False, ["api-unreachable"])
    assert (result.api.healthy, result.api.status, result.api.latency_ms) == (False, None, None)
    assert result.function is not None
    assert len(result.alarms) == 2


def test_a_failing_api_is_quoted(observed: Any, server: Any) -> None:
    """The hint leads to the function's log."""
    server.answers.clear()
    server.will_answer(500, '{"message":"Internal Server Error"}')
    result = status(observed)
    assert (result.healthy, codes(result), result.api.status) == (False, ["api-unhealthy"], 500)
    assert "Internal Server Error" in result.problems[0].message
    assert result.problems[0].hint.endswith(": tt-ops logs --errors")


@pytest.mark.parametrize(("auth", "healthy"), [("JWT", True), ("AWS_IAM", False), ("NONE", False)])
def test_an_api_with_jwt_is_healthy_without_a_token(
    observed: Any, server: Any, auth: str, healthy: bool
) -> None:
    """To a caller without one it answers 401."""
    server.answers.clear()
    server.will_answer(401, '{"message":"Unauthorized"}')
    observed.api_auth = auth
    result = status(observed)
    assert result.healthy == healthy
    assert all(problem.hint.endswith(": tt-ops outputs") for problem in result.problems)


def test_an_unconfirmed_subscription_is_a_warning(observed: Any, pending: Subscription) -> None:
    """It has the command that confirms; while no alarm fires, the service is healthy."""
    observed.found_subscriptions = (pending,)
    result = status(observed)
    assert (result.healthy, codes(result)) == (True, ["subscription-pending"])
    assert result.problems[0].hint == "confirm: aws confirm"


def test_a_topic_without_subscriptions_is_a_problem(observed: Any) -> None:
    """A deploy subscribes the address again."""
    observed.found_subscriptions = ()
    assert codes(status(observed)) == ["subscription-missing"]


def test_a_temporary_environment_has_no_subscription(observed: Any, alarm: Alarm) -> None:
    """Its alarms fire, and nobody was to be notified."""
    described = replace(observed.deployments.get(), temporary=True)
    observed.deployments.get = lambda: described
    observed.found_subscriptions = ()
    firing(observed, alarm)
    result = status(observed)
    assert (result.healthy, codes(result)) == (True, ["alarm-firing"])


def firing(observed: Any, alarm: Alarm, **changes: Any) -> None:
    """Make the alarm on errors fire."""
    observed.found_alarms[0] = replace(alarm, state="ALARM", **changes)


def test_an_alarm_that_notified_somebody_is_no_outage(observed: Any, alarm: Alarm) -> None:
    """It is a problem all the same; `--exit-code` makes it a failure."""
    firing(observed, alarm)
    result = status(observed)
    assert (result.healthy, codes(result)) == (True, ["alarm-firing"])
    assert result.problems[0].hint.endswith(": tt-ops logs --errors")


def test_an_alarm_on_duration_leads_to_the_whole_log(observed: Any, alarm: Alarm) -> None:
    """A slow function logs no errors."""
    firing(observed, alarm, metric="Duration")
    assert status(observed).problems[0].hint.endswith(": tt-ops logs")


def test_an_alarm_that_notified_nobody_makes_the_service_unhealthy(
    observed: Any, alarm: Alarm, pending: Subscription
) -> None:
    """The hint is the command that helps."""
    firing(observed, alarm)
    observed.found_subscriptions = (pending,)
    result = status(observed)
    assert (result.healthy, codes(result)) == (
        False,
        ["subscription-pending", "alarm-firing", "nobody-notified"],
    )
    assert "LambdaErrorAlarm fired and nobody was notified" in result.problems[2].message
    assert result.problems[2].hint == "confirm: aws confirm"


@pytest.mark.parametrize("change", [{"actions_enabled": False}, {"alarm_actions": ()}])
def test_an_alarm_without_actions_is_a_problem(
    observed: Any, alarm: Alarm, change: dict[str, Any]
) -> None:
    """Also before it fires, and whatever the subscriptions."""
    observed.found_alarms[0] = replace(alarm, **change)
    result = status(observed)
    assert (result.healthy, codes(result)) == (True, ["actions-disabled"])
    firing(observed, alarm, **change)
    result = status(observed)
    assert (result.healthy, codes(result)) == (
        False,
        ["actions-disabled", "alarm-firing", "nobody-notified"],
    )


def test_what_does_not_exist_is_named(observed: Any) -> None:
    """An alarm, the function and the topic were deleted by hand."""
    observed.found_alarms.pop()
    observed.function = AwsNotFound("looking at the function", "ResourceNotFoundException", "no")
    observed.found_subscriptions = AwsNotFound("reading the subscriptions", "NotFound", "no")
    result = status(observed)
    assert codes(result) == ["function-missing", "topic-missing", "alarm-missing"]
    assert "'LambdaDurationAlarm'" in result.problems[2].message
    assert (result.healthy, result.function, result.subscriptions) == (False, None, ())


def test_a_function_that_cannot_run_is_named(observed: Any) -> None:
    """Lambda reports its state as Failed."""
    observed.function = replace(observed.function, state="Failed")
    assert codes(status(observed)) == ["function-failed"]


def test_what_may_not_be_read_makes_the_service_unhealthy(observed: Any) -> None:
    """Access to one service may be denied; the others are shown."""
    denied = ConfigurationError("aws-access-denied", "may not", hint="whose: aws sts")
    observed.found_alarms = denied
    result = status(observed)
    assert (result.healthy, codes(result), result.alarms) == (False, ["aws-access-denied"], None)
    assert result.alarm_names == ("LambdaErrorAlarm", "LambdaDurationAlarm")
    assert result.subscriptions


def test_a_service_that_does_not_answer_hides_nothing(observed: Any) -> None:
    """It is a problem with its own code."""
    observed.found_subscriptions = TtOpsError("aws-unreachable", "no answer", hint="look: env")
    result = status(observed)
    assert (result.healthy, codes(result), len(result.alarms)) == (False, ["aws-unreachable"], 2)
    assert result.subscriptions is None


def test_a_cause_that_the_target_explains_is_one_problem(observed: Any) -> None:
    """Nothing answers, for the same reason."""
    lost = TtOpsError("aws-unreachable", "no answer", hint="look: env")
    observed.explained = TtOpsError("local-not-running", "it ended", hint="again: tt-ops deploy")
    observed.found_alarms = observed.found_subscriptions = observed.function = lost
    observed.api_url = "http://127.0.0.1:9"
    result = status(observed)
    assert (result.healthy, codes(result)) == (False, ["local-not-running"])


def test_a_missing_alarm_makes_the_service_unhealthy(observed: Any) -> None:
    """Nobody would be notified of a failure."""
    observed.found_alarms.pop()
    result = status(observed)
    assert (result.healthy, codes(result)) == (False, ["alarm-missing"])


def test_expired_credentials_are_one_error(observed: Any) -> None:
    """Nothing can be read with them."""
    observed.function = ConfigurationError("aws-credentials-expired", "expired", hint="aws sso")
    with pytest.raises(ConfigurationError, match="expired"):
        status(observed)


def test_watching_reads_the_status_again(observed: Any, server: Any) -> None:
    """All but the deployment's description is read each time."""
    result = list(islice(watch(observed, 0.05), 3))
    assert [each.healthy for each in result] == [True] * 3
    assert len(server.asked) == 3


def test_a_muted_alarm_is_a_problem(observed: Any) -> None:
    """The service itself is healthy."""
    observed.mutes = {"LambdaErrorAlarm": (FREEZE,)}
    result = status(observed)
    assert (result.healthy, codes(result)) == (True, ["alarm-muted"])


def test_the_last_proof_of_the_alarms_is_shown(observed: Any) -> None:
    """Where it may not be read, as with policies of an older version, nothing is wrong."""
    observed.drill_record = DrillRecord("2026-01-01T00:00:00.000Z", "", None, None, None, True, ())
    assert status(observed).alarms_proven_at == "2026-01-01T00:00:00.000Z"
    observed.drill_record = ConfigurationError("aws-access-denied", "no", hint="ask: aws sts")
    result = status(observed)
    assert (result.healthy, result.alarms_proven_at) == (True, None)


def test_mute_rules_that_may_not_be_read_make_the_service_unhealthy(observed: Any) -> None:
    """The alarms are shown all the same."""
    observed.mutes = ConfigurationError("aws-access-denied", "no", hint="ask: aws sts")
    result = status(observed)
    assert (result.healthy, codes(result)) == (False, ["aws-access-denied"])
    assert len(result.alarms) == 2


def test_the_release_that_serves_has_to_be_proven(observed: Any) -> None:
    """The hint is a deploy, which checks it again; while a run deploys it is doing that."""
    assert (status(observed).releases[0].outcome, codes(status(observed))) == ("proven", [])
    for outcome in ("unproven", "failed"):
        observed.release = replace(observed.release, outcome=outcome)
        problem = status(observed).problems[0]
        assert (problem.code, problem.hint[-15:]) == (f"release-{outcome}", ": tt-ops deploy")
    observed.function = replace(observed.function, version="$LATEST")
    assert codes(status(observed)) == ["release-missing"]
    lock = DeployLock("9e1c", "ann@desk", "desk", "deploy", "", "", commit="0a1b2c3")
    observed.deploy_lock = StoredLock(lock, "", 4)
    assert codes(status(observed)) == []


def test_a_release_without_a_record_is_unproven(observed: Any) -> None:
    """To those who may not read it, the outcome is unknown, and that is no problem."""
    observed.release = None
    assert codes(status(observed)) == ["release-unproven"]
    observed.release = ConfigurationError("aws-access-denied", "no", hint="see: aws configure list")
    assert (status(observed).releases[0].outcome, codes(status(observed))) == (None, [])


def test_both_releases_are_shown_while_one_bakes(observed: Any) -> None:
    """The alias shows which one bakes."""
    observed.routing = replace(observed.routing, canary="8", weight=0.1)
    canary = replace(observed.function, version="8", description="commit=0a1b2c3 dirty by=me@host")
    live = observed.function
    observed.function = {"live": live, "8": canary}
    first, second = status(observed).releases
    assert (first.release, first.weight, first.outcome) == ("7", 0.9, "proven")
    assert (second.release, second.weight, second.outcome) == ("8", 0.1, "baking")
    assert (second.commit, second.dirty, second.by) == ("0a1b2c3", True, "me@host")
