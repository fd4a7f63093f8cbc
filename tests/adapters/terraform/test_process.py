"""Child processes: signals are forwarded once, nothing is left running, output is read by line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.terraform import process

# A duration that no other process on this machine uses.
NAP = f"sleep 613.{os.getpid()}"
MODULE = """
resource "terraform_data" "quick" {}
resource "terraform_data" "slow" {
  input = terraform_data.quick.id
  provisioner "local-exec" {
    command = "if [ ! -e done ]; then echo $PPID > ../data/pid; exec NAP; fi"
  }
}
resource "terraform_data" "last" {
  input = terraform_data.slow.id
}
""".replace("NAP", NAP)

DRIVER = """
import json, os, signal, sys
from pathlib import Path
from tasktracker_ops.adapters.terraform.runner import Runner
from tasktracker_ops.adapters.terraform.stack import Stack
from tasktracker_ops.errors import TtOpsError

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup has it ignored
before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
executable, folder, wait_for = sys.argv[1:]
folder = Path(folder)

def report(event):
    print(json.dumps([event.kind, event.address, event.message]), flush=True)

stack = Stack(Runner(
    executable=Path(executable), directory=folder / "module", data_directory=folder / "data",
    backend={"path": str(folder / "terraform.tfstate")}, variables={},
    environment=os.environ, report=report, redact=str,
))
try:
    stack.plan(folder / "plan")
    stack.apply(folder / "plan")
except TtOpsError as error:
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    print(json.dumps(["error", error.code, error.message, error.hint, after == before]))
    sys.exit(error.exit_code)
"""

# Runs a command as a background job under nohup.
BACKGROUND = f"""
import os, signal, sys
from pathlib import Path
from tasktracker_ops.adapters.terraform import process

for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
outcome = process.run(
    ["sh", "-c", "echo started; exec {NAP}"], directory=Path("/"), environment=os.environ,
    output=Path(sys.argv[1]), on_start=lambda pid: None,
    on_line=lambda stream, line: print(line, flush=True), on_signal=lambda number: None,
)
print(outcome.interrupted, signal.getsignal(signal.SIGINT) is signal.SIG_IGN)
"""

# Counts its SIGINTs, and ends two seconds after the first.
SLOW_TERRAFORM = """#!{python}
import json, os, signal, sys, time
from pathlib import Path

count = 0

def on_signal(number, frame):
    global count
    count += 1

signal.signal(signal.SIGINT, on_signal)
if sys.argv[1] == "init":
    sys.exit(0)
if sys.argv[1] == "plan":
    sys.exit(2)
print(json.dumps({{"type": "log", "@message": "ready"}}), flush=True)
while not count:
    time.sleep(0.05)
end = time.monotonic() + 2
while time.monotonic() < end:
    time.sleep(0.05)
Path({count!r}).write_text(str(count))
sys.exit(1)
"""


@contextmanager
def driven(bench: Any, wait_for: str, executable: Path | None = None) -> Iterator[Any]:
    """Run plan and apply in a process of its own, up to a line with `wait_for`."""
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, executable or bench.terraform.path, bench.folder, wait_for],
        env={**bench.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert driver.stdout is not None
        for line in driver.stdout:
            if wait_for in line:
                break
        yield driver
    finally:
        driver.kill()
        driver.communicate()


def wait_for_nap(bench: Any, command_lines: Callable[[], list[str]]) -> None:
    """Wait until the slow resource has started its command."""
    deadline = time.monotonic() + 10
    while not (any(NAP in line for line in command_lines()) and (bench.data / "pid").exists()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def last_line(output: str) -> list[Any]:
    """Return the driver's error."""
    answer: list[Any] = json.loads(output.splitlines()[-1])
    return answer


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.extended),
        pytest.param(signal.SIGHUP, marks=pytest.mark.extended),
    ],
)
def test_signal_stops_terraform_gracefully(
    bench: Any, number: int, command_lines: Callable[[], list[str]]
) -> None:
    """Exit code 130, one sentence, no process left, the lock released; the next apply completes."""
    bench.write(MODULE)
    with driven(bench, '"started", "terraform_data.slow"') as driver:
        wait_for_nap(bench, command_lines)
        driver.send_signal(number)
        output, _ = driver.communicate(timeout=20)
    kind, code, message, hint, handlers_restored = last_line(output)
    assert (driver.returncode, kind, code) == (130, "error", "interrupted")
    assert message == (
        "interrupted during apply: 1 of 3 resources were done; the state lock is released"
    )
    assert hint.endswith("tt-ops deploy")
    assert handlers_restored
    assert not [line for line in command_lines() if NAP in line or str(bench.data) in line]
    (bench.module / "done").touch()
    stack = bench.stack()
    assert stack.plan(bench.plan_file).add == 2
    stack.apply(bench.plan_file)
    assert stack.plan(bench.plan_file).empty


