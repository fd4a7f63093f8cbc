"""Runs that are killed: Terraform ends in order, and the next run cleans up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tasktracker_ops.adapters.terraform.orphans import ProcessGroup
from tasktracker_ops.errors import TtOpsError

APPLY = """
import os, sys, threading
from dataclasses import replace
from pathlib import Path
from tasktracker_ops.adapters.terraform.runner import Runner
from tasktracker_ops.adapters.terraform.stack import Stack

executable, folder = sys.argv[1], Path(sys.argv[2])
stack = Stack(Runner(
    executable=Path(executable), directory=folder / "module", data_directory=folder / "data",
    backend={"path": str(folder / "terraform.tfstate")}, variables={}, environment=os.environ,
    report=lambda event: print(event.kind, event.address, flush=True), redact=str,
))
for _ in range(4):  # such as a heartbeat: no thread sends a signal of its own
    threading.Thread(target=threading.Event().wait, daemon=True).start()
with stack.planned() as saved:
    saved.apply()
"""
FIRST = 'resource "terraform_data" "first" {}\n'


@pytest.fixture
def applying(bench: Any) -> Iterator[subprocess.Popen[str]]:
    """Yield a process of its own that applies the waiting resource, which it has begun."""
    bench.write(FIRST + bench.waiting.replace("{\n", "{\n  input = terraform_data.first.id\n", 1))
    with subprocess.Popen(
        [sys.executable, "-c", APPLY, bench.terraform.path, bench.folder],
        env={**bench.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as driver:
        assert driver.stdout is not None
        assert any("started terraform_data.waiting" in line for line in driver.stdout)
        yield driver
        bench.release()
        driver.kill()


def wait_until(condition: Callable[[], Any], seconds: float = 10) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def run_folders(bench: Any) -> list[Path]:
    """Return the run folders, of live and of dead runs."""
    return sorted((bench.data / "runs").glob("*-*"))


def recorded(bench: Any) -> ProcessGroup:
    """Return the process group that a run has recorded."""
    group = ProcessGroup.read(next((bench.data / "runs").glob("*/*/process")))
    assert group is not None
    return group


def runs(pid: int) -> bool:
    """Return whether a process runs, and is no zombie."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def members(group: int) -> list[int]:
    """Return the processes of a group that run."""
    found = []
    for pid in psutil.pids():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(pid) == group and runs(pid):
                found.append(pid)
    return found


@contextmanager
def process_in(data_directory: Path) -> Iterator[int]:
    """Run a process of a session of its own, with a TF_DATA_DIR; yield its pid."""
    with subprocess.Popen(
        ["sleep", "60"],
        env={"PATH": os.environ["PATH"], "TF_DATA_DIR": str(data_directory)},
        start_new_session=True,
    ) as process:
        yield process.pid
        process.kill()


def leave(bench: Any, group: ProcessGroup) -> Path:
    """Leave a run folder as a run that was killed; return its saved plan."""
    folder: Path = bench.data / "runs" / "4711-1700000000"
    for part in ("command-x", "plan-x"):
        (folder / part).mkdir(parents=True)
    (folder / "owner").touch()
    group.write(folder / "command-x" / "process")
    plan = folder / "plan-x" / "plan"
    plan.write_text("secret")
    return plan


def cleaned_up(bench: Any) -> str:
    """Return what a recovery reported of the one run that was killed."""
    return str(bench.events[-1].message)


def test_terraform_ends_in_order_when_its_parent_is_killed(
    bench: Any, applying: subprocess.Popen[str]
) -> None:
    """Its state is saved and its lock released; the next run removes what is left, and goes on."""
    terraform = recorded(bench).leader.pid
    applying.kill()
    applying.wait()
    wait_until(lambda: not members(terraform))
    (output,) = (bench.data / "runs").glob("*/command-*/stdout")
    assert "Gracefully shutting down" in output.read_text()
    assert "Two interrupts" not in output.read_text()
    state = json.loads((bench.folder / "terraform.tfstate").read_text())
    assert {"first"} <= {each["name"] for each in state["resources"]}
    bench.stack().recover()
    assert f"Cleaned up after process {applying.pid} of " in cleaned_up(bench)
    assert cleaned_up(bench).endswith("which was killed")
    assert run_folders(bench) == []
    bench.release()
    stack = bench.stack()
    with stack.planned() as saved:
        saved.apply()
    assert stack.plan(bench.plan_file).empty
    assert run_folders(bench) == []


