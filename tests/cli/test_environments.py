"""`environments`, its prune and the confirmation of a destroy, in an account that moto has."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tasktracker_ops.app import App
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import load

from .conftest import DESCRIPTION, KEYS, Client, Run, error_of

InProject = Callable[..., Result]


@pytest.fixture
def run_there(run: Run, endpoint: str, project: Path) -> InProject:
    """Run a command in an empty project, in the account."""
    return partial(run, AWS_ENDPOINT_URL=endpoint, **KEYS)


def _describe(client: Client, name: str, **changes: Any) -> None:
    client("ssm").put_parameter(
        Name=f"/task-tracker/{name}/deployment",
        Value=json.dumps({**DESCRIPTION, "function_name": f"tracker-{name}", **changes}),
        Type="String",
        Overwrite=True,
    )


def _make_topic(client: Client, name: str, **tags: str) -> None:
    tags = {"Project": "task-tracker", "ManagedBy": "tt-ops", "Environment": name, **tags}
    client("sns").create_topic(
        Name=f"task-tracker-alerts-{name}",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


def _environments(result: Result) -> dict[str, dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return {each["name"]: each for each in json.loads(result.stdout)["environments"]}


def test_nothing_is_listed_before_a_deploy(run_there: InProject) -> None:
    """The command that makes the first environment is."""
    result = run_there("environments")
    assert result.stdout == "Nothing is deployed. Deploy the project: tt-ops deploy\n"


def test_every_environment_is_listed(
    run_there: InProject, client: Client, describe: Callable[..., None]
) -> None:
    """The default one first; one that has resources and no description, too."""
    describe()
    _describe(client, "staging")
    _describe(client, "pr-7", temporary=True)
    _describe(client, "newer", schema=99)
    _make_topic(client, "pr-8", Temporary="true")
    client("ssm").put_parameter(Name="/task-tracker/other", Value="{}", Type="String")
    found = _environments(run_there("environments", "--output", "json"))
    assert list(found) == ["default", "newer", "pr-7", "pr-8", "staging"]
    assert {name for name, each in found.items() if each["temporary"]} == {"pr-7", "pr-8"}
    assert {name for name, each in found.items() if each["expires_at"]} == {"pr-7"}
    assert {name for name, each in found.items() if each["api"] is None} == {"newer", "pr-8"}
    assert found["staging"]["deployed_at"].endswith("Z")
    assert found["pr-8"]["age_seconds"] is None
    # Moto has no data plane, and the account no function.
    assert not any(each["healthy"] for each in found.values())
    lines = run_there("environments").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == list(found)


def test_an_environment_that_cannot_be_destroyed_does_not_keep_the_others(
    run_there: InProject, client: Client
) -> None:
    """Only what is temporary and old is destroyed; what failed is named, with what to type."""
    _describe(client, "pr-7", temporary=True)
    _describe(client, "pr-9", temporary=True)
    _describe(client, "staging")
    _make_topic(client, "pr-7")  # there is no state backend to destroy it with
    now = ("environments", "prune", "--older-than", "0.001s", "--output", "json")
    planned = json.loads(run_there(*now, "--dry-run").stdout)
    assert (planned["destroyed"], planned["dry_run"]) == (["pr-7", "pr-9"], True)
    assert "staging" not in planned["kept"]  # only temporary ones are looked at
    later = json.loads(run_there("environments", "prune", "--output", "json").stdout)
    assert (later["destroyed"], later["kept"][:2]) == ([], ["pr-7", "pr-8"])
    assert run_there(*now).exit_code == 2
    result = run_there(*now, "--yes")
    assert result.exit_code == 1
    pruned = json.loads(result.stdout)
    assert pruned["destroyed"] == ["pr-9"]
    (problem,) = pruned["problems"]
    assert problem["message"].startswith("the environment 'pr-7' was not destroyed: 1 resource")
    assert problem["hint"].endswith(": tt-ops environments destroy pr-7")


def test_prune_needs_names_that_are_the_environments_own(
    run_there: InProject,
) -> None:
    """A variable would give all environments the same state."""
    arguments = ("environments", "prune", "--output", "json")
    result = run_there(*arguments, TT_OPS_STATE_KEY="mine.tfstate")
    error = error_of(result)
    assert (error["code"], result.exit_code) == ("setting-shared", 4)
    assert error["hint"].endswith(": unset TT_OPS_STATE_KEY")


@pytest.mark.parametrize(
    ("env", "flags", "temporary"),
    [
        ("pr-5", {}, True),
        ("pr-5", {"temporary": False}, False),
        ("prod", {}, False),
        ("prod", {"temporary": True}, True),
        ("new", {}, False),
        ("default", {}, None),
    ],
)
def test_an_environment_stays_temporary_unless_said_again(
    client: Client,
    endpoint: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    env: str,
    flags: dict[str, Any],
    temporary: bool | None,
) -> None:
    """What its description says is what Terraform gets; the default one is never asked."""
    _describe(client, "pr-5", temporary=True)
    _describe(client, "prod")
    flags = {"env": env, "project_dir": project, **flags}
    for name, value in {"AWS_ENDPOINT_URL": endpoint, **KEYS}.items():
        monkeypatch.setenv(name, value)
    settings = load(flags)
    app = App(settings, Console(settings), lambda question: False)
    expected = {None: None, True: sha256(b"true"), False: sha256(b"false")}[temporary]
    digest = app.stacks.configuration().get("var.temporary")
    assert digest == (expected and expected.hexdigest()[:12])


def test_the_default_environment_cannot_be_temporary(run_there: InProject) -> None:
    """A prune would destroy it."""
    result = run_there(
        *("deploy", "--temporary", "--alert-email", "a@example.com", "--output", "json")
    )
    assert error_of(result)["code"] == "environment-not-temporary"


@pytest.fixture(scope="module")
def protected_table(client: Client) -> None:
    """Make the table of the environment protected, which nothing may delete by accident."""
    client("dynamodb").create_table(
        TableName="TaskTable-protected",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "task_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "task_id", "KeyType": "HASH"}],
        DeletionProtectionEnabled=True,
    )


@pytest.mark.usefixtures("protected_table")
@pytest.mark.parametrize("name", ["default", "protected", "pr-1"])
def test_yes_does_not_destroy_what_takes_a_name(run_there: InProject, name: str) -> None:
    """That is the default environment, and one whose table is protected from deletion."""
    command = ["--env", name, "destroy", "--backend", "--yes", "--output", "json"]
    result = run_there(*command)
    if name == "pr-1":
        assert result.exit_code == 0, result.stderr
        return
    error = error_of(result)
    assert (error["code"], result.exit_code) == ("confirmation-needed", 2)
    assert error["hint"].endswith(f": tt-ops {' '.join(command)} --confirm {name}")
    assert run_there(*command, "--confirm", name).exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["environments", "destroy", "pr-7", "--confirm", "pr-8"],
        ["environments", "destroy", "pr-7", "--env", "pr-8"],
        ["--env", "pr-8", "environments", "destroy", "pr-7"],
    ],
)
def test_two_names_destroy_nothing(run_there: InProject, arguments: list[str]) -> None:
    """Which one was meant is not guessed."""
    result = run_there(*arguments, "--yes")
    assert result.exit_code == 2
    assert "'pr-8'" in result.stderr or "--env pr-8" in result.stderr
