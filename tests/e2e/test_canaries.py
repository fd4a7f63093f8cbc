"""No secret that is given to `tt-ops` is in its output, logs, processes, zip, summary or page."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.endpoint import make_backend

from .canaries import Canaries, Watched
from .conftest import Clone, clients

pytestmark = pytest.mark.extended
NO_ADDRESS = {"TT_OPS_ALERT_EMAIL": "", "ALERT_EMAIL": "", "TF_VAR_alert_email": ""}
_FILES = {"tt-ops.toml": "tt-ops.toml", "terraform.tfvars": "terraform/terraform.tfvars"}
_FAILING = """
check "x" {
  assert {
    condition     = length(var.alert_email) > 999
    error_message = var.alert_email
  }
}
resource "terraform_data" "x" {
  input = var.alert_email
  lifecycle {
    precondition {
      condition     = length(var.alert_email) > 999
      error_message = "no: ${nonsensitive(var.alert_email)}"
    }
  }
}
"""


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    """Make new secrets for each run: an old one may be in a shell's history."""
    return Canaries()


@pytest.fixture(scope="module")
def secret_variables(canaries: Canaries) -> Mapping[str, str]:
    """Return the variables of every run."""
    return {
        "TT_OPS_ALERT_EMAIL": canaries.address("TT_OPS_ALERT_EMAIL"),
        "ALERT_EMAIL": canaries.address("ALERT_EMAIL"),
        "TF_VAR_alert_email": canaries.address("TF_VAR_alert_email"),
        "AWS_ACCESS_KEY_ID": canaries.key_id("access key id"),
        "AWS_SECRET_ACCESS_KEY": canaries.mark("secret access key"),
        "AWS_SESSION_TOKEN": canaries.mark("session token"),
        "TT_OPS_API_TOKEN": canaries.mark("API token"),
        "GITHUB_TOKEN": canaries.mark("token of the job"),
        "HTTPS_PROXY": canaries.url("password of a proxy", "127.0.0.1:9"),
        "NO_PROXY": "127.0.0.1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(scope="module")
def watch(
    make_clone: Callable[..., Clone],
    canaries: Canaries,
    secret_variables: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Watched]:
    """Return a function that makes a clone whose runs are searched."""

    def make(**environment: str) -> Watched:
        folder = tmp_path_factory.mktemp("watched")
        (folder / "tmp").mkdir()
        return Watched(make_clone(**{**secret_variables, **environment}), canaries, folder)

    return make


@pytest.fixture(scope="module")
def local(watch: Callable[..., Watched]) -> Iterator[Watched]:
    """Deploy on the local target, with the address as an option."""
    made = watch(TT_OPS_TARGET="local", TT_OPS_LOCAL_PORT="0")
    address = made.canaries.address("--alert-email")
    made.run("deploy", "--yes", "--verbose", "--alert-email", address)
    yield made
    made.clone.run("local", "down")


def test_no_command_prints_a_secret(local: Watched) -> None:
    """No command has a secret in its output, in any form, or in the files that it leaves."""
    page = local.folder / "page.html"
    local.run("local", "confirm")
    for arguments in (
        ["build"],
        ["bootstrap", "--yes"],
        ["status"],
        ["status", "--output", "json"],
        ["alarms", "--history"],
        ["outputs", "--output", "json"],
        ["logs"],
        ["metrics", "--output", "json"],
        ["dashboard", "--html", str(page)],
        ["trigger-error"],
        ["tasks", "add", "one"],
        ["tasks", "list", "--output", "json"],
        ["tasks", "list", "--output", "csv"],
        ["local", "status"],
        ["deploy", "--help"],
    ):
        local.run(*arguments, code=None if arguments[0] == "status" else 0)
    local.run("unlock", "7d2f1c52-3f0e-6c1e-5f0b-0c8f7a9e4b11", "--yes", code=1)
    assert page.stat().st_size > 1000
    local.search_files()
    assert local.leaks == []


@pytest.mark.parametrize(
    ("source", "form"),
    [("TT_OPS_ALERT_EMAIL", "json"), ("tt-ops.toml", "markdown"), ("terraform.tfvars", "table")],
)
def test_address_from_every_source_stays_secret(local: Watched, source: str, form: str) -> None:
    """Terraform plans with the address, which is in no output, with --verbose and TF_LOG."""
    address = local.canaries.address(source)
    file = _FILES.get(source)
    if file is not None:
        (local.clone.path / file).write_text(f'alert_email = "{address}"\n')
    log = str(local.folder / "trace.log")
    printed = local.run(
        *("plan", "--verbose", "--output", form),
        **(NO_ADDRESS if file else {}),
        TF_LOG="trace",
        TF_LOG_PATH=log,
    )
    if file is not None:
        (local.clone.path / file).unlink()
    assert "aws_sns_topic_subscription" in printed
    local.search_files()
    assert local.leaks == []


def test_no_failure_prints_a_secret(local: Watched) -> None:
    """Errors in options, types, files, addresses and of Terraform repeat no secret."""
    mark, address = local.canaries.mark, local.canaries.address
    url = local.canaries.url("password of --api-url", "127.0.0.1:9")
    for arguments, code in (
        (["plan", f"--alert-emial={address('a misspelt option')}"], 2),
        (["plan", "--alert-emial", address("a misspelt option")], 2),
        (["plan", address("an argument too many")], 2),
        ([address("a command")], 2),
        (["plan", "--lock-timeout", address("a wrong type")], 2),
        (["plan", "--region", address("a region")], 4),
        (["--profile", address("a profile"), "--target", "aws", "plan"], 4),
        (["deploy", "--alert-email", address("no confirmation")], 2),
        (["plan", "--alert-email", mark("no address")], 4),
        (["deploy", "--yes", "--verbose", "--alert-email", f"a'{address('odd address')} x"], 4),
        (["tasks", "--api-url", url, "list"], 1),
        (["--verbose", "tasks", "--api-url", url, "list", "--output", "json"], 1),
        (["tasks", "--api-url", f"ftp://x:{mark('password of ftp')}@h", "list"], 4),
        (["--target", "aws", "outputs"], None),
    ):
        local.run(*arguments, code=code)
    endpoint = local.canaries.url("password of the endpoint", "127.0.0.1:9")
    for verb in (["status"], ["deploy", "--yes", "--verbose"], ["outputs", "--output", "json"]):
        local.run("--target", "aws", *verb, code=None, AWS_ENDPOINT_URL=endpoint)
    file = local.clone.path / "tt-ops.toml"
    for content in (
        f"alert_email = {address('toml without quotes')}\n",
        f'alert_email = "{address("toml, half a quote")}\n',
        f'alert_email = ["{address("toml of the wrong type")}"]\n',
        f'api_token = "{mark("token in toml")}"\n',
        f'"{address("toml, a key")}" = 1\n',
        f'[env.Staging]\nalert_email = "{address("toml, an invalid environment")}"\n',
    ):
        file.write_text(content)
        local.run("plan", code=4, **NO_ADDRESS)
    file.unlink()
    failing = local.clone.path / "terraform" / "failing.tf"
    failing.write_text(_FAILING)
    assert "precondition failed" in local.run("deploy", "--yes", "--verbose", code=1)
    failing.unlink()
    local.search_files()
    assert local.leaks == []


def test_followed_log_prints_no_secret(local: Watched) -> None:
    """`logs --follow` prints no secret until it is interrupted."""
    local.run("logs", "--follow", "--verbose", code=130, follows=True)
    local.run("logs", "--follow", "--api", "--output", "json", code=130, follows=True)
    assert local.leaks == []


def test_held_lock_prints_no_secret(local: Watched) -> None:
    """Neither a command that meets the lock nor `unlock` prints its holder's address."""
    lock_id = "7d2f1c52-3f0e-6c1e-5f0b-0c8f7a9e4b11"
    lock = {
        "ID": lock_id,
        "Operation": "OperationTypeApply",
        "Who": local.canaries.address("who holds the lock"),
        "Version": "1.11.4",
        "Created": "2026-01-02T03:04:05.609165317Z",
        "Path": "task-tracker-terraform-state/infra/terraform.tfstate",
    }
    clients(local.clone)("dynamodb").put_item(
        TableName="terraform-locks",
        Item={"LockID": {"S": lock["Path"]}, "Info": {"S": json.dumps(lock)}},
    )
    assert lock_id in local.run("plan", "--verbose", code=1)
    assert lock_id in local.run("plan", "--output", "json", code=1)
    local.run("status", code=None)
    local.run("unlock", lock_id, "--yes", "--verbose")
    local.search_files()
    assert local.leaks == []


def test_destroy_and_stop_print_no_secret(local: Watched) -> None:
    """Neither `destroy` nor an emulator that stops, is killed or cannot start prints one."""
    local.run("destroy", "--confirm", "default", "--verbose")
    local.run("local", "down")
    local.run("status", code=1)
    local.run("local", "up", "--verbose")
    state = local.clone.path / ".tt-ops" / "local" / "server.json"
    os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
    local.run("status", "--verbose", code=1)
    state.unlink()
    state.mkdir()
    assert "IsADirectoryError" in local.run("local", "up", "--verbose", code=1)
    state.rmdir()
    local.search_files()
    assert local.leaks == []


def test_account_gets_no_secret(
    watch: Callable[..., Watched], canaries: Canaries, endpoint: str
) -> None:
    """On the aws target, no command prints keys or addresses of variables or of a profile."""
    account = watch(AWS_ENDPOINT_URL=endpoint, TT_OPS_TARGET="aws")
    make_backend(endpoint)
    credentials = account.folder / "credentials"
    credentials.write_text(
        f"[canary]\naws_access_key_id = {canaries.key_id('access key id of a profile')}\n"
        f"aws_secret_access_key = {canaries.mark('secret access key of a profile')}\n"
        f"aws_session_token = {canaries.mark('session token of a profile')}\n"
    )
    profile = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "TF_LOG": "debug"}
    account.run("deploy", "--yes", "--checks", "none", "--verbose", "--output", "json")
    account.run("--profile", "canary", "plan", "--verbose", **profile)
    for verb in ("status", "outputs", "logs", "metrics", "alarms"):
        account.run("--profile", "canary", verb, "--verbose", code=None, **profile)
    account.run("plan", code=4, **NO_ADDRESS)
    account.run("outputs", "--region", "eu-west-1", code=1)
    credentials.write_text(f"[canary\naws_secret_access_key {canaries.mark('a broken profile')}\n")
    account.run("--profile", "canary", "outputs", "--verbose", code=4, **profile)
    account.search_files("credentials")
    assert account.leaks == []
