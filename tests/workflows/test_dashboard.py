"""Pictures of the deployed dashboard: the page's content, the alarms on it, the files."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.dashboards import read
from tasktracker_ops.models.alarm import AlarmEvent
from tasktracker_ops.models.dashboard import DashboardPage, Series
from tasktracker_ops.models.times import epoch_timestamp, time_window
from tasktracker_ops.workflows.dashboard import draw, firing_periods, images
from tests.alarm import TOPIC, alarm_on_errors

NOW = 1_800_000_030.0
WINDOW = time_window(NOW, 3600)
ALARM = alarm_on_errors(reason="", dimensions={"FunctionName": "f"})


def change(old: str, new: str, *, seconds_ago: float) -> AlarmEvent:
    """Return a transition of the alarm."""
    at = epoch_timestamp(NOW - seconds_ago)
    return AlarmEvent("LambdaErrorAlarm", at, "StateUpdate", "", old, new, "")


@pytest.mark.parametrize(
    ("state", "history", "expected"),
    [
        ("OK", [], []),
        ("ALARM", [], [(epoch_timestamp(WINDOW.start), None)]),
        ("ALARM", [("OK", "ALARM", 60)], [(epoch_timestamp(NOW - 60), None)]),
        ("OK", [("ALARM", "OK", 60)], [(epoch_timestamp(WINDOW.start), epoch_timestamp(NOW - 60))]),
        (
            "OK",
            [("ALARM", "OK", 60), ("OK", "ALARM", 120), ("ALARM", "OK", 300), ("OK", "ALARM", 600)],
            [
                (epoch_timestamp(NOW - 600), epoch_timestamp(NOW - 300)),
                (epoch_timestamp(NOW - 120), epoch_timestamp(NOW - 60)),
            ],
        ),
        (
            "INSUFFICIENT_DATA",
            [("ALARM", "INSUFFICIENT_DATA", 60), ("OK", "ALARM", 120)],
            [(epoch_timestamp(NOW - 120), epoch_timestamp(NOW - 60))],
        ),
    ],
)
def test_an_alarm_fires_from_one_transition_to_the_next(
    state: str, history: list[tuple[str, str, float]], expected: list[tuple[str, str | None]]
) -> None:
    """From the window's start if it fired before; the last end is None if it still fires."""
    events = [change(old, new, seconds_ago=ago) for old, new, ago in history]
    other = AlarmEvent("LambdaErrorAlarm", epoch_timestamp(NOW), "Action", "done")
    assert list(firing_periods(replace(ALARM, state=state), [other, *events], WINDOW)) == expected


def answer(groups: Any, *, start: float, end: float) -> Any:
    """Return one point for each query, as CloudWatch answers."""
    found = [{query.id: [Series(query.id, {start: 1.0})] for query in group} for group in groups]
    return SimpleNamespace(groups=found, messages=(), refusals={})


def make_app(*widgets: Any) -> Any:
    """Return an application with a dashboard of some widgets, whose lines all have one point."""
    body = json.dumps({"widgets": widgets})
    deployment = SimpleNamespace(
        dashboard_name="board",
        region="eu-west-3",
        topic_arn=TOPIC,
        alarm_names=("LambdaErrorAlarm",),
    )
    return SimpleNamespace(
        dashboards=SimpleNamespace(
            get=lambda name: read(name, body), image=lambda widget, **_: b"PNG"
        ),
        deployments=SimpleNamespace(get=lambda: deployment),
        metric_data=SimpleNamespace(get=answer),
        alarms=SimpleNamespace(get=lambda names: (ALARM,), history=lambda name, since: ()),
        session=SimpleNamespace(environment=SimpleNamespace(region="eu-west-3")),
        report=SimpleNamespace(doing=lambda what: None, note=lambda what: None),
        target=SimpleNamespace(label="AWS in eu-west-3"),
        settings=SimpleNamespace(environ={}),
    )


def widget(*rows: Any, **properties: Any) -> dict[str, Any]:
    """Return a metric widget of a dashboard's body."""
    return {"type": "metric", "properties": {"metrics": rows, **properties}}


def drawn_page(app: Any, file: Path) -> DashboardPage:
    """Return what is rendered when the page is written to `file`."""
    pages: list[DashboardPage] = []

    def render(page: DashboardPage) -> str:
        pages.append(page)
        return "<html>"

    draw(app, WINDOW, render, file=file, show=False)
    return pages[0]


