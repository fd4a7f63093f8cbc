"""`metrics` and `dashboard`: their options, and a deployment without a dashboard."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import Result

from .conftest import KEYS, Run, error_of

HTML = ("dashboard", "--html", "a.html")


@pytest.fixture
def run(run: Run, endpoint: str, describe: Callable[..., None]) -> Run:
    """Run a command on a deployment of which only the description exists."""
    describe()
    no_browser = dict.fromkeys(("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"), "")
    return partial(run, "--output", "json", AWS_ENDPOINT_URL=endpoint, **KEYS, **no_browser)


def code(result: Result) -> tuple[int, str]:
    """Return the exit code and the code of the error."""
    return result.exit_code, error_of(result)["code"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("metrics", "--since", "15d"),
        ("metrics", "--since", "59s"),
        ("metrics", "--since", "soon"),
        ("metrics", "--period", "90s"),
        ("dashboard", "--html", "a.html", "--png", "a.png"),
        ("dashboard", "--open", "--console"),
        ("dashboard", "--open", "--png", "a.png"),
        ("dashboard", "--html", "."),
        ("dashboard", "--html", ""),
        ("dashboard", "--html", "-"),
        ("dashboard", "--png", ""),
    ],
    ids=" ".join,
)
def test_invalid_options_are_usage_errors(run: Run, arguments: tuple[str, ...]) -> None:
    """Durations have bounds, and no two outputs can be named."""
    assert code(run(*arguments)) == (2, "usage")


@pytest.mark.parametrize(
    "arguments",
    [("metrics",), HTML, ("dashboard", "--png", "a.png")],
    ids=" ".join,
)
def test_a_missing_dashboard_is_named(run: Run, arguments: tuple[str, ...], tmp_path: Path) -> None:
    """No file is written."""
    assert code(run(*arguments)) == (1, "dashboard-missing")
    assert list(tmp_path.iterdir()) == []


def test_the_console_needs_no_dashboard(run: Run) -> None:
    """Its address is printed if no browser can be opened."""
    result = run("dashboard", "--console")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["url"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "arguments", [("metrics",), HTML, ("dashboard",), ("dashboard", "--console")]
)
def test_reading_starts_no_emulator(run: Run, arguments: tuple[str, ...], project: Path) -> None:
    """A new emulator would not have a dashboard."""
    assert code(run("--target", "local", *arguments)) == (1, "local-not-running")
    assert not (project / ".tt-ops").exists()
