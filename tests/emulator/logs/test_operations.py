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


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, "012345"),
        ({"interleaved": False}, "012345"),
        ({"filterPattern": "{ $.number >= 2 && $.number != 4 }"}, "235"),
        ({"logStreamNames": ["b"]}, "135"),
        ({"logStreamNamePrefix": "b"}, "135"),
        ({"logStreamNamePrefix": "b2"}, ""),
    ],
    ids=str,
)
def test_events_are_found_by_pattern_and_stream(
    find: Any, query: dict[str, Any], numbers: str
) -> None:
    """In the order of time, whatever `interleaved` is."""
    assert find(**query) == list(numbers)


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
        ({"filterPattern": "%x%"}, "InvalidParameterException"),
        ({"logGroupIdentifier": "a"}, "NotImplemented"),
        ({"logStreamNamePrefix": "a", "logStreamNames": ["a"]}, "InvalidParameterException"),
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


def test_a_single_stream_can_be_read(aws: Any, group: str) -> None:
    """GetLogEvents and DescribeLogStreams know what was written."""
    logs = aws.client("logs")
    events = logs.get_log_events(logGroupName=group, logStreamName="a", startFromHead=True)
    assert [event["message"][-2] for event in events["events"]] == list("024")
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert [stream["lastEventTimestamp"] > 0 for stream in streams] == [True, True]


def test_a_published_version_shares_the_logs(aws: Any) -> None:
    """It copies none of them."""
    function = aws.function()
    function.do("say", text="before")
    function.update("def lambda_handler(event, context):\n    print('after')\n")
    function.invoke({})
    assert {"before\n", "after\n"} <= set(function.log())


def test_a_subscription_is_refused(aws: Any, group: str) -> None:
    """Nothing delivers log events."""
    with pytest.raises(ClientError, match="NotImplemented"):
        aws.client("logs").put_subscription_filter(
            logGroupName=group, filterName="f", filterPattern="", destinationArn="arn:aws:logs:x"
        )
