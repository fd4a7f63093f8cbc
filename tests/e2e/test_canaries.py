"""Secrets put in at every door come out at none: output, logs, processes, zip, summary, page."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
import pytest
import requests

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone

_FILES = {"tt-ops.toml": "tt-ops.toml", "terraform.tfvars": "terraform/terraform.tfvars"}
_UNSET = {"TT_OPS_ALERT_EMAIL": "", "ALERT_EMAIL": "", "TF_VAR_alert_email": ""}
_FAILING = """
check "x" {
  assert {
    condition     = false
    error_message = var.alert_email
  }
}
resource "terraform_data" "x" {
  input = var.alert_email
  lifecycle {
    precondition {
      condition     = length(var.alert_email) > 999
      error_message = "no: ${var.alert_email}"
    }
  }
}
"""
_LARGEST = 50_000_000  # bytes; only the provider is larger


class Canaries:
    """Secrets that exist nowhere else, by the door that they are put in at."""

    def __init__(self) -> None:
        self.marks: dict[str, str] = {}

    def mark(self, door: str) -> str:
        """The text to look for."""
        return self.marks.setdefault(door, f"c{token_hex(9)}")

    def address(self, door: str) -> str:
        """An e-mail address."""
        return f"{self.mark(door)}@example.com"

    def key_id(self, door: str) -> str:
        """An access key id."""
        return f"AKIA{self.mark(door).upper()}"

    def url(self, door: str, host: str) -> str:
        """A URL with a password in it."""
        return f"http://someone:{self.mark(door)}@{host}"

    def found_in(self, content: str | bytes) -> set[str]:
        """The doors whose secrets are in a content, as they are or in base64."""
        data = content.encode(errors="replace") if isinstance(content, str) else content
        lower = data.lower()
        return {
            door
            for door, mark in self.marks.items()
            if mark.encode() in lower
            or b64encode(mark.encode())[:-4] in data
            or quote(mark).encode() in lower
        }


@dataclass
class Watched:
    """A clone whose every run is looked at: what it says, its summary, and its children."""

    clone: Clone
    canaries: Canaries
    folder: Path
    leaks: list[tuple[Any, ...]] = field(default_factory=list)
    codes: dict[tuple[str, ...], int] = field(default_factory=dict)

    def run(self, *arguments: str, code: int | None = 0, **environment: str) -> str:
        """Run `tt-ops` in CI; returns what it said."""
        summary = self.folder / "summary.md"
        summary.write_text("")
        variables = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(summary),
            "TMPDIR": str(self.folder / "tmp"),
            **environment,
        }
        process = self.clone.start(*arguments, **variables)
        with process, _sampling(process.pid) as lines:
            out, err = process.communicate(timeout=240)
        places = {"stdout": out, "stderr": err, "summary": summary.read_text()}
        places |= {f"command line of {line[:40]!r}": line for line in lines}
        for place, content in places.items():
            if doors := self.canaries.found_in(content):
                self.leaks.append((arguments, place, doors, _around(content, self.canaries)))
        said = f"{out}{err}"
        assert code is None or process.returncode == code, said
        assert "Traceback" not in said or "--verbose" in arguments
        return said

    def files(self, *but: str) -> None:
        """Look through all that was left behind, the zip's files and all; `but` are the doors."""
        for root in (self.clone.path, self.folder):
            for file in root.rglob("*"):
                if file.is_symlink() or not file.is_file() or file.name in but:
                    continue
                if file.stat().st_size < _LARGEST and (doors := self._doors_in(file)):
                    self.leaks.append((str(file), doors))

    def _doors_in(self, file: Path) -> set[str]:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                content = b"\n".join(archive.read(name) for name in archive.namelist())
            return self.canaries.found_in(content)
        return self.canaries.found_in(file.read_bytes())


def _around(content: str, canaries: Canaries) -> str:
    """The first leak with what is around it."""
    places = [content.lower().find(mark) for mark in canaries.marks.values()]
    place = min((p for p in places if p >= 0), default=0)
    return content[max(place - 60, 0) : place + 60]


