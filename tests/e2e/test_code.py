"""Code and infrastructure apart: an upgrade in place, `deploy --code`, and plans after it."""

from __future__ import annotations

import json
import re
import select
import signal
from typing import Any

import pytest

from .conftest import Aws, Clone

FUNCTION = "task-tracker-function"
BUCKET = "task-tracker-terraform-state"
STATE = "/task-tracker/state"
HANDLER = "lambda_function/pages.py"
# Before there were releases, Terraform published each version and moved the alias.
EARLIER = (
    ("publish          = false", "publish          = true"),
    ("ignore_changes = [source_code_hash]", "ignore_changes = []"),
    ("ignore_changes = [function_version, routing_config]", "ignore_changes = []"),
    ('function_version = "$LATEST"', "function_version = aws_lambda_function.tracker.version"),
)
_SAVE_LIMIT = 60.0  # seconds


@pytest.fixture(scope="module")
def earlier(prepared: Clone, aws: Aws) -> Clone:
    """Return a deployment with three tasks as tt-ops made it before there were releases."""
    file = prepared.path / "terraform" / "function.tf"
    present = file.read_text()
    for new, old in EARLIER:
        prepared.edit("terraform/function.tf", new, old)
    prepared.succeed("deploy", "--yes")
    for title in ("one", "two", "three"):
        prepared.succeed("tasks", "add", title)
    s3, ssm = aws("s3"), aws("ssm")
    s3.delete_object(Bucket=BUCKET, Key="infra/terraform.tfstate.releases/000001.json")
    record = json.loads(ssm.get_parameter(Name=STATE)["Parameter"]["Value"])
    del record["configuration"]
    ssm.put_parameter(Name=STATE, Value=json.dumps(record), Overwrite=True)
    file.write_text(present)
    return prepared


@pytest.fixture(scope="module")
def upgraded(earlier: Clone) -> Clone:
    """Upgrade it."""
    unknown = earlier.run("deploy", "--code", "--output", "json")
    assert json.loads(unknown.stderr)["error"]["code"] == "configuration-changed"
    plan = earlier.read("plan")
    assert [(each["address"], each["action"]) for each in plan["changes"]] == [
        ("aws_lambda_function.tracker", "update")
    ]
    assert [each["name"] for each in plan["changes"][0]["attributes"]] == ["publish"]
    assert (plan["code"]["release"], plan["code"]["outcome"]) == ("1", "unproven")
    assert earlier.read("deploy", "--yes")["release"]["outcome"] == "proven"
    return earlier


def code(clone: Clone) -> Any:
    """Return what a deploy would release; the infrastructure has to be as it is."""
    plan = clone.read("plan")
    assert (plan["changes"], plan["drift"]) == ([], [])
    return plan["code"]


@pytest.mark.soak
def test_an_earlier_deployment_is_upgraded_in_place(upgraded: Clone) -> None:
    """Nothing is replaced, all tasks are kept, and nothing is left to do."""
    assert len(upgraded.read("tasks", "list")) == 3
    assert upgraded.run("plan", "--detailed-exitcode").returncode == 0
    assert upgraded.read("deploy", "--code")["release"]["checks"] == "not needed"


@pytest.mark.soak
def test_code_is_released_without_terraform(upgraded: Clone) -> None:
    """A plan names the files; a changed configuration is refused by its name."""
    (upgraded.path / HANDLER).open("a").write("# released\n")
    changed = upgraded.run("plan", "--detailed-exitcode")
    assert changed.returncode == 2
    assert re.search(
        r"^code: release 1.* → 1 file changed: pages.py$", changed.stdout, re.MULTILINE
    )
    assert code(upgraded)["changed"] == ["pages.py"]
    refused = upgraded.run("deploy", "--code", TF_VAR_lambda_memory_size="512")
    assert (refused.returncode, "'var.lambda_memory_size' is new" in refused.stderr) == (1, True)
    result = upgraded.read("deploy", "--code", TF_CLI_CONFIG_FILE="/nowhere", PATH="/usr/bin:/bin")
    assert (result["plan"], result["release"]["release"]) == (None, "2")
    assert upgraded.run("plan", "--detailed-exitcode").returncode == 0


@pytest.mark.soak
def test_a_rollback_is_no_drift(upgraded: Clone, aws: Aws) -> None:
    """The plan has only the code that the next deploy releases again."""
    upgraded.succeed("rollback", "--yes")
    assert code(upgraded)["release"] == "1"
    assert upgraded.read("drift")["drift"] == []
    aws("lambda").update_alias(
        FunctionName=FUNCTION,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )
    assert upgraded.read("plan")["changes"] == []
    assert upgraded.read("deploy", "--code")["release"]["release"] == "2"


@pytest.mark.soak
def test_each_save_is_released(upgraded: Clone) -> None:
    """A broken one is named, and the last good one keeps serving."""
    process = upgraded.start("deploy", "--code", "--watch", "--output", "json")

    def result() -> Any:
        assert process.stdout
        ready, _, _ = select.select([process.stdout], [], [], _SAVE_LIMIT)
        assert ready, "no save was noticed"
        return json.loads(process.stdout.readline())

    file = upgraded.path / HANDLER
    good = file.read_text()
    try:
        assert result()["release"]["changed"] is False
        file.write_text(good + "# saved\n")
        saved = result()
        assert (saved["files"], saved["release"]["release"]) == (["pages.py"], "3")
        file.write_text(good + "def broken(:\n")
        assert result()["problem"]["code"] == "source-invalid"
        file.write_text(good + "raise ImportError\n")
        assert result()["problem"]["code"] == "version-broken"
        upgraded.succeed("tasks", "list")
        file.write_text(good + "# saved\n")
        assert result()["release"]["release"] == "3"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    finally:
        process.kill()
        process.communicate()
    assert upgraded.read("deploy", "--code")["release"]["checks"] == "not needed"


@pytest.mark.extended
def test_another_architecture_and_memory_are_released(upgraded: Clone) -> None:
    """The plan names them, and a new release has them."""
    variables = {"TF_VAR_lambda_architecture": "x86_64", "TF_VAR_lambda_memory_size": "512"}
    plan = upgraded.read("plan", **variables)
    assert plan["code"]["configuration"] == ["architectures", "memory_size"]
    deployed = upgraded.read("deploy", "--yes", **variables)
    assert (deployed["release"]["outcome"], deployed["release"]["changed"]) == ("proven", True)
    assert upgraded.run("plan", "--detailed-exitcode", **variables).returncode == 0
