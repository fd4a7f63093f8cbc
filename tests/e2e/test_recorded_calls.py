"""Each call that the commands make is allowed to the roles that run them.

The emulator evaluates no policies: a proxy records the calls, and what they need is compared with
the policies in docs/iam.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tasktracker_ops.models.costs import RESOURCES
from tests import endpoint
from tests.endpoint import BUCKET, KEY
from tests.policies import granted

from .recording import Call, Permissions, Recorder, recording
from .test_github_access import BOOTSTRAP

if TYPE_CHECKING:
    from .conftest import Aws, Clone

pytestmark = pytest.mark.extended
POLICIES = {
    file.stem: json.loads(file.read_text())
    for file in (Path(__file__).parents[2] / "docs" / "iam").glob("*.json")
}
BOUNDARY = "arn:aws:iam::123456789012:policy/task-tracker-function-boundary"
PREVIEWS = BOUNDARY.replace("-boundary", "-previewer-boundary")


@pytest.fixture(scope="module")
def recorder(clone: Clone, aws: Aws) -> Iterator[Recorder]:
    """Yield a proxy between `tt-ops` and the emulator."""
    clone.succeed(*BOOTSTRAP)
    with recording(clone.read("local", "status")["url"]) as recorder:
        yield recorder


@pytest.fixture(scope="module")
def account(make_clone: Callable[..., Clone], recorder: Recorder) -> Clone:
    """Return a clone whose AWS account is the emulator behind the proxy."""
    return make_clone(
        # Only the emulator's own may sign a request to the drills.
        **endpoint.account(recorder.url, (ACCESS_KEY_ID, SECRET_ACCESS_KEY)),
        ALERT_EMAIL="operator@example.com",
        # The emulator's bucket was made without the rule, which takes a minute.
        TF_VAR_expire_old_versions="false",
    )


def _denied(calls: list[Call], role: str, permissions: Permissions) -> set[str]:
    """Return what a call needs and the role does not have."""
    assert calls
    return {
        f"{action} on {resource} with {context}"
        for call in calls
        for action, resource, context in permissions.needed(call)
        if not granted([POLICIES[role]], action, resource, context)
    }


# Only those who may read it are told whether the state is sound.
STATE = {"s3:GetObject", "dynamodb:GetItem", "ssm:GetParameterHistory"}


def test_recorded_calls_are_allowed(
    clone: Clone,
    account: Clone,
    recorder: Recorder,
    aws: Aws,
) -> None:
    """No role misses a permission for a command that it runs.

    The deployer runs all commands but those that only drive; the planner runs plan, adopt, drift,
    status and outputs, the operator what observes and drives, the reader what observes, the
    monitor drift and drills, the recoverer what brings tasks back.
    """
    planning = ("planner", "monitor")
    driving = ("operator",)
    observing = ("operator", "reader")
    permissions = Permissions()
    recorder.take()

    def run(
        *arguments: str,
        by: tuple[str, ...] = (),
        always: tuple[str, ...] = ("deployer",),
        **environment: str,
    ) -> str:
        """Run it; compare its calls with the policies of the deployer and of other roles."""
        output = account.succeed(*arguments, **environment)
        calls = recorder.take()
        for role in (*always, *by):
            denied = _denied(calls, role, permissions)
            if role in observing:
                denied = {each for each in denied if not _reads_the_state(each)}
            assert denied == set(), (role, arguments)
        return output

    run("bootstrap", "--yes")
    run("plan", by=planning)
    run("deploy", "--yes")
    role = aws("iam").get_role(RoleName="task-tracker-function")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    run("status", by=(*planning, *observing))
    run("outputs", by=(*planning, *observing))
    run("plan", by=planning)
    run("drift", by=planning)
    for command in ("alarms --history", "logs", "metrics", "environments"):
        run(*command.split(), by=observing)
    run("alarms", "mute", "--for", "1h", "--reason", "test", by=driving, always=())
    run("alarms", "unmute", by=driving, always=())
    clone.succeed("local", "confirm")
    run("drill", "--all", by=(*driving, "monitor"), always=())
    prices = account.path / "prices.toml"
    prices.write_text("[eu-west-3]\n" + "".join(f"{each.key} = 1\n" for each in RESOURCES))
    run("costs", "--prices", str(prices), by=observing, always=())
    task_id = account.read("tasks", "add", "lost")["task_id"]
    time.sleep(1)
    then = datetime.now(UTC).isoformat(timespec="seconds")
    time.sleep(1)
    account.succeed("tasks", "rm", task_id)
    recorder.take()
    run("tasks", "recover", "--to", then, "--missing", by=("recoverer",), always=())
    handler = account.path / "lambda_function/handler.py"

    def change_the_code() -> None:
        handler.write_text(f"{handler.read_text()}\n# changed\n")

    change_the_code()
    run("deploy", "--code", "--yes")
    run("releases", by=observing)
    run("releases", "--history", by=observing)
    run("rollback", "--yes", by=driving)
    for end in ("abort", "promote"):
        change_the_code()
        run(*["deploy", "--code", "--yes", "--canary", "50%", "--bake", "5m", "--no-wait"])
        run(end, by=driving)
    run("lock", "-m", "freeze", by=driving)
    run("unlock", "--yes", by=driving)
    change_the_code()
    # The state is gone, with its versions: what exists is found, and imported.
    for version in aws("s3").list_object_versions(Bucket=BUCKET, Prefix=KEY)["Versions"]:
        if version["Key"] == KEY:
            aws("s3").delete_object(Bucket=BUCKET, Key=KEY, VersionId=version["VersionId"])
    assert "aws_lambda_function.tracker" in run("adopt", by=planning)
    run(
        *("deploy", "--yes", "--checks", "none"),
        TF_VAR_lambda_memory_size="512",
        TF_VAR_log_retention_days="14",
        TF_VAR_api_throttle_rate="60",
        TF_VAR_api_auth="AWS_IAM",
        TF_VAR_cors_origins='["https://app.example.com"]',
    )
    run("logs", "--errors")
    run("destroy", "--yes", "--confirm", "default")


def _reads_the_state(permission: str) -> bool:
    """Return whether it reads the state or its digest, which a reader may not."""
    action, _, rest = permission.partition(" on ")
    return action in STATE and ("/infra/terraform.tfstate with" in rest or "-md5'" in rest)


# What changes something, and supports no ARN.
SHARED = {
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}
READS = ("Describe", "Filter", "Get", "GET", "Head", "List")


def test_recorded_calls_of_a_preview_are_allowed_there_only(
    account: Clone, recorder: Recorder, aws: Aws
) -> None:
    """Each call that deploys and destroys a preview is denied with the names of another one."""
    previewer = [POLICIES["previewer"]]
    preview = {"TT_OPS_ENV": "pr-7", "TT_OPS_TEMPORARY": "true", "TF_VAR_api_throttle_rate": "5"}
    account.succeed("bootstrap", "--yes")
    recorder.take()
    for command in ("plan", "deploy --yes", "status", "plan"):
        account.succeed(*command.split(), **preview)
    role = aws("iam").get_role(RoleName="task-tracker-function-pr-7-eu-west-3")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == PREVIEWS
    apis = aws("apigatewayv2").get_apis()["Items"]
    permissions = Permissions({api["ApiId"]: api["Tags"]["Environment"] for api in apis})
    for command in ("environments", "environments prune --older-than 3d --yes"):
        account.succeed(*command.split())
    account.succeed("environments", "destroy", "pr-7", "--yes")
    calls = recorder.take()
    assert _denied(calls, "previewer", permissions) == set()
    for call in calls:
        for action, resource, context in permissions.needed(call):
            for other in ("staging", "default"):
                its, its_context = _of(other, resource), _context_of(other, context)
                if action == "apigateway:GET":
                    continue  # also lists the APIs of others
                if (its, its_context) != (resource, context):
                    assert not granted(previewer, action, its, its_context), (action, its)
                else:
                    reads = action.partition(":")[2].startswith(READS)
                    assert reads or action in SHARED, (action, its)


def _of(environment: str, text: str) -> str:
    """Return a name of the preview as another environment has it."""
    if environment != "default":
        return text.replace("pr-7", environment)
    return re.sub(r"[-/]pr-7(-eu-west-3)?", "", text)


def _context_of(environment: str, context: Mapping[str, str | list[str]]) -> dict[str, Any]:
    """Return the condition keys of the other environment; the default has no tag."""
    changed = {
        key: _of(environment, value)
        if isinstance(value, str)
        else [_of(environment, each) for each in value]
        for key, value in context.items()
    }
    return {key: "" if value == "pr-7" else value for key, value in changed.items()}
