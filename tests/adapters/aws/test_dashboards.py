"""Dashboards, read from their bodies, and images of their widgets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.dashboards import Dashboards, read
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.dashboard import Annotation, Metric, Widget


def widgets(*content: Any) -> tuple[Widget, ...]:
    """Return the widgets of a body."""
    return read("board", json.dumps({"widgets": content})).widgets


def metric_widget(*metrics: Any, **properties: Any) -> Widget:
    """Return the one metric widget of a body."""
    return widgets({"type": "metric", "properties": {"metrics": metrics, **properties}})[0]


def test_line_inherits_from_its_widget() -> None:
    """Statistic, period and region are inherited; the defaults are Average and 300 s."""
    row = ["AWS/Lambda", "Errors", "FunctionName", "f"]
    options = {"stat": "Sum", "period": 60, "label": "all", "color": "#d62728", "yAxis": "right"}
    bare, full = metric_widget(row, [*row, {**options, "id": "m1", "visible": False}]).lines
    assert bare.metric == Metric("AWS/Lambda", "Errors", (("FunctionName", "f"),))
    assert (bare.statistic, bare.period, bare.label, bare.region) == ("Average", 300, None, None)
    assert (bare.visible, bare.right, bare.color) == (True, False, None)
    assert (full.statistic, full.period, full.label, full.id) == ("Sum", 60, "all", "m1")
    assert (full.visible, full.right, full.color) == (False, True, "#d62728")
    line = metric_widget(row, stat="p95", period=60, region="eu-west-1").lines[0]
    assert (line.statistic, line.period, line.region) == ("p95", 60, "eu-west-1")


def test_abbreviated_rows_repeat_the_row_above() -> None:
    """`.` repeats one value, `...` all that fit; a row with an expression is skipped."""
    found = metric_widget(
        ["AWS/EC2", "DiskReadBytes", "InstanceId", "i-1"],
        [".", "DiskWriteBytes", ".", "."],
        ["...", "i-2"],
        [{"expression": "SUM(METRICS())"}],
        ["...", {"stat": "p90"}],
        [".", ".", "AutoScalingGroupName", "a", "Zone", "z"],
        [".", "...", "y"],
        ["AWS/EC2", "Idle", {}],
    )
    assert [
        line.metric and (line.metric.name, *line.metric.dimensions) for line in found.lines
    ] == [
        ("DiskReadBytes", ("InstanceId", "i-1")),
        ("DiskWriteBytes", ("InstanceId", "i-1")),
        ("DiskWriteBytes", ("InstanceId", "i-2")),
        None,
        ("DiskWriteBytes", ("InstanceId", "i-2")),
        ("DiskWriteBytes", ("AutoScalingGroupName", "a"), ("Zone", "z")),
        ("DiskWriteBytes", ("AutoScalingGroupName", "a"), ("Zone", "y")),
        ("Idle",),
    ]


def test_order_of_dimensions_does_not_matter() -> None:
    """Two rows with another order have the same metric."""
    one, other = metric_widget(["N", "M", "A", "1", "B", "2"], ["N", "M", "B", "2", "A", "1"]).lines
    assert one.metric == other.metric


def test_annotations_are_lines_and_bands() -> None:
    """Over values or time; hidden ones are left out."""
    found = metric_widget(
        ["N", "M"],
        annotations={
            "horizontal": [
                {"value": 5, "label": "goal", "color": "#00ff00"},
                [{"value": 1, "label": "fine", "yAxis": "right"}, {"value": 2}],
                {"value": 9, "visible": False},
            ],
            "vertical": [[{"value": "2026-01-01T00:00:00Z"}, {"value": "2026-01-02T00:00:00Z"}]],
        },
    )
    assert found.annotations == (
        Annotation("left", 5.0, None, "goal", "#00ff00"),
        Annotation("right", 1.0, 2.0, "fine", None),
        Annotation("time", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", None, None),
    )


def test_other_widgets_keep_their_content() -> None:
    """Text, query or alarms, with their titles."""
    text, log, alarm = widgets(
        {"type": "text", "properties": {"markdown": "# Hello"}},
        {"type": "log", "properties": {"title": "Slow", "query": "fields @message"}},
        {"type": "alarm", "properties": {"title": "All", "alarms": ["arn:a", "arn:b"]}},
    )
    assert (text.kind, text.text) == ("text", "# Hello")
    assert (log.title, log.text, log.lines) == ("Slow", "fields @message", ())
    assert (alarm.title, alarm.alarms) == ("All", ("arn:a", "arn:b"))
    shown = widgets({"type": "metric", "properties": {"annotations": {"alarms": ["arn:a"]}}})
    assert shown[0].alarms == ("arn:a",)


def test_widgets_without_a_position_are_placed_in_rows() -> None:
    """Each row is 24 columns wide, as on CloudWatch."""
    plain = {"type": "text", "width": 10, "height": 4}
    placed = widgets({**plain, "x": 2, "y": 1}, plain, plain)
    assert [(w.x, w.y, w.width, w.height) for w in placed] == [
        (2, 1, 10, 4),
        (12, 1, 10, 4),
        (0, 5, 10, 4),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "{}",
        '{"widgets": [1]}',
        '{"widgets": [{"type": "metric", "properties": {"metrics": 1}}]}',
        '{"widgets": [{"type": "metric", "properties": {"metrics": [[]]}}]}',
        '{"widgets": [{"type": "metric", "properties": {"metrics": [["N"]]}}]}',
        '{"widgets": [{"type": "metric", "properties": {"metrics": [["."]]}}]}',
        '{"widgets": [{"type": "metric", "properties": {"metrics": [["N", "M", "D"]]}}]}',
        '{"widgets": [{"type": "text", "width": "wide"}]}',
    ],
)
def test_invalid_body_is_an_error(body: str) -> None:
    """Which CloudWatch itself does not accept; the message names the dashboard."""
    with pytest.raises(
        TtOpsError, match="the body of the dashboard 'board' is not valid"
    ) as caught:
        read("board", body)
    assert caught.value.code == "dashboard-unreadable"
    assert caught.value.hint.endswith(": tt-ops deploy")


@pytest.fixture
def cloudwatch(stub: Callable[[str], Stubber]) -> Stubber:
    """The stub of CloudWatch."""
    return stub("cloudwatch")


def test_missing_dashboard_is_an_error(session: AwsSession, cloudwatch: Stubber) -> None:
    """The message names dashboard and region."""
    cloudwatch.add_client_error("get_dashboard", "ResourceNotFound", "no", 404)
    with pytest.raises(TtOpsError) as caught:
        Dashboards(session).get("board")
    assert caught.value.code == "dashboard-missing"
    assert "'board' in eu-west-3" in caught.value.message


def test_image_is_drawn_by_cloudwatch(session: AwsSession, cloudwatch: Stubber) -> None:
    """At 60 pixels per grid unit, with at most 2,000 per side."""
    widget = replace(metric_widget(["N", "M"], title="Mine"), height=50)
    request = {
        "metrics": [["N", "M"]],
        "title": "Mine",
        "width": 360,
        "height": 2000,
        "start": "2026-01-01T00:00:00Z",
        "end": "2026-01-01T03:00:00Z",
        "period": 300,
    }
    cloudwatch.add_response(
        "get_metric_widget_image",
        {"MetricWidgetImage": b"\x89PNG"},
        {"MetricWidget": json.dumps(request)},
    )
    image = Dashboards(session).image(
        widget, start="2026-01-01T00:00:00Z", end="2026-01-01T03:00:00Z", period=300
    )
    assert image == b"\x89PNG"


@pytest.mark.parametrize("code", ["500", "501", "InternalFailure", "UnknownOperationException"])
def test_target_without_images_is_an_error(
    session: AwsSession, cloudwatch: Stubber, code: str
) -> None:
    """The hint writes the dashboard as a page."""
    cloudwatch.add_client_error("get_metric_widget_image", code)
    with pytest.raises(TtOpsError) as caught:
        Dashboards(session).image(metric_widget(["N", "M"]), start="", end="", period=None)
    assert caught.value.code == "widget-image-unavailable"
    assert caught.value.hint.endswith(": tt-ops dashboard --html dashboard.html")
