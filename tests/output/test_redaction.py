"""Redaction: nothing that is printed has a secret in it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from tasktracker_ops.errors import SAME_COMMAND, Problem, TtOpsError, quoted
from tasktracker_ops.models.emulator import (
    Confirmation,
    ConfirmResult,
    Inbox,
    InboxMessage,
    StopResult,
)
from tasktracker_ops.models.task import TaskList
from tasktracker_ops.output.console import Console
from tasktracker_ops.output.redaction import Redaction
from tasktracker_ops.settings import Settings

from .examples import EMULATOR, TASK

KEY = "wJalr/XUtn'FEMI+K7MDENG\"bPxRfiCY"


def redaction(**environ: str) -> Redaction:
    """Return the redaction of a run with these variables."""
    return Redaction(Settings(environ=environ))


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SESSION_TOKEN",
        "TT_OPS_API_TOKEN",
        "GITHUB_TOKEN",
        "DB_PASSWORD",
        "PGPASSWORD",
        "GH_PAT",
        "client_secret",
    ],
)
def test_values_of_secret_variables_are_masked(name: str) -> None:
    """They are masked anywhere in a text, in every encoding."""
    mask = redaction(**{name: KEY})
    for written in (KEY, repr(KEY), json.dumps(KEY), quote(KEY, safe="")):
        assert "FEMI" not in mask(f"it is {written}, is it not")
    assert mask(f"a {KEY} b {KEY}") == "a *** b ***"


def test_a_secret_of_digits_is_masked() -> None:
    """Only twelve digits, an account id, are kept."""
    assert redaction(DB_PASSWORD="8675309867")("it is 8675309867") == "it is ***"


def test_the_quoted_beginning_of_a_secret_is_masked() -> None:
    """Messages cut off long values."""
    token = "begin" + "0123456789" * 10
    assert redaction(TT_OPS_API_TOKEN=token)(f"{quoted(token)} is wrong") == "'***…' is wrong"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_ACCESS_KEY_ID", "000000000000"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
        ("TT_OPS_TABLE_NAME", "TaskTable"),
    ],
)
def test_other_values_are_kept(name: str, value: str) -> None:
    """Words, account ids and paths are not masked."""
    assert redaction(**{name: value})(f"it is {value}") == f"it is {value}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pass@host/a", "https://***@host/a"),
        ("https://user:p@ss@host", "https://***@host"),
        ("'user:pass@127.0.0.1:25' does not", "'***@127.0.0.1:25' does not"),
        ("key AKIAIOSFODNN7EXAMPLE of", "key *** of"),
        ("Authorization: Bearer abcdefghijklmnopq", "Authorization: Bearer ***"),
        ("the API takes Bearer tokens", "the API takes Bearer tokens"),
        ("repo:octo@583231/hello@1296269:ref:x", "repo:octo@583231/hello@1296269:ref:x"),
        ("repo:password@127.0.0.1:25", "***@127.0.0.1:25"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0", "***"),
        ("?X-Amz-Signature=abc123&x=1", "?X-Amz-Signature=***&x=1"),
        ("ghp_0123456789abcdefghij", "***"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, shown: str) -> None:
    """It need not be the value of a variable."""
    assert redaction()(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to operator@example.com.", "to o…@example.com."),
        ("<first.last+tag@mail.example.co.uk>", "<f…@mail.example.co.uk>"),
        ("Endpoint=o.p%40example.com&x", "Endpoint=o…%40example.com&x"),
        ("grüße@bücher.example", "g…@bücher.example"),
        ("me@host has it", "me@host has it"),
        ("actions/checkout@v4.2.2", "actions/checkout@v4.2.2"),
        ("$ALERT_EMAIL @ 10.0", "$ALERT_EMAIL @ 10.0"),
    ],
)
def test_addresses_are_shortened(text: str, shown: str) -> None:
    """Their owner still recognises them."""
    once = redaction()(text)
    assert once == shown
    assert redaction()(once) == once


def test_addresses_that_shorten_to_the_same_text_are_numbered() -> None:
    """Two recipients remain distinguishable during a run."""
    mask = redaction()
    assert mask("ops@example.com, olga@example.com") == "o…@example.com, o…2@example.com"
    assert mask("olga@example.com") == "o…2@example.com"
    assert mask("OPS@example.com") == "O…@example.com"


def test_an_invalid_address_is_masked_whole() -> None:
    """It was meant as an address."""
    assert redaction(ALERT_EMAIL="canary at example")("canary at example?") == "***?"
    redact = Redaction(Settings(), {"alert_email": "o'neil@example.com"})
    assert redact("no: o'neil@example.com") == "no: ***"


def test_every_text_in_a_result_is_redacted() -> None:
    """Paths and lists are included, and types are kept."""
    confirmed = ConfirmResult((Confirmation("operator@example.com", "topic"),))
    assert redaction().of(confirmed) == ConfirmResult((Confirmation("o…@example.com", "topic"),))
    assert redaction().of({"a": [Path("/x/o@example.com"), 1, None]}) == {
        "a": [Path("/x/o…@example.com"), 1, None]
    }
    assert redaction().of(StopResult(EMULATOR)) == StopResult(EMULATOR)
    problem = Problem("x", "of o@example.com", "do: it")
    assert redaction().of(problem).message == "of o…@example.com"


def test_tasks_and_mail_are_not_redacted() -> None:
    """They are the user's own data."""
    tasks = TaskList((replace(TASK, title="call o@example.com"),))
    assert redaction().of(tasks) is tasks
    mail = InboxMessage(1, "now", "aws@example.com", "o@example.com", "hear", "text", None)
    inbox = Inbox((mail,))
    assert redaction().of(inbox) is inbox


def test_a_command_line_has_variables_for_secrets() -> None:
    """It can be printed, and pasted where the variable is set."""
    words = ["tt-ops", "deploy", "--alert-email", "o@example.com", "--region", "eu-west-3"]
    assert redaction().command(words) == (
        'tt-ops deploy --alert-email "$TT_OPS_ALERT_EMAIL" --region eu-west-3'
    )
    words = ["tt-ops", "tasks", "--api-url=https://u:p@host", "add", "a b"]
    assert redaction().command(words) == "tt-ops tasks --api-url=\"$TT_OPS_API_URL\" add 'a b'"
    assert redaction().command(["tt-ops", "u:pass@host"]) == "tt-ops '***@host'"


@pytest.mark.parametrize("output", ["table", "json"])
def test_an_error_is_printed_without_secrets(
    output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its message, its hint and the command in it are redacted."""
    arguments = ["deploy", "--alert-email", "o@example.com"]
    console = Console(Settings(output=output), {"alert_email": "o@example.com"}, arguments)
    console.error(TtOpsError("x", "not for o@example.com", hint=f"try again: {SAME_COMMAND}"))
    printed = capsys.readouterr().err
    assert "o@example.com" not in printed
    assert "not for o…@example.com" in printed
    assert "$TT_OPS_ALERT_EMAIL" in printed