@pytest.mark.timeout(30)
def test_sigterm_ends_the_child_of_a_background_job(tmp_path: Path) -> None:
    """The child has default signal handlers even where SIGINT is ignored (nohup, `&`)."""
    with subprocess.Popen(
        [sys.executable, "-c", BACKGROUND, tmp_path],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as job:
        assert job.stdout is not None
        try:
            assert job.stdout.readline() == "started\n"
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
                job.send_signal(number)
            output, _ = job.communicate(timeout=10)
        finally:
            job.kill()
    assert output == "True True\n"


def test_second_ctrl_c_does_not_reach_terraform(bench: Any) -> None:
    """Terraform would abandon its lock at the second interrupt of the terminal."""
    bench.write(MODULE)
    with driven(bench, '"started", "terraform_data.slow"') as driver:
        for _ in range(2):
            os.killpg(driver.pid, signal.SIGINT)
            time.sleep(0.01)
        output, _ = driver.communicate(timeout=20)
    assert last_line(output)[1] == "interrupted"
    assert "Two interrupts received" not in output + bench.log
    assert output.count("Stopping operation") == 1


def slow_terraform(folder: Path) -> Path:
    """Make a Terraform that counts its signals in a file `count`, and ends late."""
    fake = folder / "terraform"
    fake.write_text(SLOW_TERRAFORM.format(python=sys.executable, count=str(folder / "count")))
    fake.chmod(0o755)
    return fake


def test_second_signal_is_not_forwarded(bench: Any, tmp_path: Path) -> None:
    """Terraform gets one signal and as much time as it needs."""
    bench.write(MODULE)
    count, fake = tmp_path / "count", slow_terraform(tmp_path)
    with driven(bench, "ready", executable=fake) as driver:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            driver.send_signal(number)
            time.sleep(0.3)
        assert driver.poll() is None
        output, _ = driver.communicate(timeout=20)
    assert driver.returncode == 130
    assert output.count("Still waiting for Terraform") == 2
    assert count.read_text() == "1"


def test_kill_after_an_interrupt_sends_no_second_one(bench: Any, tmp_path: Path) -> None:
    """Such as by somebody who lost patience: Terraform would give up its state."""
    bench.write(MODULE)
    count, fake = tmp_path / "count", slow_terraform(tmp_path)
    with driven(bench, "ready", executable=fake) as driver:
        driver.send_signal(signal.SIGINT)
        time.sleep(0.5)
        driver.kill()
        deadline = time.monotonic() + 10
        while not count.exists() or not count.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert count.read_text() == "1"


def test_children_of_a_killed_terraform_are_ended(
    bench: Any, command_lines: Callable[[], list[str]]
) -> None:
    """Its whole process group is ended."""
    bench.write(MODULE)
    with driven(bench, '"started", "terraform_data.slow"') as driver:
        wait_for_nap(bench, command_lines)
        os.kill(int((bench.data / "pid").read_text()), signal.SIGKILL)
        output, _ = driver.communicate(timeout=20)
    _, code, message, _, _ = last_line(output)
    assert (driver.returncode, code) == (1, "terraform-killed")
    assert "SIGKILL during apply: 1 of 3 resources were done" in message
    assert not [line for line in command_lines() if NAP in line]


def run(script: str, folder: Path) -> tuple[process.Outcome, list[tuple[str, str]]]:
    """Run a script of the shell; return how it ended, and the lines of both its streams."""
    lines: list[tuple[str, str]] = []
    outcome = process.run(
        ["sh", "-c", script],
        directory=folder,
        environment={"PATH": os.environ["PATH"]},
        output=folder,
        on_start=lambda pid: None,
        on_line=lambda stream, line: lines.append((stream, line)),
        on_signal=lambda number: None,
    )
    return outcome, lines


def test_child_has_empty_input_and_separate_streams(tmp_path: Path) -> None:
    """Lines of both streams arrive separately; invalid UTF-8 is replaced."""
    outcome, lines = run("cat; printf 'a\\r\\n\\377\\n'; echo b >&2; exit 7", tmp_path)
    assert outcome == process.Outcome(returncode=7, interrupted=False)
    assert sorted(lines) == [("stderr", "b"), ("stdout", "a"), ("stdout", "\ufffd")]


def test_orphan_is_ended(tmp_path: Path) -> None:
    """A process that outlives its parent in the group does not delay the result."""
    started = time.monotonic()
    outcome, _ = run("sleep 614.7 & exit 0", tmp_path)
    assert outcome.returncode == 0
    assert time.monotonic() - started < 5
