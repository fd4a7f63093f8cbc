"""Compare the commands that monitor a deployment with the same calls of the AWS CLI."""

from __future__ import annotations

import argparse
import json
import shlex
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import requests
from clone import TT_OPS, Clone, running_clone
from measure import Command, Pair, aws_cli, run, seconds, show

_REQUESTS = 300
_THREADS = 8
_METRICS = ("Invocations", "Errors", "Duration", "Throttles", "ConcurrentExecutions")
_STATISTICS = ("Sum", "Average", "Minimum", "Maximum", "p95", "p99")


def _pairs(aws: Path, described: dict[str, Any]) -> Sequence[tuple[str, Command, str, Command]]:
    """Return the commands of both sides, each with its name."""
    status = (
        "ssm get-parameter --name /task-tracker/deployment",
        f"lambda get-function-configuration --function-name {described['function_name']} "
        f"--qualifier {described['function_alias']}",
        f"cloudwatch describe-alarms --alarm-names {' '.join(described['alarm_names'])}",
        f"sns list-subscriptions-by-topic --topic-arn {described['topic_arn']}",
        "dynamodb get-item --table-name terraform-locks --key "
        + shlex.quote('{"LockID": {"S": "task-tracker-terraform-state/infra/terraform.tfstate"}}'),
    )
    health = f"curl -fsS {described['api_url']}/health"
    queries = json.dumps(_queries(described["function_name"]))
    metrics = (
        f"cloudwatch get-dashboard --dashboard-name {described['dashboard_name']}",
        "cloudwatch get-metric-data --start-time $(date -d '-3 hours' +%s) --end-time $(date +%s) "
        f"--metric-data-queries {shlex.quote(queries)}",
    )
    alarms = f"cloudwatch describe-alarms --alarm-names {' '.join(described['alarm_names'])}"
    logs = (
        f"logs filter-log-events --log-group-name {described['log_group']} "
        "--start-time $(date -d '-10 minutes' +%s000)"
    )
    return [
        ("status", (TT_OPS, "status"), "five calls and curl", _shell(aws, status, health)),
        ("alarms", (TT_OPS, "alarms"), "describe-alarms", _shell(aws, [alarms])),
        ("metrics", (TT_OPS, "metrics"), "get-dashboard, get-metric-data", _shell(aws, metrics)),
        ("logs", (TT_OPS, "logs"), "filter-log-events", _shell(aws, [logs])),
    ]


def _shell(aws: Path, calls: Sequence[str], *others: str) -> Command:
    lines = [*(f"{shlex.quote(str(aws))} --output json {call}" for call in calls), *others]
    return ("sh", "-ec", "\n".join(lines))


def _queries(function_name: str) -> list[dict[str, object]]:
    dimensions = [{"Name": "FunctionName", "Value": function_name}]
    return [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": metric,
                    "Dimensions": dimensions,
                },
                "Period": 60,
                "Stat": statistic,
            },
        }
        for number, (metric, statistic) in enumerate(
            (metric, statistic) for metric in _METRICS for statistic in _STATISTICS
        )
    ]


def _prepare(clone: Clone) -> dict[str, Any]:
    """Deploy, send requests, and return the description of the deployment."""
    clone.environment |= {"TF_VAR_api_throttle_rate": "1000", "TF_VAR_api_throttle_burst": "1000"}
    clone.tt_ops("deploy", "--yes")
    outputs = [TT_OPS, "outputs", "--output", "json"]
    described: dict[str, Any] = json.loads(
        run(outputs, directory=clone.path, environment=clone.environment)
    )
    with ThreadPoolExecutor(_THREADS) as pool:
        url = f"{described['api_url']}/tasks"
        list(pool.map(lambda _: requests.get(url, timeout=60), range(_REQUESTS)))
    return described


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="of each command (default: 7)")
    options = parser.parse_args()
    times: defaultdict[Command, list[float]] = defaultdict(list)
    with aws_cli(True) as aws, running_clone() as clone:
        assert aws is not None  # nosec B101 # for mypy
        pairs = _pairs(aws, _prepare(clone))
        environment = {**clone.target.environment().variables, **clone.environment}
        for _ in range(options.runs):
            for _, ours, _, theirs in pairs:
                for command in (ours, theirs):
                    work = partial(run, command, directory=clone.path, environment=environment)
                    times[command].append(seconds(work))
    show(
        [
            Pair(f"tt-ops {name}", times[ours], f"aws: {beside}", times[theirs])
            for name, ours, beside, theirs in pairs
        ]
    )


if __name__ == "__main__":
    main()
