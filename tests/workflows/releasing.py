"""A deployment on the emulator in this process: the real function, and releases of it.

There is no Terraform: a function, its alias, an API, a table and a bucket are made by calls.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.releases import ReleaseRecords
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.app import App
from tasktracker_ops.emulator.cloudwatch.alarms import EvaluationSchedule
from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.lock import DeployLock
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.release import ReleaseRecord, ReleaseResult
from tasktracker_ops.settings import load
from tasktracker_ops.workflows.release import ReleaseOptions, Releases
from tests.emulator.aws import REGION, Aws, Function
from tests.emulator.conftest import serve
from tests.endpoint import make_bucket

SOURCES = Path(__file__).parents[2] / "lambda_function"
BUCKET = "task-tracker-terraform-state"
VARIABLES = {"TASKS_TABLE_NAME": "TaskTable", "TASKS_INDEX_NAME": "status-task_id-index"}
# Put before the handler; each refuses some requests.
WORKS = ""
PATCH_FAILS = "request['requestContext']['http']['method'] == 'PATCH'"
DELETE_FAILS = "request['requestContext']['http']['method'] in ('PATCH', 'DELETE')"
# Events of the API name an account, those of the checks by number do not.
API_FAILS = "'accountId' in request['requestContext']"
_numbers = itertools.count(1)


@dataclass
class Service:
    """A function of its own on the emulator, and what tt-ops works with."""

    app: App
    aws: Aws
    deployment: Deployment
    folder: Path

    def package(self, fails: str = WORKS) -> Package:
        """Return a package that no other is equal to, whose handler fails on some requests."""
        files = {file.name: file.read_bytes() for file in sorted(SOURCES.glob("*.*"))}
        files["handler.py"] += f"\n# {next(_numbers)}\n".encode()
        if fails:
            files["handler.py"] += (
                "handle = lambda_handler\n"
                "def lambda_handler(request, context):\n"
                f"    if {fails}:\n"
                "        raise RuntimeError('on purpose')\n"
                "    return handle(request, context)\n"
            ).encode()
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for name, source in files.items():
                archive.writestr(zipfile.ZipInfo(name), source)
        sha256 = hashlib.sha256(content.getvalue()).hexdigest()
        path = self.folder / f"{sha256}.zip"
        path.write_bytes(content.getvalue())
        sources = {name: hashlib.sha256(file).hexdigest() for name, file in files.items()}
        size = path.stat().st_size
        return Package(path, sources, "", None, (), size, size, sha256, changed=True)

    def releases(self, require_held: Any = lambda: None) -> Releases:
        """Return the releases of a run that holds the deploy lock."""
        lock = DeployLock("1", "ann@desk", "desk", "deploy", "", "", commit="3f2c1a9d")
        held: Any = SimpleNamespace(lock=lock, require_held=require_held)
        return Releases(self.app, held)

    def release(self, package: Package, **options: Any) -> ReleaseResult:
        """Release a package."""
        options = {"timeout": 0, **options}
        return self.releases().release(package, self.deployment, ReleaseOptions(**options))

    @property
    def live(self) -> str:
        """Return the version that the alias points to."""
        routing = self.app.functions.routing()
        assert routing is not None
        return routing.version

    def point_to(self, version: str, **weights: float) -> None:
        """Move the alias by hand."""
        self.aws.client("lambda").update_alias(
            FunctionName=self.deployment.function_name,
            Name="live",
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights},
        )

    def record(self, version: str) -> ReleaseRecord:
        """Return the record of a release."""
        record = self.app.release_records.read(int(version))
        assert record is not None
        return record

    def events(self, version: str) -> list[str]:
        """Return what has happened to a release."""
        return [event.what for event in self.record(version).events]

    def tasks(self) -> list[Any]:
        """Return the tasks in the table, whatever serves."""
        items = self.aws.client("dynamodb").scan(TableName="TaskTable")["Items"]
        return [item for item in items if "#" not in item["task_id"]["S"]]


@pytest.fixture(scope="module")
def aws(
    tmp_path_factory: pytest.TempPathFactory, table_definition: dict[str, Any]
) -> Iterator[Aws]:
    """Yield an emulator in this process with a table and a bucket; it evaluates no alarms."""
    folder = tmp_path_factory.mktemp("emulator")
    never = EvaluationSchedule(interval_seconds=3600)
    with serve(folder, environments=2, idle_seconds=0.2, schedule=never) as made:
        made.client("dynamodb").create_table(**table_definition)
        make_bucket(made.client("s3"), BUCKET)
        yield made


@pytest.fixture(scope="module")
def session(aws: Aws) -> AwsSession:
    """Return a session with the emulator; to make clients takes time, so all tests share it."""
    keys = {"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET_ACCESS_KEY}
    return AwsSession(AwsEnvironment(REGION, endpoint_url=aws.server.url, sealed=True, **keys))


def describe(aws: Aws, function: Function, *, alarms: Sequence[str] = ()) -> Deployment:
    """Make an API of a function, and describe both as Terraform does."""
    values: dict[str, Any] = dict.fromkeys(Deployment.__dataclass_fields__, "x")
    values |= {"schema": 1, "api_url": aws.api(function).url, "api_auth": "NONE"}
    values |= {"function_name": function.name, "function_alias": "live", "alarm_names": [*alarms]}
    aws.client("ssm").put_parameter(
        Name="/task-tracker/deployment", Value=json.dumps(values), Type="String", Overwrite=True
    )
    return Deployment.from_json(values)


def make_service(aws: Aws, session: AwsSession, folder: Path) -> Service:
    """Make a function and its API, as Terraform leaves them: nothing was released."""
    function = aws.function("", published=False, Environment={"Variables": VARIABLES})
    notes: list[str] = []
    report: Any = SimpleNamespace(doing=notes.append, done=notes.append, note=notes.append)
    app = App(load({}, {"TT_OPS_FUNCTION_NAME": function.name}), report, lambda question: False)
    app.session = session
    app.release_records = ReleaseRecords(session, bucket=BUCKET, state_key=function.name)
    return Service(app, aws, describe(aws, function), folder)
