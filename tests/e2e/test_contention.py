"""Many deploys of one deployment at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.endpoint import account

from .conftest import clients

if TYPE_CHECKING:
    from .conftest import Clone

_WORKERS, _DEPLOYS = 4, 5
_SECONDS = 3000


@dataclass
class Deploy:
    """One deploy, by the moments (monotonic seconds) at which it printed its lines."""

    code: int = -1
    lines: list[tuple[float, str]] = field(default_factory=list)

    def at(self, *texts: str) -> float:
        """Return when the first line with one of the texts came."""
        return next(at for at, line in self.lines if any(text in line for text in texts))

    @property
    def arrived(self) -> float:
        """Return when it began to wait, or to work if it did not have to wait."""
        return self.at("Waiting: ", "function.zip")

    @property
    def began(self) -> float:
        """Return when it had the lock."""
        return self.at("function.zip")

    @property
    def ended(self) -> float:
        """Return when its last step within the lock was done."""
        return max(at for at, line in self.lines if line.startswith("✓ "))

    @property
    def output(self) -> str:
        """Return all its lines."""
        return "".join(line for _, line in self.lines)


def run(clone: Clone, memory: int) -> Deploy:
    """Deploy with another memory, so that there is something to apply."""
    deploy = Deploy()
    process = clone.start(
        *("deploy", "--yes", "--lock-timeout", str(_SECONDS)),
        TF_VAR_lambda_memory_size=str(memory),
    )
    with process:
        drain = threading.Thread(target=lambda: process.stdout.read())  # type: ignore[union-attr]
        drain.start()
        for line in process.stderr or ():
            deploy.lines.append((time.monotonic(), line))
        drain.join()
        deploy.code = process.wait()
    return deploy


@pytest.mark.row("Five deploys each by four runs at once")
@pytest.mark.faults
@pytest.mark.timeout(_SECONDS)
def test_contended_deploys_take_turns(make_clone: Callable[..., Clone], prepared: Clone) -> None:
    """None fails, no two overlap, and nobody is overtaken by more than one."""
    prepared.succeed("deploy", "--yes")
    variables = {
        **account(prepared.read("local", "status")["url"]),
        "ALERT_EMAIL": "operator@example.com",
        # As the local target has it.
        "TF_VAR_table_deletion_protection": "false",
    }
    done: list[Deploy] = []

    def work(number: int) -> None:
        clone = make_clone(**variables)
        for turn in range(_DEPLOYS):
            done.append(run(clone, 256 + 64 * number + turn))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(_WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [deploy.output for deploy in done if deploy.code != 0] == []
    assert len(done) == _WORKERS * _DEPLOYS
    in_turn = sorted(done, key=lambda deploy: deploy.began)
    for first, second in pairwise(in_turn):
        assert first.ended < second.began
    for position, deploy in enumerate(in_turn):
        overtaken_by = [
            # The order of arrival is to the second.
            other
            for other in in_turn[:position]
            if other.arrived > deploy.arrived + 1
        ]
        assert len(overtaken_by) <= 1
    listed = clients(prepared)("s3").list_objects_v2(Bucket="task-tracker-terraform-state")
    left = [each["Key"] for each in listed["Contents"] if ".releases/" not in each["Key"]]
    assert left == ["infra/terraform.tfstate"]
