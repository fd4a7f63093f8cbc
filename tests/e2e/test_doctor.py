"""Wrong situations: each is found by `doctor`, and its fix, typed, fixes it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.endpoint import BUCKET, LOCKS, client
from tests.endpoint import KEY as STATE
from tests.states import StateBucket

from .conftest import TT_OPS
from .machine import Machine

pytestmark = pytest.mark.extended
FUNCTION = "task-tracker-function"
LOCK = {"ID": "1d6e", "Operation": "OperationTypeApply", "Who": "ann@desk", "Created": "2026-01-01"}
BY_HAND = "def lambda_handler(event, context):\n    return {'statusCode': 200, 'body': 'by hand'}\n"


@dataclass(frozen=True)
class Project:
    """A project that is deployed on the local target."""

    machine: Machine
    path: Path

    def type(self, line: str, *, answers: str = "y\n" * 3, status: int = 0) -> str:
        """Type a line in the project's folder."""
        return self.machine.type(f"cd {self.path} && {line}", answers=answers, status=status)

    def wrong(self, before: str = "true", *, fails: bool = False) -> dict[str, Any]:
        """Run `doctor` after a line; return the fix of each check that is not ok, by its name."""
        line = f"{before} && tt-ops --quiet --output json doctor > doctor.json"
        self.type(line, status=int(fails))
        checks = json.loads((self.path / "doctor.json").read_text())["checks"]
        return {check["name"]: check["fix"] for check in checks if check["fix"]}

    @property
    def endpoint(self) -> str:
        """Return the address of the emulator."""
        self.type("tt-ops --output json local status > status.json")
        return str(json.loads((self.path / "status.json").read_text())["url"])

    def client(self, service: str) -> Any:
        """Make a client of the emulator."""
        return client(service, self.endpoint)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Make a project by `init`, in git; it ends with the module."""
    folder = tmp_path_factory.mktemp("machine")
    made = Project(Machine(folder, TT_OPS.parent), folder / "my-tracker")
    made.machine.type("tt-ops init my-tracker")
    (made.path / ".gitignore").open("a").write("/doctor.json\n/status.json\n")
    commit = "git -c user.name=ann -c user.email=ann@desk commit --quiet -m made"
    made.type(f"git init --quiet && git add --all && {commit}")
    yield made
    made.type("tt-ops local down")


def command(fix: str) -> str:
    """Return the command at the end of a fix."""
    return fix.rpartition(": ")[2]


@pytest.fixture(scope="module")
def healthy(project: Project) -> Project:
    """Type the fixes that `doctor` has for a new project, until it has none."""
    names = []
    for _ in range(3):
        wrong = project.wrong(fails=not names)
        names.append(set(wrong))
        for fix in wrong.values():
            project.type(command(fix))
    assert names == [{"completion", "target", "package"}, {"subscription"}, set()]
    return project


def publish_by_hand(project: Project) -> None:
    """Let code serve that was never released."""
    functions = project.client("lambda")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("handler.py", BY_HAND)
    version = functions.update_function_code(
        FunctionName=FUNCTION, ZipFile=package.getvalue(), Publish=True
    )["Version"]
    functions.update_alias(FunctionName=FUNCTION, Name="live", FunctionVersion=version)


def change_memory(project: Project) -> None:
    """Change the function's configuration, but not its live version."""
    functions = project.client("lambda")
    functions.update_function_configuration(FunctionName=FUNCTION, MemorySize=1024)
    functions.get_waiter("function_updated_v2").wait(FunctionName=FUNCTION)


def require_signatures(project: Project) -> None:
    """Change who may call the API."""
    apis = project.client("apigatewayv2")
    (api,) = apis.get_apis()["Items"]
    (route,) = [
        each
        for each in apis.get_routes(ApiId=api["ApiId"])["Items"]
        if each["RouteKey"] == "$default"
    ]
    apis.update_route(ApiId=api["ApiId"], RouteId=route["RouteId"], AuthorizationType="AWS_IAM")


def delete_api(project: Project) -> None:
    """Delete the API."""
    apis = project.client("apigatewayv2")
    apis.delete_api(ApiId=apis.get_apis()["Items"][0]["ApiId"])


def unsubscribe(project: Project) -> None:
    """Delete the subscription of the topic."""
    topics = project.client("sns")
    for each in topics.list_subscriptions()["Subscriptions"]:
        topics.unsubscribe(SubscriptionArn=each["SubscriptionArn"])


def lock_state(project: Project) -> None:
    """Leave the lock of a Terraform that is gone."""
    item = {"LockID": {"S": f"{BUCKET}/{STATE}"}, "Info": {"S": json.dumps(LOCK)}}
    project.client("dynamodb").put_item(TableName=LOCKS, Item=item)


