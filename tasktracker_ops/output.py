"""Everything the user sees: results on stdout, progress, notes and errors on stderr."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

import click

from .errors import TtOpsError
from .models import (
    Bootstrapped,
    Deployed,
    Deployment,
    Destroyed,
    LocalServer,
    Package,
    Plan,
    Removed,
    ResourceChange,
    Stopped,
    Task,
    Tasks,
    TerraformEvent,
)
from .settings import Settings

_CLEAR_LINE = "\r\x1b[K"
# What a terminal would act upon instead of showing it: C0 and C1 controls, and changes of direction
# (https://unicode.org/reports/tr9/).
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SIGNS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
    "import": ("→", "cyan"),
}

_DONE = {
    "create": "created",
    "update": "changed",
    "replace": "replaced",
    "delete": "deleted",
    "import": "imported",
}
# Which of a command's own options say where it goes.
_BACKEND = ("--state-bucket", "--lock-table")
_OPTIONS = {
    **dict.fromkeys(("bootstrap", "plan", "deploy", "unlock", "destroy"), _BACKEND),
    "tasks": ("--api-url",),
}


class Console:
    """Renders results, errors and progress (it is the CLI's `Reporter`)."""

    def __init__(self, settings: Settings, typed: Mapping[str, Any] | None = None) -> None:
        """`typed` are the options on the command line, by the names of their settings."""
        typed = typed or {}
        self._json = settings.output == "json"
        self._verbose = settings.verbose
        self._quiet = settings.quiet
        self._color = False if settings.no_color else None
        target = None if settings.target == "aws" else settings.target
        self._where = {
            "--project-dir": typed.get("project_dir"),
            "--target": target,
            "--profile": settings.profile,
            "--region": settings.region,
        }
        self._typed = {f"--{name.replace('_', '-')}": value for name, value in typed.items()}
        self._watched = sys.stderr.isatty() and not settings.quiet
        # A dumb terminal cannot take a line back.
        self._live = self._watched and settings.environ.get("TERM") != "dumb"
        self._transient = self._kept = False
        self._total = 0
        self._finished: set[str] = set()
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")

    # Results

    def emit(self, result: Any) -> None:
        """Print a result in the chosen form."""
        self._clear()
        if self._kept and not self._json:
            self._say("")
        text = _json(result) if self._json else self.text(result)
        click.echo(text, color=self._color)

    def error(self, error: TtOpsError) -> None:
        """Print an error: what happened, and what to type next."""
        self._clear()
        hint = self._placed(error.hint)
        if self._json:
            content = {"code": error.code, "message": error.message, "hint": hint}
            click.echo(_json({"error": content}), err=True)
            return
        message = _visible(error.message, keep="\n")
        self._say(click.style("Error: ", fg="red", bold=True) + message)
        self._say(click.style("Hint:  ", fg="cyan") + _visible(hint))

    def _placed(self, hint: str) -> str:
        """The hint, its command sent to where this run went: from the sandbox to no account."""
        reason, colon, command = hint.rpartition(": ")
        program, _, rest = command.partition(" ")
        return f"{reason}{colon}{self._command(rest)}" if program == "tt-ops" else hint

    def _command(self, rest: str) -> str:
        """A command line of ours that goes to where this run went."""
        name, _, arguments = rest.partition(" ")
        where = self._where if name != "local" else {**self._where, "--target": None}
        own = {option: self._typed.get(option) for option in _OPTIONS.get(name, ())}
        words = ["tt-ops", *_missing(where, rest), name, *_missing(own, rest), arguments]
        return " ".join(word for word in words if word)

    @singledispatchmethod
    def text(self, result: Any) -> str:
        """The result for people."""
        raise TypeError(f"no text for {type(result).__name__}")

    @text.register
    def _(self, result: Package) -> str:
        state = "built" if result.changed else "up to date"
        return "\n".join(
            [
                f"{result.path.name} {state}",
                "",
                *(f"  {name}" for name in result.files),
                "",
                _pairs({"size": f"{result.size:,} bytes", "sha256": result.sha256}),
            ]
        )

    @text.register
    def _(self, result: Plan) -> str:
        if result.empty:
            return "No changes: what is deployed is what the project says."
        return "\n".join([*map(_change_line, result.changes), "", f"Plan: {_counts(result)}."])

    @text.register
    def _(self, result: Bootstrapped) -> str:
        state = "as it should be" if result.plan.empty else _counts(result.plan, done=True)
        rows = {"state bucket": result.bucket, "lock table": result.lock_table}
        return f"State backend: {state}.\n\n{_pairs(rows)}"

    @text.register
    def _(self, result: Deployed) -> str:
        if result.plan.empty:
            first = "Nothing to do: what is deployed is what the project says."
        else:
            first = f"Deployed: {_counts(result.plan, done=True)}."
        rows = {
            "runs on": result.target,
            "API": result.deployment.api_url,
            "console": result.console_url,
            "version": result.version or "none",
            "smoke check": result.smoke,
        }
        access = (
            "The API is public: whoever knows its address may call it."
            if result.public
            else f"Callers of the API identify themselves ({result.deployment.api_auth})."
        )
        steps = ("tasks add 'Try the Task Tracker'", "tasks list", "outputs")
        following = "\n".join(f"  {self._command(step)}" for step in steps)
        return f"{first}\n\n{_pairs(rows)}\n\n{access}\n\nNext:\n{following}"

    @text.register
    def _(self, result: Deployment) -> str:
        rows = asdict(result) | {"alarm_names": ", ".join(result.alarm_names)}
        return _pairs(rows)

    @text.register
    def _(self, result: Destroyed) -> str:
        removed = (
            "Nothing to remove."
            if result.plan.empty
            else f"Removed {result.plan.destroy} resources."
        )
        kept = "is gone too" if result.backend else "stays"
        return f"{removed} The state backend {kept}."

    @text.register
    def _(self, result: LocalServer) -> str:
        return _pairs(
            {
                "state": "running (an emulation of AWS, on this machine only)",
                "endpoint": result.url,
                "console": result.console_url,
                "process": str(result.pid),
                "since": result.started_at,
                "log": str(result.log_path),
            }
        )

    @text.register
    def _(self, result: Task) -> str:
        return _pairs({name: value for name, value in asdict(result).items() if value is not None})

    @text.register
    def _(self, result: Tasks) -> str:
        if not result.tasks:
            return "No tasks yet. Add one: " + self._command("tasks add 'Try the Task Tracker'")
        # Ids and states are told apart by eye only in columns, which a long title would break.
        width = shutil.get_terminal_size().columns - 52 if sys.stdout.isatty() else None
        rows = [(t.task_id, t.status, _shortened(t.title, width)) for t in result.tasks]
        return _table(("id", "status", "title"), rows)

    @text.register
    def _(self, result: Removed) -> str:
        return f"Removed {_visible(result.task_id)}."

    @text.register
    def _(self, result: Stopped) -> str:
        if result.server is None:
            return "The embedded AWS was not running."
        return f"Stopped the embedded AWS at {result.server.url}; what it held is gone."

    # Progress: the Reporter protocol

    def doing(self, what: str) -> None:
        """Show the work under way, where somebody watches."""
        self._show(_visible(what) + " …")

    def done(self, what: str) -> None:
        """Keep a line of what is done, where somebody watches or asked for it."""
        self._keep(click.style("✓ ", fg="green") + _visible(what))

    def note(self, what: str) -> None:
        """Say what the user should know, unless a program reads the errors as JSON."""
        self._clear()
        if self._watched or not (self._quiet or self._json):
            self._say(_visible(what, keep="\n"))

    def plan(self, plan: Plan, of: str) -> None:
        """Show what is about to change; `of` names the stack."""
        self._total, self._finished = len(plan.changes), set()
        for change in plan.changes:
            self._keep("  " + _change_line(change))
        self._keep(f"Plan for the {of}: {_counts(plan)}.")

    def terraform(self, event: TerraformEvent) -> None:
        """Count finished resources and show the one that moves."""
        seconds = f" {event.elapsed}s" if event.elapsed else ""
        if event.kind == "complete":
            # A replaced resource is completed twice.
            self._finished.add(event.address)
            done = _DONE.get(event.action, event.action)
            self._keep(click.style("  ✓ ", fg="green") + f"{done:<9}{event.address}{seconds}")
        elif event.kind == "errored":
            self._keep(click.style("  ✗ ", fg="red") + f"{'failed':<9}{event.address}")
        elif event.kind in {"started", "progress"}:
            self._show(f"{len(self._finished)}/{self._total} {event.address}{seconds}")
        elif event.kind == "message":
            # Such as a provider on its way, which takes a minute on a slow line.
            self._show(_visible(event.message))
        elif event.kind == "notice":
            self.note(event.message)
        elif event.kind == "warning" and self._verbose:
            self._keep(f"  {_visible(event.message)}")

    def download(self, received: int, total: int | None) -> None:
        """Show how far a download is."""
        of_total = f" of {total / 1e6:.0f}" if total else ""
        self._show(f"downloading: {received / 1e6:.0f}{of_total} MB")

    def _show(self, line: str) -> None:
        """A line that the next one takes the place of."""
        if self._live:
            self._clear()
            # A wrapped line could not be taken back.
            width = shutil.get_terminal_size().columns - 1
            click.echo(click.style(line[:width], dim=True), nl=False, err=True, color=self._color)
            self._transient = True

    def _keep(self, line: str) -> None:
        if self._watched or (self._verbose and not self._quiet):
            self._clear()
            self._say(line)
            self._kept = True

    def _clear(self) -> None:
        if self._transient:
            sys.stderr.write(_CLEAR_LINE)
            self._transient = False

    def _say(self, text: str) -> None:
        click.echo(text, err=True, color=self._color)


def _missing(options: Mapping[str, str | None], line: str) -> list[str]:
    """The options, as words to type, that a command line does not have yet."""
    there = line.split()
    given = [(name, value) for name, value in options.items() if value and name not in there]
    return [word for name, value in given for word in (name, shlex.quote(value))]


def _json(value: Any) -> str:
    # In JSON a control character can only stand inside a string, where its escape means the same.
    text = json.dumps(_plain(value), ensure_ascii=False, indent=2)
    return _CONTROLS.sub(lambda c: c[0] if c[0] == "\n" else f"\\u{ord(c[0]):04x}", text)


def _plain(value: Any) -> Any:
    """What `json` can write: data classes as objects, paths as text."""
    if isinstance(value, Tasks):
        return [_plain(task) for task in value.tasks]
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(item) for name, item in asdict(value).items()}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _change_line(change: ResourceChange) -> str:
    sign, color = _SIGNS.get(change.action, ("?", "white"))
    return click.style(f"{sign} {change.action:<8}", fg=color) + change.address


