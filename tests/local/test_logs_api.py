"""CloudWatch Logs as its clients see it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

GROUPS = iter(range(1000))


@pytest.fixture
def group(aws: Any) -> str:
    """A log group with two streams of three events each, which alternate."""
    logs = aws.client("logs")
    name = f"/test/group-{next(GROUPS)}"
    logs.create_log_group(logGroupName=name)
    now = int(time.time() * 1000)
    for stream, first in (("a", 0), ("b", 1)):
        logs.create_log_stream(logGroupName=name, logStreamName=stream)
        logs.put_log_events(
            logGroupName=name,
            logStreamName=stream,
            logEvents=[
                {"timestamp": now + number, "message": f'{{"number": {number}}}'}
                for number in range(first, 6, 2)
            ],
        )
    return name


@pytest.fixture
def find(aws: Any, group: str) -> Callable[..., list[str]]:
    """Filter the group's events; returns the messages of one answer."""

    def filtered(**query: Any) -> list[str]:
        answer = aws.client("logs").filter_log_events(**{"logGroupName": group, **query})
        return [event["message"][-2] for event in answer["events"]]

    return filtered


def test_streams_interleave(find: Any) -> None:
    """In the order of time, whatever `interleaved` says."""
    assert find() == find(interleaved=False) == list("012345")


def test_a_pattern_of_json_is_evaluated(find: Any) -> None:
    """Every client gets what CloudWatch would give."""
    assert find(filterPattern="{ $.number >= 2 && $.number != 4 }") == list("235")
    assert find(filterPattern="%[01]}%") == list("01")


def test_streams_are_chosen(find: Any) -> None:
    """By their names or by a prefix."""
    assert find(logStreamNames=["b"]) == find(logStreamNamePrefix="b") == list("135")


def test_a_group_has_a_name_and_an_arn(aws: Any, group: str, find: Any) -> None:
    """FilterLogEvents takes one of them as an identifier."""
    found = aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    for identifier in (group, found["logGroupArn"]):
        answer = aws.client("logs").filter_log_events(logGroupIdentifier=identifier)
        assert len(answer["events"]) == 6


def test_pages_follow_each_other(aws: Any, group: str) -> None:
    """The last one has no token; ids are unique, and the same each time."""
    paginator = aws.client("logs").get_paginator("filter_log_events")

    def ids() -> list[str]:
        pages = paginator.paginate(logGroupName=group, PaginationConfig={"PageSize": 4})
        return [event["eventId"] for event in pages.search("events[]")]

    assert len(set(ids())) == 6
    assert ids() == ids()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"filterPattern": "{ $.a"}, "InvalidParameterException"),
        ({"filterPattern": "x" * 1025}, "InvalidParameterException"),
        ({"nextToken": "nonsense"}, "InvalidParameterException"),
        ({"logStreamNames": ["a"], "logStreamNamePrefix": "a"}, "InvalidParameterException"),
        ({"logGroupIdentifier": "too"}, "InvalidParameterException"),
        ({"limit": 10_001}, "InvalidParameterException"),
        ({"logStreamNames": ["none"]}, "ResourceNotFoundException"),
        ({"logGroupName": "none"}, "ResourceNotFoundException"),
    ],
    ids=str,
)
def test_a_wrong_request_is_refused(find: Any, query: dict[str, Any], code: str) -> None:
    """With AWS's own code."""
    with pytest.raises(ClientError) as caught:
        find(**query)
    assert caught.value.response["Error"]["Code"] == code


def test_a_stream_is_read_alone(aws: Any, group: str) -> None:
    """GetLogEvents and DescribeLogStreams know what was written."""
    logs = aws.client("logs")
    events = logs.get_log_events(logGroupName=group, logStreamName="a", startFromHead=True)
    assert [event["message"][-2] for event in events["events"]] == list("024")
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert [stream["lastEventTimestamp"] > 0 for stream in streams] == [True, True]


def test_a_published_version_shares_the_logs(aws: Any) -> None:
    """And copies none of them."""
    function = aws.function()
    function.do("say", text="before")
    function.update("def lambda_handler(event, context):\n    print('after')\n")
    function.invoke({})
    assert {"before\n", "after\n"} <= set(function.log())


READER = """
import base64, gzip, json

def lambda_handler(event, context):
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    for each in data["logEvents"]:
        print("got", each["message"])
"""


def test_a_subscription_gets_what_its_pattern_matches(aws: Any) -> None:
    """And a pattern that is none keeps nobody from writing."""
    logs, reader = aws.client("logs"), aws.function(READER)
    group = "/test/subscribed"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="a")
    for name, pattern in (("wanted", "{ $.number > 1 }"), ("wrong", "{ $.")):
        logs.put_subscription_filter(
            logGroupName=group,
            filterName=name,
            filterPattern=pattern,
            destinationArn=f"arn:aws:lambda:eu-west-3:123456789012:function:{reader.name}",
        )
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": f'{{"number": {number}}}'} for number in range(3)]
    logs.put_log_events(logGroupName=group, logStreamName="a", logEvents=events)
    assert [line for line in reader.log() if "number" in line] == ['got {"number": 2}\n']
