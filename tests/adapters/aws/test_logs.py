"""Log groups: pages, AWS's clock, refusals, and where an API's access log is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.logs import LogGroup, LogRecord, access_log_group
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment

EVENT = {
    "eventId": "1",
    "timestamp": 1000,
    "ingestionTime": 1001,
    "logStreamName": "stream",
    "message": "text\n",
}
Stub = Callable[[str], Stubber]


@pytest.fixture
def group(session: AwsSession) -> LogGroup:
    """A log group of that session."""
    return LogGroup(session, "/aws/lambda/tracker")


def test_events_come_page_by_page(stub: Stub, group: LogGroup) -> None:
    """An empty page with a token is not the last."""
    query = {
        "logGroupName": "/aws/lambda/tracker",
        "startTime": 5,
        "endTime": 9,
        "filterPattern": "ERROR",
        "logStreamNames": ["stream"],
    }
    logs = stub("logs")
    logs.add_response("filter_log_events", {"events": [], "nextToken": "next"}, query)
    logs.add_response("filter_log_events", {"events": [EVENT]}, {**query, "nextToken": "next"})
    found = group.read(start=5, end=9, pattern="ERROR", streams=["stream"])
    assert list(found) == [LogRecord("1", 1000, "stream", "text\n")]


@pytest.mark.parametrize("missing", [(name,) for name in EVENT] + [tuple(EVENT)])
def test_every_member_of_an_event_may_be_missing(
    stub: Stub, group: LogGroup, missing: tuple[str, ...]
) -> None:
    """Such an event is still read, and has the same id when it is read again."""
    event = {name: value for name, value in EVENT.items() if name not in missing}
    logs = stub("logs")
    for _ in range(2):
        logs.add_response("filter_log_events", {"events": [event]})
    (once,), (again,) = list(group.read(start=7)), list(group.read(start=9))
    assert once.event_id == again.event_id
    assert once.stream == event.get("logStreamName", "")
    assert once.message == event.get("message", "")
    assert once.timestamp == event.get("timestamp", event.get("ingestionTime", 7))


def test_events_without_an_id_are_told_apart(stub: Stub, group: LogGroup) -> None:
    """By their time, stream and message."""
    plain = {name: value for name, value in EVENT.items() if name != "eventId"}
    events = [plain, {**plain, "timestamp": 2000}, {**plain, "message": "other"}]
    stub("logs").add_response("filter_log_events", {"events": events})
    assert len({record.event_id for record in group.read(start=0)}) == 3


def test_nothing_is_asked_that_was_not_given(stub: Stub, group: LogGroup) -> None:
    """And no time before 1970."""
    stub("logs").add_response(
        "filter_log_events", {}, {"logGroupName": "/aws/lambda/tracker", "startTime": 0}
    )
    assert list(group.read(start=-5)) == []


@pytest.mark.parametrize(
    ("aws_code", "code", "exit_code"),
    [
        ("ResourceNotFoundException", "log-group-missing", ExitCode.FAILED),
        ("InvalidParameterException", "filter-invalid", ExitCode.USAGE),
        ("ExpiredTokenException", "aws-credentials-expired", ExitCode.CONFIGURATION),
        ("AccessDeniedException", "aws-access-denied", ExitCode.CONFIGURATION),
        ("ThrottlingException", "aws-throttled", ExitCode.FAILED),
    ],
)
def test_each_refusal_has_its_code(
    stub: Stub, group: LogGroup, aws_code: str, code: str, exit_code: ExitCode
) -> None:
    """A clear error in the user's terms."""
    stub("logs").add_client_error("filter_log_events", aws_code, "No.", 400)
    with pytest.raises(TtOpsError) as caught:
        list(group.read(start=0, pattern="{ $.a"))
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code)


def test_a_wrong_filter_is_quoted(stub: Stub, group: LogGroup) -> None:
    """With what CloudWatch says of it."""
    stub("logs").add_client_error(
        "filter_log_events", "InvalidParameterException", "Invalid filter pattern", 400
    )
    with pytest.raises(TtOpsError, match=r"'a@b'.*: Invalid filter pattern$"):
        list(group.read(start=0, pattern="a@b"))


@pytest.fixture
def elsewhere(server: Any) -> LogGroup:
    """A group of an AWS that is a local server."""
    environment = AwsEnvironment(
        region="eu-west-3",
        access_key_id="AKIDEXAMPLE",
        secret_access_key="example",
        endpoint_url=server.url,
        sealed=True,
    )
    return LogGroup(AwsSession(environment), "group")


@pytest.mark.parametrize("ahead", [-3600, 0, 3600])
def test_the_clock_is_that_of_aws(stub: Stub, group: LogGroup, ahead: int) -> None:
    """However wrong ours is, and never later; AWS is asked once."""
    date = formatdate(time.time() + ahead, usegmt=True)
    answer = {"events": [], "ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    stub("logs").add_response("filter_log_events", answer)
    assert -2 < group.now() / 1000 - (time.time() + ahead) <= 0
    group.now()


def test_without_a_date_the_clock_is_ours(stub: Stub, group: LogGroup) -> None:
    """As an emulator may answer."""
    stub("logs").add_response("filter_log_events", {"events": []})
    assert abs(group.now() / 1000 - time.time()) < 2
    group.now()


def test_a_throttled_call_is_repeated(server: Any, elsewhere: LogGroup) -> None:
    """By botocore, before anybody hears of it."""
    refusal = '{"__type": "ThrottlingException", "message": "Rate exceeded"}'
    for _ in range(2):
        server.will_answer(400, refusal)
    server.will_answer(200, json.dumps({"events": [EVENT]}))
    assert len(list(elsewhere.read(start=0))) == 1
    assert len(server.asked) == 3


@pytest.mark.parametrize("end", ["", ":*"])
def test_the_access_log_is_the_stages_destination(
    stub: Stub, session: AwsSession, end: str
) -> None:
    """The name in its ARN, which may end in :*."""
    arn = f"arn:aws:logs:eu-west-3:123456789012:log-group:/aws/apigateway/tracker{end}"
    stub("apigatewayv2").add_response(
        "get_stage",
        {"StageName": "$default", "AccessLogSettings": {"DestinationArn": arn}},
        {"ApiId": "abc", "StageName": "$default"},
    )
    assert access_log_group(session, "abc") == "/aws/apigateway/tracker"


def test_a_stage_without_access_log_is_told(stub: Stub, session: AwsSession) -> None:
    """By name."""
    stub("apigatewayv2").add_response("get_stage", {"StageName": "$default"})
    with pytest.raises(TtOpsError, match=r"no stage '\$default' of an API 'abc'") as caught:
        access_log_group(session, "abc")
    assert caught.value.code == "access-log-missing"


def test_a_stage_that_is_gone_is_told(stub: Stub, session: AwsSession) -> None:
    """As one that writes none."""
    stub("apigatewayv2").add_client_error("get_stage", "NotFoundException", "No.", 404)
    with pytest.raises(TtOpsError) as caught:
        access_log_group(session, "abc")
    assert caught.value.code == "access-log-missing"