@contextlib.contextmanager
def _sampling(pid: int) -> Iterator[set[str]]:
    """Collect the command lines of all processes but one, again and again."""
    lines: set[str] = set()
    done = threading.Event()

    def command_line(process: Path) -> str:
        with contextlib.suppress(OSError):
            return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""

    def sample() -> None:
        # Until it executes, a child of it shows the same.
        own = ""
        while not done.is_set():
            own = command_line(Path(f"/proc/{pid}")) or own
            lines.update(map(command_line, Path("/proc").glob("[0-9]*")))
            lines.discard(own)
            time.sleep(0.02)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield lines
    finally:
        done.set()
        thread.join()


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    """New for each run: an old one may be in a shell's history."""
    return Canaries()


@pytest.fixture(scope="module")
def doors(canaries: Canaries) -> Mapping[str, str]:
    """The variables of every run."""
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
    doors: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Watched]:
    """Make a clone that is watched."""

    def make(**environment: str) -> Watched:
        folder = tmp_path_factory.mktemp("watched")
        (folder / "tmp").mkdir()
        return Watched(make_clone(**{**doors, **environment}), canaries, folder)

    return make


@pytest.fixture(scope="module")
def local(watch: Callable[..., Watched]) -> Iterator[Watched]:
    """A deployment on the embedded AWS; the address came by a flag."""
    made = watch(TT_OPS_TARGET="local", TT_OPS_LOCAL_PORT="0")
    address = made.canaries.address("--alert-email")
    made.run("deploy", "--yes", "--verbose", "--alert-email", address)
    yield made
    made.clone.run("local", "down")


def test_no_command_lets_a_secret_out(local: Watched) -> None:
    """Nor does any form of its result, a failure of it, or what it leaves behind."""
    page = local.folder / "page.html"
    local.run("local", "confirm")
    for arguments in (
        ["build"],
        ["bootstrap", "--yes"],
        ["plan"],
        ["plan", "--output", "json"],
        ["plan", "--output", "markdown"],
        ["deploy", "--yes", "--output", "json"],
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
    local.files()
    assert local.leaks == []


def test_the_inbox_shows_addresses(local: Watched) -> None:
    """It is there to be read; its commands take them whole."""
    address = local.canaries.address("--alert-email")
    assert address in local.clone.succeed("local", "inbox")
    nothing = local.clone.run("local", "confirm", address)
    assert local.canaries.found_in(nothing.stdout + nothing.stderr) == set()


@pytest.mark.parametrize("door", ["TT_OPS_ALERT_EMAIL", "tt-ops.toml", "terraform.tfvars"])
def test_an_address_comes_in_by_every_door(local: Watched, door: str) -> None:
    """Terraform plans with it, with --verbose and all that TF_LOG says, and nobody reads it."""
    address = local.canaries.address(door)
    file = _FILES.get(door)
    if file is not None:
        (local.clone.path / file).write_text(f'alert_email = "{address}"\n')
    log = str(local.folder / "trace.log")
    said = local.run(
        *("plan", "--verbose", "--output", "json"),
        **(_UNSET if file else {}),
        TF_LOG="trace",
        TF_LOG_PATH=log,
    )
    if file is not None:
        (local.clone.path / file).unlink()
    assert "aws_sns_topic_subscription" in said
    local.files()
    assert local.leaks == []


def test_what_fails_lets_no_secret_out(local: Watched, doors: Mapping[str, str]) -> None:
    """A wrong spelling, a wrong type, a wrong file, a wrong address, Terraform itself."""
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
        (["plan", "--alert-email", mark("no address")], 1),
        (["deploy", "--yes", "--verbose", "--alert-email", f"a'{address('odd address')} x"], 1),
        (["tasks", "--api-url", url, "list"], 1),
        (["--verbose", "tasks", "--api-url", url, "list", "--output", "json"], 1),
        (["tasks", "--api-url", f"ftp://x:{mark('password of ftp')}@h", "list"], 4),
        (["local", "up", "--smtp", f"someone:{mark('password of --smtp')}@127.0.0.1:25"], 4),
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
        f'[env.staging]\nalert_email = "{address("toml, an unknown environment")}"\n',
    ):
        file.write_text(content)
        local.run("plan", code=4, **_UNSET)
    file.unlink()
    failing = local.clone.path / "terraform" / "failing.tf"
    failing.write_text(_FAILING)
    local.run("deploy", "--yes", "--verbose", code=1)
    failing.unlink()
    local.clone.edit("lambda_function/handler.py", "import api", "raise ImportError\nimport api")
    local.run("deploy", "--yes", "--verbose", code=1)
    local.clone.edit("lambda_function/handler.py", "raise ImportError\n", "")
    local.files()
    assert local.leaks == []