def _counts(plan: Plan, *, done: bool = False) -> str:
    words = ("added", "changed", "destroyed") if done else ("to add", "to change", "to destroy")
    numbers = (plan.add, plan.change, plan.destroy)
    text = ", ".join(f"{number} {word}" for number, word in zip(numbers, words, strict=True))
    imported = sum(change.action == "import" for change in plan.changes)
    return f"{imported} {'imported' if done else 'to import'}, {text}" if imported else text


def _pairs(rows: dict[str, Any]) -> str:
    from tabulate import tabulate

    shown = [(name, _visible(value, keep="\n")) for name, value in rows.items()]
    return tabulate(shown, tablefmt="plain", disable_numparse=True)


def _shortened(text: str | None, width: int | None) -> str | None:
    """The text in at most `width` columns, but never less than 20; None leaves it whole."""
    if text is None or width is None or len(text) <= max(width, 20):
        return text
    return text[: max(width, 20) - 1] + "…"


def _table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    from tabulate import tabulate

    shown = [[_visible(cell) for cell in row] for row in rows]
    return tabulate(shown, headers=headers, tablefmt="simple", disable_numparse=True)


def _visible(value: Any, *, keep: str = "") -> str:
    """The text of a value, with what a terminal would act upon as `\\x1b` and the like."""
    text = "" if value is None else str(value)
    return _CONTROLS.sub(lambda found: found[0] if found[0] in keep else repr(found[0])[1:-1], text)
