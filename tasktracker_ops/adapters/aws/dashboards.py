"""CloudWatch dashboards as deployed, and CloudWatch's images of their widgets.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.dashboard import Annotation, Dashboard, Metric, Widget, WidgetLine

from .session import UNKNOWN_OPERATION, AwsError, AwsNotFound, AwsSession, aws_errors

COLUMNS = 24
_SIDE = 6
_PERIOD = 300
# Pixels per grid unit, and at most per side of an image
# (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Metric-Widget-Structure.html).
_PIXELS = 60
_MAX_PIXELS = 2000


class Dashboards:
    """Reads dashboards in the session's region."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def get(self, name: str) -> Dashboard:
        """Return the dashboard with that name.

        Raises TtOpsError `dashboard-missing`, or `dashboard-unreadable` for an invalid body.
        """
        try:
            with aws_errors(f"reading the dashboard {name!r}"):
                answer = self._session.client("cloudwatch").get_dashboard(DashboardName=name)
        except AwsNotFound:
            region = self._session.environment.region
            raise TtOpsError(
                "dashboard-missing",
                f"there is no dashboard {name!r} in {region}",
                hint="deploy it again: tt-ops deploy",
            ) from None
        return read(name, str(answer.get("DashboardBody")))

    def image(self, widget: Widget, *, start: str, end: str, period: int | None) -> bytes:
        """Return a metric widget from `start` to `end` (RFC 3339) as a PNG drawn by CloudWatch.

        Raises TtOpsError `widget-image-unavailable` on a target without GetMetricWidgetImage.
        """
        sides = {"width": widget.width, "height": widget.height}
        size = {side: min(units * _PIXELS, _MAX_PIXELS) for side, units in sides.items()}
        request = {**widget.properties, **size, "start": start, "end": end}
        if period is not None:
            request["period"] = period
        try:
            with aws_errors(f"drawing the widget {widget.title!r}"):
                answer = self._session.client("cloudwatch").get_metric_widget_image(
                    MetricWidget=json.dumps(request)
                )
        except AwsError as error:
            if error.aws_code not in UNKNOWN_OPERATION:
                raise
            raise TtOpsError(
                "widget-image-unavailable",
                "this target cannot draw widgets: it has no GetMetricWidgetImage",
                hint="write it as a page instead: tt-ops dashboard --html dashboard.html",
            ) from None
        return bytes(answer["MetricWidgetImage"])


def read(name: str, body: str) -> Dashboard:
    """Return the dashboard that a body describes. Raises TtOpsError `dashboard-unreadable`."""
    try:
        return Dashboard(name, tuple(_widgets(json.loads(body)["widgets"])))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # CloudWatch stores no such body, but another server may.
        raise TtOpsError(
            "dashboard-unreadable",
            f"the body of the dashboard {name!r} is not valid: {error!r}",
            hint="deploy it again: tt-ops deploy",
        ) from None


def _widgets(content: Sequence[Any]) -> Iterator[Widget]:
    # Widgets without a position are placed in rows, each as wide as the dashboard.
    column = row = next_row = 0
    for raw in content:
        width, height = (int(raw.get(side, _SIDE)) for side in ("width", "height"))
        if "x" in raw and "y" in raw:
            column, row = int(raw["x"]), int(raw["y"])
        elif column + width > COLUMNS:
            column, row = 0, next_row
        yield _widget(raw, (column, row, width, height))
        column, next_row = column + width, max(next_row, row + height)


def _widget(raw: Mapping[str, Any], position: tuple[int, int, int, int]) -> Widget:
    kind, properties = str(raw.get("type")), raw.get("properties", {})
    annotations = properties.get("annotations") or {}
    alarms = (*properties.get("alarms", ()), *annotations.get("alarms", ()))
    is_metric = kind == "metric"
    return Widget(
        kind,
        str(properties.get("title") or ""),
        *position,
        lines=tuple(_lines(properties)) if is_metric else (),
        annotations=tuple(_annotations(annotations)) if is_metric else (),
        alarms=tuple(map(str, alarms)),
        view=str(properties.get("view") or "timeSeries"),
        stacked=bool(properties.get("stacked")),
        whole=bool(properties.get("setPeriodToTimeRange")),
        limits={
            side: (_number(axis.get("min")), _number(axis.get("max")))
            for side, axis in properties.get("yAxis", {}).items()
        },
        text=str(properties.get("markdown") or properties.get("query") or ""),
        properties=properties,
    )


def _lines(properties: Mapping[str, Any]) -> Iterator[WidgetLine]:
    above: list[str] = []
    for number, row in enumerate(properties.get("metrics", ()), 1):
        has_options = isinstance(row[-1], dict)
        options, words = (row[-1], row[:-1]) if has_options else ({}, row)
        expression = options.get("expression")
        if expression is None:
            above = _expand(words, above)
        region = options.get("region") or properties.get("region")
        yield WidgetLine(
            metric=None if expression is not None else _metric(above, options),
            expression=None if expression is None else str(expression),
            id=str(options.get("id") or f"unnamed{number}"),
            label=_text(options.get("label")),
            statistic=str(options.get("stat") or properties.get("stat") or "Average"),
            period=int(options.get("period") or properties.get("period") or _PERIOD),
            visible=bool(options.get("visible", True)),
            region=_text(region),
            color=_text(options.get("color")),
            right=options.get("yAxis") == "right",
        )


def _expand(words: Sequence[Any], above: Sequence[str]) -> list[str]:
    """Replace `.` by the word in that place of the row above, and `...` by all words that fit."""
    full = [str(word) for word in words]
    if "..." in full:
        place = full.index("...")
        rest = len(full) - place - 1
        full[place : place + 1] = above[place : len(above) - rest]
    return [above[i] if word == "." else word for i, word in enumerate(full)]


def _metric(words: Sequence[str], options: Mapping[str, Any]) -> Metric:
    dimensions = zip(words[2::2], words[3::2], strict=True)
    account = options.get("accountId")
    return Metric(words[0], words[1], tuple(sorted(dimensions)), _text(account))


def _annotations(annotations: Mapping[str, Any]) -> Iterator[Annotation]:
    for mark in annotations.get("horizontal", ()):
        first, last = _ends(mark)
        if first.get("visible", True):
            axis = str(first.get("yAxis") or "left")
            value, until = _number(first.get("value")), _number(last.get("value"))
            if value is not None:
                yield Annotation(
                    axis, value, until, _text(first.get("label")), _text(first.get("color"))
                )
    for mark in annotations.get("vertical", ()):
        first, last = _ends(mark)
        if first.get("visible", True):
            start, end = str(first.get("value")), _text(last.get("value"))
            yield Annotation(
                "time", start, end, _text(first.get("label")), _text(first.get("color"))
            )


def _ends(mark: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the ends of an annotation; the second is empty unless it is a band."""
    first, last = mark if isinstance(mark, list) else (mark, {})
    return first, last


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
