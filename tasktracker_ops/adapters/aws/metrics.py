"""CloudWatch's GetMetricData: many metrics, statistics and expressions in one call.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tasktracker_ops.models.dashboard import Query, Series

from .session import AwsError, AwsSession, aws_errors

MAX_QUERIES = 500
# An invalid query, and one that an emulator does not support.
_REFUSALS = {"ValidationError", "NotImplemented"}
# METRICS() means every metric of its call, and a call may hold one Metrics Insights query.
_OWN_CALL = re.compile(r"\bMETRICS\s*\(|^\s*SELECT\b", re.I)
_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\b[a-z]\w*""")


@dataclass(frozen=True)
class MetricAnswer:
    """The series of every group by query id (several for a search), and CloudWatch's messages.

    `refusals` has CloudWatch's reason for each group, by number, that it does not evaluate.
    """

    groups: Sequence[Mapping[str, list[Series]]]
    messages: tuple[str, ...]
    refusals: Mapping[int, str]


class MetricData:
    """Reads metrics in the session's region."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def get(self, groups: Sequence[Sequence[Query]], *, start: float, end: float) -> MetricAnswer:
        """Return the series in [start, end), seconds since the epoch.

        A group of queries is never split between two calls.
        """
        series: list[dict[str, list[Series]]] = [{} for _ in groups]
        messages: list[str] = []
        refusals: dict[int, str] = {}
        calls = _calls(groups)
        while calls:
            numbers = calls.pop(0)
            try:
                messages += self._read(groups, numbers, series, (start, end))
            except AwsError as error:
                if error.aws_code not in _REFUSALS:
                    raise
                if len(numbers) > 1:
                    # One such query fails the whole call.
                    calls = [[number] for number in numbers] + calls
                else:
                    refusals[numbers[0]] = error.aws_message
        return MetricAnswer(series, tuple(dict.fromkeys(messages)), refusals)

    def _read(
        self,
        groups: Sequence[Sequence[Query]],
        numbers: Sequence[int],
        series: Sequence[dict[str, list[Series]]],
        span: tuple[float, float],
    ) -> list[str]:
        """Add the series of one call's groups to `series`; return CloudWatch's messages."""
        messages: list[str] = []
        # Two groups of a call may use the same ids.
        prefixes = {n: f"g{n}_" if len(numbers) > 1 else "" for n in numbers}
        queries = [_request(q, groups[n], prefixes[n]) for n in numbers for q in groups[n]]
        places = {prefixes[n] + q.id: (n, q.id) for n in numbers for q in groups[n]}
        pages = self._session.client("cloudwatch").get_paginator("get_metric_data")
        start, end = (datetime.fromtimestamp(at, UTC) for at in span)
        with aws_errors("reading metrics"):
            answers = list(
                pages.paginate(
                    MetricDataQueries=queries,
                    StartTime=start,
                    EndTime=end,
                    ScanBy="TimestampAscending",
                )
            )
        for page in answers:
            messages += _messages(page)
            counts: Counter[str] = Counter()
            for result in page.get("MetricDataResults", []):
                messages += _messages(result)
                number, name = places[str(result["Id"])]
                _add(series[number].setdefault(name, []), result, place=counts[result["Id"]])
                counts[result["Id"]] += 1
        return messages


def _calls(groups: Sequence[Sequence[Query]]) -> list[list[int]]:
    """Return the numbers of the groups that go into each call."""
    shared: list[list[int]] = []
    separate: list[list[int]] = []
    room = 0
    for number, group in enumerate(groups):
        if any(query.expression and _OWN_CALL.search(query.expression) for query in group):
            separate.append([number])
        elif group:
            if len(group) > room:
                shared.append([])
                room = MAX_QUERIES
            shared[-1].append(number)
            room -= len(group)
    return shared + separate


def _request(query: Query, group: Sequence[Query], prefix: str) -> dict[str, Any]:
    """Return the query for GetMetricData, with `prefix` before the ids of its group."""
    content: dict[str, Any] = {"Id": prefix + query.id, "ReturnData": query.returned}
    if query.label is not None:
        content["Label"] = query.label
    if query.expression is not None:
        ids = {other.id for other in group}
        expression = _TOKEN.sub(
            lambda token: prefix + token[0] if token[0] in ids else token[0], query.expression
        )
        return {**content, "Expression": expression, "Period": query.period}
    assert query.metric is not None  # nosec B101 # for mypy: there is no expression
    if query.metric.account is not None:
        content["AccountId"] = query.metric.account
    dimensions = [{"Name": name, "Value": value} for name, value in query.metric.dimensions]
    metric = {"Namespace": query.metric.namespace, "MetricName": query.metric.name}
    return {
        **content,
        "MetricStat": {
            "Metric": {**metric, "Dimensions": dimensions},
            "Period": query.period,
            "Stat": query.statistic,
        },
    }


def _add(series: list[Series], result: Mapping[str, Any], *, place: int) -> None:
    """Add the values of a result, which is at `place` among those of its id on its page."""
    # A search returns many results under one id; only plain metrics continue on the next page.
    if place == len(series):
        series.append(Series(str(result.get("Label", ""))))
    times, values = result.get("Timestamps", []), result.get("Values", [])
    series[place].points |= {
        at.timestamp(): float(value) for at, value in zip(times, values, strict=True)
    }


def _messages(answer: Mapping[str, Any]) -> list[str]:
    return [str(message.get("Value")) for message in answer.get("Messages", [])]