def test_an_alarm_is_shown_with_exactly_the_metric_it_watches(tmp_path: Path) -> None:
    """Another function's errors are another metric."""
    app = make_app(
        widget(
            ["AWS/Lambda", "Errors", "FunctionName", "f"],
            ["AWS/Lambda", "Errors", "FunctionName", "g"],
            ["AWS/Lambda", "Duration", "FunctionName", "f"],
        )
    )
    page = drawn_page(app, tmp_path / "page.html")
    assert [trace.alarms for trace in page.panels[0].traces] == [("LambdaErrorAlarm",), (), ()]
    assert (page.title, page.target, page.account) == ("board", "AWS in eu-west-3", "123456789012")


def test_every_widget_has_a_panel(tmp_path: Path) -> None:
    """Also a text, and one whose metrics are in another region."""
    row = ["N", "M"]
    app = make_app(
        {"type": "text", "properties": {"markdown": "Hi"}}, widget(row), widget(row, region="x")
    )
    panels = drawn_page(app, tmp_path / "page.html").panels
    assert [len(panel.traces) for panel in panels] == [0, 1, 0]


def test_a_number_for_the_whole_time_is_queried_as_one_period(tmp_path: Path) -> None:
    """CloudWatch calls it setPeriodToTimeRange."""
    app = make_app(widget(["N", "M"], view="singleValue", setPeriodToTimeRange=True))
    page = drawn_page(app, tmp_path / "page.html")
    assert page.panels[0].traces[0].period == WINDOW.length


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """A link is kept, the mode is that of a new file, and no temporary file is left."""
    real, link = tmp_path / "real.html", tmp_path / "page.html"
    real.write_text("old and much longer than what comes")
    link.symlink_to(real)
    result = draw(make_app(), WINDOW, lambda page: "<html>", file=link, show=False)
    assert real.read_text() == "<html>"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["page.html", "real.html"]
    assert stat.S_IMODE(real.stat().st_mode) & 0o600 == 0o600
    assert (result.files, result.url) == ((str(link),), real.as_uri())


def test_a_widget_that_cannot_be_evaluated_shows_the_problem(tmp_path: Path) -> None:
    """The others are drawn."""
    app = make_app(widget(["N", "M"]), widget([{"expression": "nope(", "id": "q"}], title="Bad"))
    answer = SimpleNamespace(groups=[{}, {}], messages=(), refusals={1: "Error in 'q'"})
    app.metric_data = SimpleNamespace(get=lambda groups, start, end: answer)
    good, bad = drawn_page(app, tmp_path / "page.html").panels
    assert good.problem is None
    assert bad.problem is not None
    assert "'Bad'" in bad.problem.message


@pytest.mark.parametrize("name", ["gone/page.html", "."])
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    """As on the command line; no temporary file is left."""
    with pytest.raises(OSError, match="directory") as caught:
        draw(make_app(), WINDOW, lambda page: "", file=tmp_path / name, show=False)
    assert caught.value.filename == str(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_written_to() -> None:
    """It is not replaced by a file."""
    null = Path("/dev/null")
    draw(make_app(), WINDOW, lambda page: "<html>", file=null, show=False)
    assert null.is_char_device()


def test_without_a_file_the_page_is_private_and_kept() -> None:
    """The browser reads it after the command has ended; here there is no display for one."""
    result = draw(make_app(), WINDOW, lambda page: "<html>", file=None, show=True)
    file = Path(result.files[0])
    assert file.read_text() == "<html>"
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert not result.opened
    file.unlink()
    file.parent.rmdir()


def test_each_metric_widget_is_an_image(tmp_path: Path) -> None:
    """A single one has the name of the file, several have numbers; other widgets are skipped."""
    row = ["N", "M"]
    text = {"type": "text", "properties": {"markdown": "Hi"}}
    far, alarm = widget(row, region="us-east-1"), widget(annotations={"alarms": ["arn"]})
    one = images(make_app(far, widget(row), text, alarm), WINDOW, file=tmp_path / "one.png")
    two = images(make_app(widget(row), text, widget(row)), WINDOW, file=tmp_path / "two.png")
    assert [Path(file).name for file in one.files] == ["one.png"]
    assert [Path(file).name for file in two.files] == ["two-1.png", "two-2.png"]
    assert (tmp_path / "two-2.png").read_bytes() == b"PNG"
