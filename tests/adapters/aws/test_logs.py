"""Log groups: events, AWS's clock, errors, and the access log of an API."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.logs import LogGroup, LogRecord, access_log_group
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.errors import ExitCode, TtOpsError

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
    """A log group of the session."""
    return LogGroup(session, "/aws/lambda/tracker")


def test_all_pages_of_events_are_read(stub: Stub, group: LogGroup) -> None:
    """An empty page with a token is not the last one."""
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
    """The event is read, with the same id every time; other emulators leave the id out."""
    event = {name: value for name, value in EVENT.items() if name not in missing}
    logs = stub("logs")
    for _ in range(2):
        logs.add_response("filter_log_events", {"events": [event]})
    (once,), (again,) = list(group.read(start=7)), list(group.read(start=9))
    assert once.event_id == again.event_id
    assert once.stream == event.get("logStreamName", "")
    assert once.message == event.get("message", "")
    assert once.timestamp == event.get("timestamp", event.get("ingestionTime", 7))


def test_events_without_an_id_are_distinguished(stub: Stub, group: LogGroup) -> None:
    """By time, stream and message."""
    plain = {name: value for name, value in EVENT.items() if name != "eventId"}
    events = [plain, {**plain, "timestamp": 2000}, {**plain, "message": "other"}]
    stub("logs").add_response("filter_log_events", {"events": events})
    assert len({record.event_id for record in group.read(start=0)}) == 3


def test_request_has_only_given_parameters(stub: Stub, group: LogGroup) -> None:
    """Its start is not before 1970."""
    stub("logs").add_response(
        "filter_log_events", {}, {"logGroupName": "/aws/lambda/tracker", "startTime": 0}
    )
    assert list(group.read(start=-5)) == []


@pytest.mark.parametrize(
    ("aws_code", "code", "message", "exit_code"),
    [
        (
            "ResourceNotFoundException",
            "log-group-missing",
            "there is no log group '/aws/lambda/tracker'",
            ExitCode.FAILED,
        ),
        ("InvalidParameterException", "filter-invalid", "'a@b'.*: No$", ExitCode.USAGE),
    ],
)
def test_a_missing_group_and_an_invalid_filter_are_named(
    stub: Stub, group: LogGroup, aws_code: str, code: str, message: str, exit_code: ExitCode
) -> None:
    """With CloudWatch's reason; all else is an error of AWS."""
    stub("logs").add_client_error("filter_log_events", aws_code, "No.", 400)
    with pytest.raises(TtOpsError, match=message) as caught:
        list(group.read(start=0, pattern="a@b"))
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code)


DAY = 86_400_000


def test_release_is_read_day_by_day(stub: Stub, session: AwsSession) -> None:
    """Its streams are named by the day they began, also the one before; events are in order."""
    log = LogGroup(session, "group", 12)
    logs = stub("logs")
    for day, times in (("01/01", (1, 4)), ("01/02", (2, 3)), ("01/03", ())):
        events = [{**EVENT, "eventId": str(at), "timestamp": at} for at in times]
        query = {"logStreamNamePrefix": f"1970/{day}/[12]", "filterPattern": "ERROR"}
        limits = {"logGroupName": "group", "startTime": DAY, "endTime": 2 * DAY}
        logs.add_response("filter_log_events", {"events": events}, {**limits, **query})
    found = log.read(start=DAY, end=2 * DAY, pattern="ERROR")
    assert [record.timestamp for record in found] == [1, 2, 3, 4]


def test_streams_of_a_release_are_read_by_name(stub: Stub, session: AwsSession) -> None:
    """CloudWatch takes names or a prefix."""
    query = {"logGroupName": "group", "startTime": 5, "logStreamNames": ["1970/01/01/[12]a"]}
    stub("logs").add_response("filter_log_events", {"events": [EVENT]}, query)
    log = LogGroup(session, "group", 12)
    assert len(list(log.read(start=5, streams=["1970/01/01/[12]a"]))) == 1


@pytest.mark.parametrize("ahead", [-3600, 0, 3600])
def test_clock_is_that_of_aws(stub: Stub, group: LogGroup, ahead: int) -> None:
    """The local clock may be wrong; one request is sent."""
    date = formatdate(time.time() + ahead, usegmt=True)
    answer = {"events": [], "ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    stub("logs").add_response("filter_log_events", answer)
    assert -2 < group.now() / 1000 - (time.time() + ahead) <= 0
    group.now()


def test_clock_is_local_without_a_date(stub: Stub, group: LogGroup) -> None:
    """An emulator may send no Date header."""
    stub("logs").add_response("filter_log_events", {"events": []})
    assert abs(group.now() / 1000 - time.time()) < 2
    group.now()


@pytest.mark.parametrize("end", ["", ":*"])
def test_access_log_is_that_of_the_stage(stub: Stub, session: AwsSession, end: str) -> None:
    """Its ARN may end with `:*`."""
    arn = f"arn:aws:logs:eu-west-3:123456789012:log-group:/aws/apigateway/tracker{end}"
    stub("apigatewayv2").add_response(
        "get_stage",
        {"StageName": "$default", "AccessLogSettings": {"DestinationArn": arn}},
        {"ApiId": "abc", "StageName": "$default"},
    )
    assert access_log_group(session, "abc") == "/aws/apigateway/tracker"


@pytest.mark.parametrize("exists", [True, False])
def test_stage_without_access_log_is_an_error(
    stub: Stub, session: AwsSession, exists: bool
) -> None:
    """And so is a missing stage; the message names stage and API."""
    if exists:
        stub("apigatewayv2").add_response("get_stage", {"StageName": "$default"})
    else:
        stub("apigatewayv2").add_client_error("get_stage", "NotFoundException", "No.", 404)
    with pytest.raises(TtOpsError, match=r"the stage '\$default' of the API 'abc'") as caught:
        access_log_group(session, "abc")
    assert caught.value.code == "access-log-missing"
