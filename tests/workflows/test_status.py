"""Whether the service is well: what is wrong is said, and hides nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.session import AwsNotFound
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.alarm import Alarm, AlarmEvent
from tasktracker_ops.models.status import Lock, Subscription, timestamp
from tasktracker_ops.workflows.status import status, watch

Make = Callable[..., AlarmEvent]


@pytest.fixture(autouse=True)
def health(server: Any) -> None:
    """The API is well, and stays so."""
    server.will_answer(200, '{"status": "ok"}', content_type="application/json")


def codes(seen: Any) -> list[str]:
    """The codes of what is wrong."""
    return [problem.code for problem in seen.problems]


def test_a_healthy_service_has_no_problem(observed: Any, server: Any) -> None:
    """All of it is seen; that the API is public is said, and no problem."""
    seen = status(observed)
    assert (seen.healthy, seen.problems) == (True, ())
    assert (seen.api.healthy, seen.api.status, seen.api.public) == (True, 200, True)
    assert seen.api.latency_ms > 0
    assert seen.api.url == server.url
    assert seen.function.version == "7"
    assert [each.name for each in seen.alarms] == ["LambdaErrorAlarm", "LambdaDurationAlarm"]
    assert seen.subscriptions[0].confirmed
    assert seen.lock == Lock(held=False)


def test_an_api_that_does_not_answer_hides_nothing(observed: Any) -> None:
    """The rest is asked of AWS."""
    observed.api_url = "http://127.0.0.1:9"
    seen = status(observed)
    assert (seen.healthy, codes(seen)) == (False, ["api-unreachable"])
    assert (seen.api.healthy, seen.api.status, seen.api.latency_ms) == (False, None, None)
    assert seen.function is not None
    assert len(seen.alarms) == 2


def test_an_api_that_fails_is_quoted(observed: Any, server: Any) -> None:
    """With the way to the function's words."""
    server.answers.clear()
    server.will_answer(500, '{"message":"Internal Server Error"}')
    seen = status(observed)
    assert (seen.healthy, codes(seen), seen.api.status) == (False, ["api-unhealthy"], 500)
    assert "Internal Server Error" in seen.problems[0].message
    assert seen.problems[0].hint.endswith(": tt-ops logs --errors")


@pytest.mark.parametrize(("auth", "well"), [("JWT", True), ("AWS_IAM", False), ("NONE", False)])
def test_an_api_that_wants_a_token_is_well_without_one(
    observed: Any, server: Any, auth: str, healthy: bool
) -> None:
    """We have none, and to strangers it shows itself so."""
    server.answers.clear()
    server.will_answer(401, '{"message":"Unauthorized"}')
    observed.api_auth = auth
    seen = status(observed)
    assert seen.healthy == healthy
    assert all(problem.hint.endswith(": tt-ops outputs") for problem in seen.problems)


def test_an_unconfirmed_subscription_is_a_warning(observed: Any, pending: Subscription) -> None:
    """With the command that helps; as long as no alarm fires, the service is well."""
    observed.found_subscriptions = (pending,)
    seen = status(observed)
    assert (seen.healthy, codes(seen)) == (True, ["subscription-pending"])
    assert seen.problems[0].hint == "confirm: aws confirm"


def test_nobody_is_subscribed(observed: Any) -> None:
    """A deploy subscribes the address again."""
    observed.found_subscriptions = ()
    assert codes(status(observed)) == ["subscription-missing"]


def firing(observed: Any, alarm: Alarm, **changes: Any) -> None:
    """Let the alarm on errors fire."""
    observed.found_alarms[0] = replace(alarm, state="ALARM", **changes)


def test_an_alarm_that_somebody_heard_leaves_the_service_well(observed: Any, alarm: Alarm) -> None:
    """It is said; `--exit-code` is for those who want more."""
    firing(observed, alarm)
    seen = status(observed)
    assert (seen.healthy, codes(seen)) == (True, ["alarm-firing"])
    assert seen.problems[0].hint.endswith(": tt-ops logs --errors")


def test_a_slow_function_logs_no_errors(observed: Any, alarm: Alarm) -> None:
    """An alarm on the duration leads to all that was logged."""
    firing(observed, alarm, metric="Duration")
    assert status(observed).problems[0].hint.endswith(": tt-ops logs")


def test_an_alarm_that_nobody_heard_does_not(
    observed: Any, alarm: Alarm, pending: Subscription
) -> None:
    """The command that helps comes with it."""
    firing(observed, alarm)
    observed.found_subscriptions = (pending,)
    seen = status(observed)
    assert (seen.healthy, codes(seen)) == (
        False,
        ["subscription-pending", "alarm-firing", "nobody-told"],
    )
    assert "LambdaErrorAlarm fired and nobody was told" in seen.problems[2].message
    assert seen.problems[2].hint == "confirm: aws confirm"


LATER = "2026-01-01T00:00:00.500Z"
FIRED = "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize("change", [{"actions_enabled": False}, {"alarm_actions": ()}])
def test_who_was_told_stays_told(
    observed: Any, alarm: Alarm, transition: Make, action: Make, change: dict[str, Any]
) -> None:
    """By the history, whatever the alarm would do now, which is a problem of its own."""
    firing(observed, alarm, **change)
    observed.histories = [(action(LATER), transition(FIRED, "OK", "ALARM"))]
    seen = status(observed)
    assert (seen.healthy, codes(seen)) == (True, ["alarm-muted", "alarm-firing"])


