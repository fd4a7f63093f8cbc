"""An account on an emulator of its own behind the proxy, and a machine that deploys to it.

`Account` starts and kills `tt-ops`, reads what exists without the proxy, and checks what has to
hold after every fault: `require_healed`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import boto3
import psutil
import requests

from tasktracker_ops.local import process as emulator

from .proxy import Fault, Proxy

ROOT = Path(__file__).parents[2]
TT_OPS = Path(sys.executable).with_name("tt-ops")
BUCKET, KEY, LOCKS = "task-tracker-terraform-state", "infra/terraform.tfstate", "terraform-locks"
ORPHAN_SECONDS = 10.0
_TIMEOUT = 240.0
_MARK = "TT_OPS_TESTS_ACCOUNT"  # in the environment of each process that an account starts
_FOLDERS = ("terraform", "bootstrap", "lambda_function")

Victim = Literal["all", "tt-ops", "terraform"]
Run = subprocess.CompletedProcess[str]


@dataclass
class Account:
    """One emulator behind `proxy`, and a copy of the project in `path`."""

    path: Path
    proxy: Proxy
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    running: list[subprocess.Popen[str]] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    _changes: int = 0

    @property
    def project(self) -> Path:
        """Return the copy of the project."""
        return self.path / "project"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that `tt-ops` is run with."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "TT_OPS_", "TF_VAR_"))
        }
        return {
            **inherited,
            _MARK: self.id,
            "HOME": str(self.path / "home"),
            "TMPDIR": str(self.path / "tmp"),
            "AWS_ENDPOINT_URL": self.proxy.url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "3",  # of the state backend
            "TT_OPS_ALERT_EMAIL": "operator@example.com",
            "TF_VAR_aws_max_retries": "3",
        }

    def open(self) -> None:
        """Start an empty emulator with a state backend, and forget what earlier runs left here."""
        self.close()
        for folder in ("home", "tmp"):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        for folder in _FOLDERS:
            leave_out = shutil.ignore_patterns("__pycache__", ".terraform", "*.tfstate*")
            shutil.rmtree(self.project / folder, ignore_errors=True)
            shutil.copytree(ROOT / folder, self.project / folder, ignore=leave_out)
        self._keep_init()
        server = emulator.start(self.path / "emulator", 0)
        self.proxy.upstream = ("127.0.0.1", server.port)
        self.clients.clear()
        make_backend(self)

    def close(self) -> None:
        """End what still runs, and the emulator with all it holds."""
        self.proxy.clear()
        for found in self.processes():
            found.kill()
        for started in self.running:
            started.communicate()
        self.running.clear()
        emulator.stop(self.path / "emulator")

    def _keep_init(self) -> None:
        """Keep what `terraform init` made, which takes as long as a fifth of a deploy."""
        initialised = self.path / "initialised"
        data = self.project / ".tt-ops" / "aws-default" / "terraform"
        if not initialised.exists() and (data / "initialised").exists():
            names = {".terraform.lock.hcl", "providers", "terraform.tfstate", "modules"}
            names |= {"initialised", "terraform.rc"} | {p.name for p in data.glob("*.tfrc")}
            initialised.mkdir()
            for name in names:
                if (data / name).is_dir():
                    shutil.copytree(data / name, initialised / name, symlinks=True)
                elif (data / name).exists():
                    shutil.copy2(data / name, initialised / name)
        shutil.rmtree(self.project / ".tt-ops", ignore_errors=True)
        if initialised.exists():
            shutil.copytree(initialised, data, symlinks=True)

    def configure(self, **variables: str | float) -> None:
        """Set variables of Terraform in the project, as a commit would."""
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in variables.items()]
        (self.project / "terraform" / "test.auto.tfvars").write_text("".join(lines))

    def change_code(self) -> None:
        """Give the next deploy another package."""
        with (self.project / "lambda_function" / "api.py").open("a") as file:
            file.write(f"# {uuid.uuid4()}\n")

    def change(self) -> None:
        """Change the code, the function's configuration and the stage."""
        self.change_code()
        self._changes += 1
        self.configure(
            lambda_memory_size=(256, 512)[self._changes % 2],
            api_throttle_rate=50 + self._changes,
        )

    def slow_down_the_check(self) -> None:
        """Let the next release take three seconds to start, so that a check can be interrupted."""
        with (self.project / "lambda_function" / "handler.py").open("a") as file:
            file.write("\nimport time\n\ntime.sleep(3)\n")

    # What runs

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start `tt-ops` in a process group of its own."""
        started = subprocess.Popen(
            [TT_OPS, *arguments],
            cwd=self.project,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.running.append(started)
        return started

    def finish(self, started: subprocess.Popen[str]) -> Run:
        """Wait for the end of a run and return its output."""
        out, err = started.communicate(timeout=_TIMEOUT)
        self.running.remove(started)
        return subprocess.CompletedProcess(started.args, started.returncode, out, err)

    def run(self, *arguments: str, **variables: str) -> Run:
        """Run `tt-ops` to its end, whatever that is."""
        return self.finish(self.start(*arguments, **variables))

    def succeed(self, *arguments: str, **variables: str) -> Run:
        """Run `tt-ops`, which has to exit 0."""
        done = self.run(*arguments, **variables)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def processes(self) -> list[psutil.Process]:
        """Return every process that runs of this account started, found by its environment."""
        psutil.process_iter.cache_clear()  # an ended process would hide one that got its pid
        return [found for found in psutil.process_iter() if self._owns(found)]

    def _owns(self, found: psutil.Process) -> bool:
        try:
            is_dead = found.status() == psutil.STATUS_ZOMBIE
            return not is_dead and found.environ().get(_MARK) == self.id
        except psutil.Error:
            return False

    def kill(self, victim: Victim, number: int = signal.SIGKILL) -> None:
        """Send a signal to the running `tt-ops`, to its Terraform, or to all it has started."""
        run = psutil.Process(self.running[-1].pid)
        tree = run.children(recursive=True)
        if victim == "terraform":
            tree = [found for found in tree if found.name() == "terraform"]
        victims = [*([run] if victim != "terraform" else []), *(tree if victim != "tt-ops" else [])]
        assert victims, f"no {victim} is running"
        for each in victims:
            try:
                each.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    def wait_for_line(self, started: subprocess.Popen[str], text: str) -> None:
        """Read standard error until `text` comes; what follows is the output of `finish`."""
        assert started.stderr is not None
        lines = []
        for line in started.stderr:
            lines.append(line)
            if text in line:
                return
        raise AssertionError(f"ended without {text!r}: {''.join(lines)}")

    def die_after(self, call: str, victim: Victim, *arguments: str, nth: int = 1) -> Run:
        """Run `tt-ops`; kill `victim` as soon as the nth `call` was carried out."""
        self.proxy.clear()
        self.proxy.inject(call, Fault(then=lambda: self.kill(victim)), nth=nth)
        died = self.run(*(arguments or ("deploy", "--yes")))
        writes = self.proxy.writes
        assert not self.proxy.clear(), f"{call} has not come: {writes}, {died.stderr}"
        return died

    def orphans(self) -> list[str]:
        """Return what of ours still runs ten seconds after a run has ended."""
        deadline = time.monotonic() + ORPHAN_SECONDS
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.figures["orphans"] = len(left)
        return [found.name() for found in left]

    # What exists

    @cached_property
    def clients(self) -> dict[str, Any]:
        """Return the clients made so far."""
        return {}

    def client(self, service: str) -> Any:
        """Return a boto3 client that does not go through the proxy."""
        if service not in self.clients:
            session = boto3.Session("AKIDEXAMPLE", "example", region_name="eu-west-3")
            host, port = self.proxy.upstream
            self.clients[service] = session.client(service, endpoint_url=f"http://{host}:{port}")
        return self.clients[service]

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

    def state_text(self) -> bytes | None:
        """Return the state as it is stored."""
        s3 = self.client("s3")
        try:
            return bytes(s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())
        except s3.exceptions.NoSuchKey:
            return None

    def recorded(self) -> dict[str, list[str]]:
        """Return the ids in the state, by type."""
        found: dict[str, list[str]] = {kind: [] for kind in self.existing()}
        for resource in json.loads(self.state_text() or b'{"resources": []}')["resources"]:
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

    def digest(self) -> str | None:
        """Return the digest of the state in the lock table."""
        key = {"LockID": {"S": f"{BUCKET}/{KEY}-md5"}}
        item = self.client("dynamodb").get_item(TableName=LOCKS, Key=key).get("Item")
        return item["Digest"]["S"] if item else None

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

    # What has to hold

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
        digest = hashlib.md5(self.state_text() or b"", usedforsecurity=False).hexdigest()
        assert self.digest() == digest, f"the digest is {self.digest()}, not {digest}"
        assert not (locks := self.locks()), f"still locked: {locks}"
        assert requests.get(f"{self.api_url}/health", timeout=10).status_code == 200
        lost = set(tasks) - self.tasks()
        self.figures["tasks lost"] = len(lost)
        assert not lost, f"tasks are lost: {lost}"
        assert not (left := leftovers(self.path)), f"files are left: {left}"

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


def leftovers(path: Path) -> list[str]:
    """Return saved plans, folders of runs, states and sources that lie around below `path`."""
    temporary = [each for each in (path / "tmp").iterdir() if each.name.startswith("tt-ops")]
    work = path / "project" / ".tt-ops"
    kept = [run for run in work.glob("**/runs/*") if run.is_dir()]
    kept += [*work.glob("**/errored.tfstate"), *work.glob("**/plan"), *work.glob("import-check/*")]
    return [str(each.relative_to(path)) for each in temporary + kept]


def make_backend(account: Account) -> None:
    """Make the state's bucket and lock table by three calls, as `bootstrap` would."""
    s3 = account.client("s3")
    where = {"LocationConstraint": "eu-west-3"}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    account.client("dynamodb").create_table(
        TableName=LOCKS,
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
