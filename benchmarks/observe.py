"""Commands that read from a deployment, compared with one call of the AWS CLI."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from tasktracker_ops.environments import Environment

from .clone import Clone, running_clone
from .measure import Command, compare, timed
from .peers import program, tt_ops
from .rows import Measurement, Row

_OUTPUTS = Row("outputs", "tt-ops outputs", "aws ssm get-parameter", 0.5)
_ALARMS = Row("alarms", "tt-ops alarms", "aws cloudwatch describe-alarms", 0.6)
_LOGS = Row("logs", "tt-ops logs", "aws logs filter-log-events", 0.6)
_STATUS = Row("status", "tt-ops status, everything", "one aws cloudwatch describe-alarms", 0.8)
_TASKS = Row("tasks-list", "tt-ops tasks list", 'python -c "import requests"', 1.7)
ROWS = (_OUTPUTS, _ALARMS, _LOGS, _STATUS, _TASKS)

_REQUESTS = 300
_THREADS = 8
_TASK_COUNT = 20


def measure(rows: Sequence[Row], turns: int) -> Iterator[Measurement]:
    """Yield the measurement of each row, all of one deployment."""
    with running_clone() as clone:
        sides = _sides(_prepare(clone))
        environment = {**clone.target.environment().variables, **clone.environment}
        for row in rows:
            ours, theirs = (
                timed(command, directory=clone.path, environment=environment)
                for command in sides[row]
            )
            yield compare(row, ours, theirs, turns)


def _sides(described: dict[str, Any]) -> dict[Row, tuple[Command, Command]]:
    """Return the commands of both sides."""
    aws, ours = program("aws"), tt_ops()
    parameter = ("ssm", "get-parameter", "--name", Environment().deployment_parameter)
    alarms = ("cloudwatch", "describe-alarms", "--alarm-names", *described["alarm_names"])
    group = ("--log-group-name", described["log_group"])
    since = ("--start-time", f"{time.time() - 3600:.0f}000")
    return {
        _OUTPUTS: ((ours, "outputs"), (aws, *parameter)),
        _ALARMS: ((ours, "alarms"), (aws, *alarms)),
        _LOGS: (
            (ours, "logs", "--since", "1h"),
            (aws, "logs", "filter-log-events", *group, *since),
        ),
        _STATUS: ((ours, "status"), (aws, *alarms)),
        _TASKS: ((ours, "tasks", "list"), (ours.with_name("python"), "-c", "import requests")),
    }


def _prepare(clone: Clone) -> dict[str, Any]:
    """Deploy, send requests, and return the description of the deployment."""
    clone.environment |= {"TF_VAR_api_throttle_rate": "1000", "TF_VAR_api_throttle_burst": "1000"}
    clone.tt_ops("deploy", "--yes")
    described: dict[str, Any] = json.loads(clone.tt_ops("outputs", "--output", "json"))
    clone.tt_ops("tasks", "add", *(f"Task {number}" for number in range(_TASK_COUNT)))
    with ThreadPoolExecutor(_THREADS) as pool:
        url = f"{described['api_url']}/tasks"
        list(pool.map(lambda _: requests.get(url, timeout=60), range(_REQUESTS)))
    return described