def damage_digest(project: Project) -> None:
    """Make the state's digest another one."""
    StateBucket(project.endpoint).put_digest("0" * 32)


def suspend_versions(project: Project) -> None:
    """Keep no more versions of the state."""
    project.client("s3").put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}
    )


def age_template(project: Project) -> None:
    """Make the project one of an older tt-ops."""
    record = project.path / ".tt-ops-template.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "version": "0.0.1"}))


def append(file: str, line: str) -> Callable[[Project], None]:
    """Return what adds a line to a file of the project."""
    return lambda project: project.type(f"echo '{line}' >> {file}") and None


def call(service: str, operation: str, **arguments: Any) -> Callable[[Project], None]:
    """Return what calls an operation of AWS."""
    return lambda project: getattr(project.client(service), operation)(**arguments)


def typed(line: str) -> Callable[[Project], None]:
    """Return what types a line."""
    return lambda project: project.type(line) and None


# What is broken, the checks that are not ok then, and of which of them the fix is typed.
SITUATIONS: dict[str, tuple[Callable[[Project], object], set[str], str]] = {
    "a deploy lock by hand": (typed("tt-ops lock -m freeze"), {"deploy lock"}, "deploy lock"),
    "a lock of Terraform that was left": (lock_state, {"state lock"}, "state lock"),
    "another digest of the state": (damage_digest, {"state"}, "state"),
    "a deleted state": (call("s3", "delete_object", Bucket=BUCKET, Key=STATE), {"state"}, "state"),
    "a bucket without versions": (suspend_versions, {"bucket versions"}, "bucket versions"),
    "a bucket that may be public": (
        call("s3", "delete_public_access_block", Bucket=BUCKET),
        {"bucket privacy"},
        "bucket privacy",
    ),
    "a lost package": (typed("rm function.zip"), {"package"}, "package"),
    "code that was not released": (
        append("lambda_function/handler.py", "# changed"),
        {"package", "code"},
        "code",
    ),
    "code by hand": (publish_by_hand, {"release", "live code", "code"}, "live code"),
    "another memory size": (change_memory, {"function settings"}, "function settings"),
    "another configuration": (
        append("terraform/outputs.tf", "# changed"),
        {"configuration"},
        "configuration",
    ),
    "a lost description": (
        call("ssm", "delete_parameter", Name="/task-tracker/deployment"),
        {"deployment"},
        "deployment",
    ),
    "an alarm without actions": (
        call("cloudwatch", "disable_alarm_actions", AlarmNames=["LambdaErrorAlarm"]),
        {"alarms"},
        "alarms",
    ),
    "a deleted alarm": (
        call("cloudwatch", "delete_alarms", AlarmNames=["LambdaDurationAlarm"]),
        {"alarms"},
        "alarms",
    ),
    "nobody to notify": (unsubscribe, {"subscription"}, "subscription"),
    "a deleted API": (delete_api, {"api"}, "api"),
    "another authorization": (require_signatures, {"api"}, "api"),
    "an older template": (age_template, {"template"}, "template"),
    "a lost workflow": (typed("rm .github/workflows/deploy.yml"), {"workflows"}, "workflows"),
    "a lost lock file": (
        typed("rm terraform/.terraform.lock.hcl"),
        {"provider", "configuration"},
        "provider",
    ),
}
# By variables: they last as long as a shell.
VARIABLES = {
    "an outdated address": ("TT_OPS_API_URL=http://127.0.0.1:9", "api address"),
    "a Terraform that is gone": ("TT_OPS_TERRAFORM=/nowhere/terraform", "terraform"),
}
ONLY_WARNINGS = {"deploy lock", "package", "code", "configuration", "template", "workflows"}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_fix_of_what_is_wrong_fixes_it(healthy: Project, situation: str) -> None:
    """Exactly its checks find it, and after the command of one fix none does."""
    break_it, checks, fixed_by = SITUATIONS[situation]
    break_it(healthy)
    wrong = healthy.wrong(fails=not checks <= ONLY_WARNINGS)
    assert set(wrong) == checks
    healthy.type(command(wrong[fixed_by]))
    left = healthy.wrong()
    # A new subscription has to be confirmed, and that is a fix of its own.
    for name in left.keys() & {"subscription"}:
        healthy.type(command(left.pop(name)))
    assert left == {}


@pytest.mark.parametrize("situation", VARIABLES)
def test_the_fix_of_a_wrong_variable_fixes_it(healthy: Project, situation: str) -> None:
    """The variables last as long as the shell that has them."""
    variable, check = VARIABLES[situation]
    export = f"export {variable}"
    wrong = healthy.wrong(export, fails=True)
    assert set(wrong) == {check}
    assert healthy.wrong(f"{export} && {command(wrong[check])}") == {}
