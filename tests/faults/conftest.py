"""Faults during a deploy, each injected into real runs of `tt-ops` on an emulator of its own.

- `first`: an account with a state backend, and nothing deployed.
- `deployed`: an account with a deployment and a task, which tests share as long as they pass.

Some faults run in `soak`, more in `extended`, all by `make faults`, which writes the table of
docs/reliability.md from the results: each test names the row that it belongs to.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.e2e.conftest import ROOT

from . import proxy
from .account import Account

# Beginnings of test ids: what shows the most for its time.
IN_SOAK = (
    "test_kills.py::test_first_deploy[all-CreateFunction]",
    "test_signals.py::test_signal[SIGINT-apply]",
    "deployed/test_releases.py::test_release[shifted]",
    "deployed/test_state.py::test_state_is_lost[everything]",
    "deployed/test_lock.py::test_slow_holder_keeps_its_lock",
)
IN_EXTENDED = (
    "test_answers.py::test_answer_is_cut[CreateApi]",
    "test_answers.py::test_call_is_refused[PutItem *-md5]",
    "deployed/test_state.py::test_state_is_lost",
    "test_sequences.py::test_short_sequence",
)
REPORT = ROOT / "build" / "faults.json"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the faults by the set that they run in; tell each its row."""
    for item in items:
        if marker := item.get_closest_marker("row"):
            item.user_properties += _row(item, marker.args[0])
        name = item.nodeid.rpartition("tests/faults/")[2]
        if name == item.nodeid:
            continue
        extended = "extended" if name.startswith(IN_EXTENDED) else "faults"
        item.add_marker("soak" if name.startswith(IN_SOAK) else extended)


def _row(item: pytest.Item, title: str) -> list[tuple[str, Any]]:
    """Return the row of docs/reliability.md that a test belongs to."""
    parameters = getattr(item, "callspec", None)
    happens = (item.obj.__doc__ or "").partition("\n")[0]
    row = title.format(**(parameters.params if parameters else {}))
    return [("row", row), ("happens", happens), ("figures", {})]


class _Report:
    """Collects results in the process that has all of them, and writes them at the end."""

    def __init__(self) -> None:
        self.cases: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = dict(report.user_properties)
        is_result = report.when == "call" or report.outcome == "failed"
        if is_result and "row" in properties:
            case = {**properties, "test": report.nodeid, "passed": report.passed}
            self.cases.append({**case, "skipped": report.skipped, "took": report.duration})

    def pytest_sessionfinish(self) -> None:
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
        ).stdout.strip()
        cases = {case["test"]: case for case in [*_earlier_cases(commit), *self.cases]}
        content = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": commit}
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(json.dumps({**content, "cases": [*cases.values()]}, indent=1))


def _earlier_cases(commit: str) -> list[dict[str, Any]]:
    """Return the results of earlier runs of the same commit: a long run may be made in parts."""
    if not REPORT.exists():
        return []
    report: dict[str, Any] = json.loads(REPORT.read_text())
    cases: list[dict[str, Any]] = report["cases"] if report["commit"] == commit else []
    return cases


def pytest_configure(config: pytest.Config) -> None:
    """Collect the results of a run of this folder alone."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Report())


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> dict[str, float]:
    """Return the figures of the test's row, to be filled."""
    found: dict[str, float] = dict(request.node.user_properties).get("figures", {})
    return found


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Make the account of `first`."""
    account = Account(tmp_path_factory.mktemp("first"), proxy.start())
    yield account
    account.close()


@pytest.fixture
def first(machine: Account, figures: dict[str, float]) -> Account:
    """Return an account with a state backend, and nothing deployed."""
    machine.open()
    machine.figures = figures
    return machine


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Account]]:
    """Make the account of `deployed`."""
    account = Account(tmp_path_factory.mktemp("deployed"), proxy.start())
    yield {"opened": account}
    account.close()


@pytest.fixture
def deployed(shared: dict[str, Account], figures: dict[str, float]) -> Iterator[Account]:
    """Return an account with a deployment and a task; a test that fails leaves no account."""
    account = shared["opened"]
    if not shared.pop("healthy", None):
        account.open()
        account.succeed("deploy", "--yes")
        account.add_task("keep me")
    account.figures = figures
    yield account
    account.proxy.clear()
    try:
        account.require_deployed()
    except Exception:
        return
    shared["healthy"] = account