def test_who_was_not_told_stays_untold(
    observed: Any, alarm: Alarm, transition: Make, action: Make
) -> None:
    """Its actions failed, or were disabled when it fired; now it would tell somebody."""
    fired = transition(FIRED, "OK", "ALARM")
    for history in ((action(LATER, False), fired), (fired,)):
        firing(observed, alarm)
        observed.histories = [history]
        seen = status(observed)
        assert (seen.healthy, codes(seen)) == (False, ["alarm-firing", "nobody-told"])


def test_what_was_told_before_does_not_count(observed: Any, alarm: Alarm, action: Make) -> None:
    """Of the time it fired before; without its transition the history proves nothing."""
    firing(observed, alarm, actions_enabled=False)
    observed.histories = [(action("2025-12-31T23:00:00.000Z"),)]
    assert codes(status(observed)) == ["alarm-muted", "alarm-firing", "nobody-told"]


def test_an_action_may_take_a_moment(observed: Any, alarm: Alarm, transition: Make) -> None:
    """It is not in the history yet when the transition is."""
    now = timestamp(datetime.now(UTC))
    firing(observed, alarm, since=now)
    observed.histories = [(transition(now, "OK", "ALARM"),)]
    assert codes(status(observed)) == ["alarm-firing"]


def test_without_the_history_what_is_configured_counts(
    observed: Any, alarm: Alarm, pending: Subscription
) -> None:
    """Not everybody may read it."""
    observed.histories = [ConfigurationError("aws-access-denied", "may not", hint="aws sts")]
    firing(observed, alarm)
    assert codes(status(observed)) == ["alarm-firing"]
    observed.found_subscriptions = (pending,)
    assert codes(status(observed)) == ["subscription-pending", "alarm-firing", "nobody-told"]


@pytest.mark.parametrize("change", [{"actions_enabled": False}, {"alarm_actions": ()}])
def test_an_alarm_that_tells_nobody_is_named(
    observed: Any, alarm: Alarm, change: dict[str, Any]
) -> None:
    """Whoever has subscribed, and before it fires."""
    observed.found_alarms[0] = replace(alarm, **change)
    seen = status(observed)
    assert (seen.healthy, codes(seen)) == (True, ["alarm-muted"])
    firing(observed, alarm, **change)
    seen = status(observed)
    assert (seen.healthy, codes(seen)) == (False, ["alarm-muted", "alarm-firing", "nobody-told"])


def test_one_who_has_confirmed_is_enough(
    observed: Any, alarm: Alarm, pending: Subscription
) -> None:
    """The other is still a warning."""
    firing(observed, alarm)
    observed.found_subscriptions = (*observed.found_subscriptions, pending)
    seen = status(observed)
    assert (seen.healthy, codes(seen)) == (True, ["subscription-pending", "alarm-firing"])


def test_what_is_gone_is_named(observed: Any) -> None:
    """An alarm, the function, the topic: deleted by hand."""
    observed.found_alarms.pop()
    observed.function = AwsNotFound("looking at the function", "ResourceNotFoundException", "no")
    observed.found_subscriptions = AwsNotFound("reading the subscriptions", "NotFound", "no")
    seen = status(observed)
    assert codes(seen) == ["function-missing", "topic-missing", "alarm-missing"]
    assert "'LambdaDurationAlarm'" in seen.problems[2].message
    assert (seen.healthy, seen.function, seen.subscriptions) == (False, None, ())


def test_a_function_that_cannot_run_is_named(observed: Any) -> None:
    """Lambda calls it failed."""
    observed.function = replace(observed.function, state="Failed")
    assert codes(status(observed)) == ["function-failed"]


def test_what_may_not_be_seen_is_not_called_well(observed: Any) -> None:
    """One service may be closed to us, and the others are shown."""
    denied = ConfigurationError("aws-access-denied", "may not", hint="whose: aws sts")
    observed.found_alarms = denied
    seen = status(observed)
    assert (seen.healthy, codes(seen), seen.alarms) == (False, ["aws-access-denied"], None)
    assert seen.alarm_names == ("LambdaErrorAlarm", "LambdaDurationAlarm")
    assert seen.subscriptions


def test_a_service_that_does_not_answer_hides_nothing(observed: Any) -> None:
    """It is named with its code."""
    observed.found_subscriptions = TtOpsError("aws-unreachable", "no answer", hint="look: env")
    seen = status(observed)
    assert (seen.healthy, codes(seen), len(seen.alarms)) == (False, ["aws-unreachable"], 2)
    assert seen.subscriptions is None


def test_what_the_target_can_explain_is_said_once(observed: Any) -> None:
    """Nothing answers, for one and the same reason."""
    lost = TtOpsError("aws-unreachable", "no answer", hint="look: env")
    observed.explained = TtOpsError("local-not-running", "it ended", hint="again: tt-ops deploy")
    observed.found_alarms = observed.found_subscriptions = observed.function = lost
    observed.api_url = "http://127.0.0.1:9"
    seen = status(observed)
    assert (seen.healthy, codes(seen)) == (False, ["local-not-running"])


def test_a_lost_alarm_is_not_well(observed: Any) -> None:
    """Nobody would hear of a failure."""
    observed.found_alarms.pop()
    seen = status(observed)
    assert (seen.healthy, codes(seen)) == (False, ["alarm-missing"])


def test_expired_credentials_are_one_error(observed: Any) -> None:
    """Nothing could be seen with them."""
    observed.function = ConfigurationError("aws-credentials-expired", "expired", hint="aws sso")
    with pytest.raises(ConfigurationError, match="expired"):
        status(observed)


def test_watching_looks_again(observed: Any, server: Any) -> None:
    """At everything, after the given time, and the deployment is asked for once."""
    seen = list(islice(watch(observed, 0.05), 3))
    assert [each.healthy for each in seen] == [True] * 3
    assert len(server.asked) == 3
