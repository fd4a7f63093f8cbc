"""An account on an emulator of its own behind the proxy, and a machine that deploys to it.

`Account` reads what exists without the proxy, and checks what has to hold after every fault:
`require_healed`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import requests

from tasktracker_ops.local import process as emulator
from tests.endpoint import BUCKET, LOCKS, client
from tests.states import StateBucket

from .machine import Machine, Run

_UNIQUE = ("aws_apigatewayv2_api", "aws_lambda_function", "aws_dynamodb_table", "aws_sns_topic")
_COMPLETE = {
    "aws_apigatewayv2_api": 1,
    "aws_lambda_function": 1,
    "aws_dynamodb_table": 1,
    "aws_sns_topic": 1,
    "aws_cloudwatch_metric_alarm": 2,
    "aws_cloudwatch_log_group": 2,
    "aws_iam_role": 1,
}


@dataclass
class Account(Machine):
    """One emulator behind the proxy of a machine."""

    def open(self) -> None:
        """Start an empty emulator with a state backend, and forget what earlier runs left here."""
        self.close()
        self.prepare()
        server = emulator.start(self.path / "emulator", 0)
        self.proxy.upstream = ("127.0.0.1", server.port)
        self.state.create()

    def close(self) -> None:
        """End what still runs, and the emulator with all it holds."""
        self.proxy.clear()
        self.stop()
        emulator.stop(self.path / "emulator")

    @property
    def endpoint(self) -> str:
        """Return the address of the emulator, which is not that of the proxy."""
        host, port = self.proxy.upstream
        return f"http://{host}:{port}"

    def client(self, service: str) -> Any:
        """Return a boto3 client that does not go through the proxy."""
        return client(service, self.endpoint)

    @property
    def state(self) -> StateBucket:
        """Return the state's bucket and lock table."""
        return StateBucket(self.endpoint)

    def existing(self) -> dict[str, list[str]]:
        """Return the ids of all that a deployment has, by Terraform's types of resources."""
        apis = self.client("apigatewayv2").get_apis()["Items"]
        functions = self.client("lambda").list_functions()["Functions"]
        tables = self.client("dynamodb").list_tables()["TableNames"]
        topics = self.client("sns").list_topics()["Topics"]
        alarms = self.client("cloudwatch").describe_alarms()["MetricAlarms"]
        groups = self.client("logs").describe_log_groups()["logGroups"]
        roles = self.client("iam").list_roles()["Roles"]
        return {
            "aws_apigatewayv2_api": sorted(api["ApiId"] for api in apis),
            "aws_lambda_function": sorted(each["FunctionName"] for each in functions),
            "aws_dynamodb_table": sorted({*tables} - {LOCKS}),
            "aws_sns_topic": sorted(topic["TopicArn"] for topic in topics),
            "aws_cloudwatch_metric_alarm": sorted(alarm["AlarmName"] for alarm in alarms),
            "aws_cloudwatch_log_group": sorted(group["logGroupName"] for group in groups),
            "aws_iam_role": sorted(role["RoleName"] for role in roles),
        }

    def recorded(self) -> dict[str, list[str]]:
        """Return the ids in the state, by type."""
        found: dict[str, list[str]] = {kind: [] for kind in self.existing()}
        for resource in json.loads(self.state.content or b'{"resources": []}')["resources"]:
            if resource["mode"] == "managed" and resource["type"] in found:
                ids = [each["attributes"]["id"] for each in resource["instances"]]
                found[resource["type"]] += ids
        return {kind: sorted(ids) for kind, ids in found.items()}

    def locks(self) -> list[str]:
        """Return every lock that is held: ours, and Terraform's two."""
        items = self.client("dynamodb").scan(TableName=LOCKS)["Items"]
        held = [item["LockID"]["S"] for item in items]
        objects = self.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
        names = [each["Key"] for each in objects]
        held = [name for name in held if not name.endswith("-md5")]
        return held + [name for name in names if name.endswith(".tflock") or ".deploy" in name]

    @property
    def api_url(self) -> str:
        """Return the address of the deployed API."""
        ssm = self.client("ssm")
        value = ssm.get_parameter(Name="/task-tracker/deployment")["Parameter"]["Value"]
        return str(json.loads(value)["api_url"])

    def add_task(self, title: str) -> str:
        """Create a task and return its id."""
        answer = requests.post(f"{self.api_url}/tasks", json={"title": title}, timeout=10)
        return str(answer.json()["task_id"])

    def tasks(self) -> set[str]:
        """Return the ids of all tasks, as the API lists them."""
        items = requests.get(f"{self.api_url}/tasks", timeout=10).json()
        return {str(task["task_id"]) for task in items}

    def require_nothing_twice(self) -> None:
        """Require at most one of each thing, whatever has happened."""
        existing = self.existing()
        self.figures["second"] = sum(len(existing[name][1:]) for name in _UNIQUE)
        assert not self.figures["second"], f"something exists twice: {existing}"

    def require_deployed(self, tasks: Collection[str] = ()) -> None:
        """Require all of a deployment: once, in the state, unlocked, and answering with `tasks`."""
        self.require_nothing_twice()
        existing = self.existing()
        assert {kind: len(ids) for kind, ids in existing.items()} == _COMPLETE, existing
        assert self.recorded() == existing, f"state: {self.recorded()}, there is: {existing}"
        assert self.state.consistent, f"the digest is {self.state.digest}"
        assert not (locks := self.locks()), f"still locked: {locks}"
        assert requests.get(f"{self.api_url}/health", timeout=10).status_code == 200
        lost = set(tasks) - self.tasks()
        self.figures["tasks lost"] = len(lost)
        assert not lost, f"tasks are lost: {lost}"
        assert not (left := self.leftovers()), f"files are left: {left}"

    def require_healed(self, tasks: Collection[str] = ()) -> Run:
        """Require that one `deploy --yes` repairs everything, and that nothing is left to plan."""
        started = time.monotonic()
        healed = self.succeed("deploy", "--yes")
        self.figures["seconds"] = time.monotonic() - started
        self.require_deployed(tasks)
        self.require_empty_plan()
        return healed

    def require_empty_plan(self) -> None:
        """Require that the deployment is what the project says."""
        planned = self.run("plan", "--detailed-exitcode")
        assert planned.returncode == 0, planned.stdout + planned.stderr

    def require_nothing(self) -> None:
        """Require that no part of a deployment is left."""
        assert not any(self.existing().values()), self.existing()

    def leftovers(self) -> list[str]:
        """Return saved plans, folders of runs, states and sources that lie around."""
        files = (self.path / "tmp").iterdir()
        temporary = [each for each in files if each.name.startswith("tt-ops")]
        work = self.project / ".tt-ops"
        kept = [run for run in work.glob("**/runs/*") if run.is_dir()]
        kept += [*work.glob("**/errored.tfstate"), *work.glob("**/plan")]
        kept += [*work.glob("import-check/*")]
        return [str(each.relative_to(self.path)) for each in temporary + kept]
