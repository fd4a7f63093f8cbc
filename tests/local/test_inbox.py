"""`local inbox` and `local confirm`, with a running emulator."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from tasktracker_ops.cli.main import cli
from tasktracker_ops.local import process
from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tasktracker_ops.settings import PROJECT_MARKERS

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty project whose emulator runs."""
    folder = tmp_path_factory.mktemp("project")
    for name in PROJECT_MARKERS:
        (folder / name).mkdir()
    process.start(folder / ".tt-ops" / "local", 0)
    yield folder
    process.stop(folder / ".tt-ops" / "local")


@pytest.fixture(scope="module")
def sns(project: Path) -> Any:
    """A client of the emulator's SNS."""
    server = process.find(project / ".tt-ops" / "local")
    assert server is not None
    return boto3.client(
        "sns",
        endpoint_url=server.url,
        region_name="eu-west-3",
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    )


@pytest.fixture
def run(project: Path) -> Run:
    """Run a command in the project, with nothing of the user's environment."""
    cleared = {name: None for name in os.environ if name.startswith("TT_OPS_")}

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--project-dir", str(project), *arguments], env=cleared)

    return call


def _json(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_pending_subscription_is_confirmed_and_gets_messages(run: Run, sns: Any) -> None:
    """The inbox is empty, has the confirmation's mail, then a notification."""
    assert run("local", "inbox").stdout == "No mail.\n"
    assert _json(run("local", "inbox", "--output", "json")) == {"mails": []}
    topic = sns.create_topic(Name="task-tracker-alerts")["TopicArn"]
    for address in ("a@example.com", "b@example.com", "b@example.com"):
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    listed = run("local", "inbox").stdout
    assert listed.splitlines()[0].split() == ["id", "sent", "to", "subject"]
    assert "AWS Notification - Subscription Confirmation" in listed
    assert listed.endswith("local confirm\n")

    answer = run("local", "confirm", "a@example.com")
    assert answer.stdout == f"Confirmed: a…@example.com receives messages of {topic}.\n"
    refused = run("local", "confirm", "a@example.com")
    assert refused.exit_code == 1
    assert refused.stderr.startswith(
        "Error: no subscription of 'a…@example.com' to the topic 'task-tracker-alerts' is pending "
    )
    other = run("--env", "staging", "local", "confirm")
    assert "to the topic 'task-tracker-alerts-staging' is pending" in other.stderr
    confirmed = _json(run("local", "confirm", "--output", "json"))
    assert confirmed == {"confirmed": [{"endpoint": "b…@example.com", "topic": topic}]}
    assert (
        "Error: no subscription to the topic 'task-tracker-alerts' is"
        in run("local", "confirm").stderr
    )

    sns.publish(TopicArn=topic, Subject="Hear", Message="one\ntwo\x1b[31m")
    mails = _json(run("local", "inbox", "--output", "json"))["mails"]
    assert [mail["to"] for mail in mails[:2]] == ["b@example.com", "a@example.com"]
    newest = mails[0]
    assert set(newest) == {"id", "sent_at", "sender", "to", "subject", "text", "confirm_url"}
    assert (newest["subject"], newest["confirm_url"]) == ("Hear", None)
    assert "local confirm" not in run("local", "inbox").stdout

    assert newest["sent_at"].endswith("Z")
    assert newest["sent_at"] in run("local", "inbox").stdout
    shown = run("local", "inbox", str(newest["id"])).stdout
    assert "from     AWS Notifications <no-reply@sns.amazonaws.com>\n" in shown
    assert "\n\none\ntwo\\x1b[31m\n\n--\n" in shown
    assert _json(run("local", "inbox", str(newest["id"]), "--output", "json")) == newest


def test_a_missing_message_is_an_error(run: Run) -> None:
    """The hint is the command that lists the inbox."""
    result = run("local", "inbox", "999")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: there is no message 999 in the inbox\nHint:")
    assert run("local", "inbox", "first").exit_code == 2


def test_without_an_emulator_there_is_no_inbox(tmp_path: Path) -> None:
    """The error is that of all commands that need the emulator."""
    for name in PROJECT_MARKERS:
        (tmp_path / name).mkdir()
    for command in ("inbox", "confirm"):
        arguments = ["--project-dir", str(tmp_path), "--output", "json", "local", command]
        result = CliRunner().invoke(cli, arguments)
        assert json.loads(result.stderr)["error"]["code"] == "local-not-running"