def test_live_run_is_not_touched(bench: Any, applying: subprocess.Popen[str]) -> None:
    """Neither its folder nor its Terraform."""
    bench.stack().recover()
    assert bench.events == []
    assert len(run_folders(bench)) == 1
    bench.release()
    assert applying.wait(20) == 0
    assert run_folders(bench) == []


def test_orphans_of_a_killed_terraform_are_ended(
    bench: Any, applying: subprocess.Popen[str]
) -> None:
    """When both are killed, the next run ends what Terraform had started."""
    group = recorded(bench)
    wait_until(lambda: len(members(group.leader.pid)) > 1)
    applying.send_signal(signal.SIGSTOP)  # or it would end them itself
    wait_until(lambda: psutil.Process(applying.pid).status() == psutil.STATUS_STOPPED)
    os.kill(group.leader.pid, signal.SIGKILL)
    applying.kill()
    applying.wait()
    assert members(group.leader.pid)
    bench.stack().recover()
    assert "; ended what it left running: " in cleaned_up(bench)
    wait_until(lambda: not members(group.leader.pid))
    assert run_folders(bench) == []


def test_terraform_that_is_still_ending_is_waited_for(
    bench: Any, applying: subprocess.Popen[str]
) -> None:
    """It has got its signal, and would give up its state at a second one."""
    terraform = recorded(bench).leader.pid
    os.kill(terraform, signal.SIGSTOP)
    applying.kill()
    applying.wait()
    reports: list[str] = []

    def report(event: Any) -> None:
        reports.append(event.message)
        if event.message.startswith("Waiting for Terraform"):
            os.kill(terraform, signal.SIGCONT)

    bench.stack(report=report).recover()
    assert str(terraform) in reports[0]
    assert "; ended what it left running: " in reports[1]
    assert (bench.folder / "terraform.tfstate").exists()
    assert not (bench.folder / ".terraform.tfstate.lock.info").exists()


@pytest.mark.parametrize(
    ("folder", "seconds", "is_ended"),
    [
        ("data", 60, False),  # its pid is used again: the process has another start
        ("other", 0, False),  # its TF_DATA_DIR is that of another stack
        # waits as long as Terraform may take to end in order
        pytest.param("data", 0, True, marks=pytest.mark.soak),
    ],
)
def test_only_the_recorded_group_is_ended(
    bench: Any, folder: str, seconds: int, is_ended: bool
) -> None:
    """A process with the recorded pid may be another's; the saved plan is removed in any case."""
    bench.write(FIRST)
    with process_in(bench.folder / folder) as pid:
        group = ProcessGroup.of(pid)
        assert group is not None
        leader = replace(group.leader, started=group.leader.started - seconds)
        plan = leave(bench, replace(group, leader=leader))
        bench.stack().recover()
        assert cleaned_up(bench).startswith("Cleaned up after process 4711 of ")
        assert cleaned_up(bench).endswith("running: 1" if is_ended else "which was killed")
        assert runs(pid) is not is_ended
    assert not plan.exists()


def test_state_that_a_killed_run_left_is_taken(bench: Any) -> None:
    """Terraform leaves it in the root module, where only its own run would look."""
    bench.write(FIRST)
    with process_in(bench.data) as pid:
        group = ProcessGroup.of(pid)
    assert group is not None
    leave(bench, group)
    (bench.module / "errored.tfstate").write_text("{}")
    bench.stack().recover()
    assert [p.name for p in bench.module.iterdir()] == ["main.tf"]
    assert (bench.data / "errored.tfstate").read_text() == "{}"


def test_killed_terraform_is_an_error_that_the_next_deploy_heals(bench: Any) -> None:
    """What it had started is ended at once."""
    bench.write(bench.waiting)
    ended: list[int] = []

    def report(event: Any) -> None:
        if event.kind == "started":
            group = recorded(bench)
            wait_until(lambda: len(members(group.leader.pid)) > 1)
            ended.extend(members(group.leader.pid))
            os.kill(group.leader.pid, signal.SIGKILL)

    with (
        pytest.raises(TtOpsError) as caught,
        bench.stack(report=report).planned() as saved,
    ):
        saved.apply()
    assert caught.value.code == "terraform-killed"
    assert "next deploy" in caught.value.message
    assert not any(map(runs, ended))
    assert run_folders(bench) == []