def test_the_function_logs_nothing_of_its_callers(local: Watched) -> None:
    """No header, no body, no query; and it has no secret among its variables."""
    endpoint = json.loads(local.clone.succeed("local", "status", "--output", "json"))["url"]
    api = local.clone.read("outputs")["api_url"]
    mark = local.canaries.mark
    headers = {
        "Authorization": f"Bearer {mark('Authorization')}",
        "Idempotency-Key": mark("Idempotency-Key"),
        "Cookie": f"session={mark('Cookie')}",
        "If-Match": f'"{mark("If-Match")}"',
    }
    for body in ({"title": mark("a title")}, {"title": 1, mark("a field"): 2}, [mark("a list")]):
        requests.post(f"{api}/tasks", json=body, headers=headers, timeout=10)
    query = {"status": mark("a status"), "cursor": mark("a cursor")}
    requests.get(f"{api}/tasks", params=query, headers=headers, timeout=10)
    session = boto3.Session("a", "b", region_name="eu-west-3")
    logs = session.client("logs", endpoint_url=endpoint)
    events = [
        event["message"]
        for group in logs.describe_log_groups()["logGroups"]
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
    ]
    assert len(events) > 8
    assert local.canaries.found_in("\n".join(events)) == set()
    function = session.client("lambda", endpoint_url=endpoint).get_function_configuration(
        FunctionName="task-tracker-function"
    )
    assert local.canaries.found_in(json.dumps(function, default=str)) == set()
    local.files()
    assert local.leaks == []


def test_the_end_lets_no_secret_out(local: Watched) -> None:
    """Neither what is removed nor the embedded AWS that stops."""
    local.run("destroy", "--yes", "--verbose")
    local.run("local", "down")
    local.run("status", code=1)
    local.files()
    assert local.leaks == []


def test_an_account_hears_no_more_than_it_has_to(
    watch: Callable[..., Watched], canaries: Canaries, doors: Mapping[str, str], endpoint: str
) -> None:
    """The same on `--target aws`, with keys from variables and from a profile."""
    account = watch(AWS_ENDPOINT_URL=endpoint, TT_OPS_TARGET="aws")
    session = boto3.Session("a", "b", region_name="eu-west-3")
    session.client("s3", endpoint_url=endpoint).create_bucket(
        Bucket="task-tracker-terraform-state",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-3"},
    )
    session.client("dynamodb", endpoint_url=endpoint).create_table(
        TableName="terraform-locks",
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    credentials = account.folder / "credentials"
    credentials.write_text(
        f"[canary]\naws_access_key_id = {canaries.key_id('access key id of a profile')}\n"
        f"aws_secret_access_key = {canaries.mark('secret access key of a profile')}\n"
        f"aws_session_token = {canaries.mark('session token of a profile')}\n"
    )
    profile = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "TF_LOG": "debug"}
    account.run("deploy", "--yes", "--no-smoke", "--verbose")
    account.run("--profile", "canary", "plan", "--verbose", **profile)
    for verb in ("status", "outputs", "logs", "metrics", "alarms"):
        account.run("--profile", "canary", verb, "--verbose", code=None, **profile)
    account.run("plan", code=4, **_UNSET)
    account.run("outputs", "--region", "eu-west-1", code=1)
    credentials.write_text(f"[canary\naws_secret_access_key {canaries.mark('a broken profile')}\n")
    account.run("--profile", "canary", "outputs", "--verbose", code=4, **profile)
    account.files("credentials")
    assert account.leaks == []
