"""All that is printed: results on stdout; progress, notes and errors on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.plan import Plan, TerraformEvent
from tasktracker_ops.settings import Settings

from .csv_form import as_csv
from .github_actions import Annotations, Groups, escape_workflow_commands, in_ci, is_runner
from .redaction import Redaction
from .results import text
from .screen import Screen
from .streams import abandon_broken
from .text import as_json, change_line, counts, escape_control_characters

if TYPE_CHECKING:
    from .live import LiveLine

_PROGRESS_SECONDS = 0.1
_DONE = {
    "create": "created",
    "update": "changed",
    "replace": "replaced",
    "delete": "deleted",
    "import": "imported",
}


class Console:
    """Renders results, errors and progress (it is the CLI's `Reporter`)."""

    def __init__(
        self,
        settings: Settings,
        typed: Mapping[str, Any] | None = None,
        arguments: Sequence[str] = (),
        destinations: Callable[[str], Iterable[str]] = lambda command: (),
    ) -> None:
        """Take what `Screen` takes."""
        self._json = settings.output == "json"
        self._csv = settings.output == "csv"
        self._markdown = settings.output == "markdown"
        self._verbose = settings.verbose
        self._quiet = settings.quiet
        self._terminal = sys.stderr.isatty()
        # A dumb terminal knows no colours, and cannot take a line back.
        dumb = settings.environ.get("TERM") == "dumb"
        self._github = is_runner(settings.environ)
        self._ci = in_ci(settings.environ) and not self._terminal
        self._color = False if settings.no_color or dumb or self._ci else None
        self.redaction = Redaction(settings, typed)
        self._screen = Screen(settings, typed or {}, arguments, self.redaction, destinations)
        # A program that asked for JSON reads errors as JSON, and gets nothing else on stderr.
        told = self._terminal or self._ci or settings.verbose or not self._json
        self._talks = told and not settings.quiet
        # Without colours no command goes to the terminal.
        self._live = self._terminal and self._color is None and not settings.quiet
        self._summary = settings.environ.get("GITHUB_STEP_SUMMARY")
        self._groups = Groups(self._command)
        self._annotations = Annotations(self._command, settings.environ.get("GITHUB_WORKSPACE"))
        self._kept = self._emitted = False
        self._step = ""
        self._total = 0
        self._next_progress = 0.0
        self._finished: set[str] = set()
        self._warned: set[TerraformEvent] = set()
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")

    # Results

    def emit(self, result: Any) -> None:
        """Print a result in the chosen form."""
        self.end_group()
        if self._kept and self._terminal and not self._json:
            self._say("")
        self._put(self._form(result))
        redacted = self.redaction.of(result)
        if not self._quiet:
            self._annotations.result(redacted, self._screen.hint)
        self._summarise(redacted)

    def stream(self, results: Iterable[Any]) -> None:
        """Print results as they come: each a text, or an object on a line of its own."""
        for result in results:
            self.end_group()
            self._put(self._form(result, indent=None))

    def redraw(self, results: Iterable[Any]) -> None:
        """Print each result in the place of the one before, where a terminal can show that.

        The last one stays when it ends.
        """
        if self._json or self._color is False or self._screen.columns is None:
            self.stream(results)
            return
        from .live import live_screen

        shown = ""
        try:
            with live_screen(sys.stdout) as draw:
                for result in results:
                    shown = self._form(result)
                    draw(shown)
        finally:
            if shown:
                self._put(shown)

    def error(self, error: TtOpsError) -> None:
        """Print an error: what happened, and what to type next.

        As JSON it goes to stderr; in CI, where stderr has more than that, it is its last line, and
        the object on stdout where there is no other.
        """
        self.end_group()
        hint = self._screen.hint(self.redaction(error.hint))
        problem = Problem(
            error.code, self._shown(error.message, keep="\n"), escape_control_characters(hint)
        )
        self._summarise(problem)
        self._annotations.problem("error", problem, self.redaction.of(error.findings))
        if not (self._json or self._github):
            self._say(click.style("Error: ", fg="red", bold=True) + problem.message)
            self._say(click.style("Hint:  ", fg="cyan") + problem.hint)
        if self._json:
            content = {"code": error.code, "message": self.redaction(error.message), "hint": hint}
            told = as_json({"error": content}, indent=None if self._ci else 2)
            self._say(told)
            if self._ci and not self._emitted:
                try:
                    self._put(told)
                except BrokenPipeError:  # the exit code stays that of the error
                    abandon_broken()

    def trace(self, text: str) -> None:
        """Print where in the code an error came from."""
        self.end_group()
        self._say(self._shown(text, keep="\n").rstrip())

    def end_group(self) -> None:
        """End what is under way: what follows has a line of its own, outside of any group."""
        self._clear()
        self._groups.end()

    def _form(self, result: Any, *, indent: int | None = 2) -> str:
        result = self.redaction.of(result)
        if self._csv:
            return as_csv(result)
        if self._markdown:
            from .markdown import markdown

            return markdown(result, self._screen)
        if self._json:
            return as_json(result, indent=indent, hint=self._screen.hint)
        return text(result, self._screen)

    # Progress: the Reporter protocol

    def doing(self, what: str) -> None:
        """Show the work under way on a terminal; in a log, only where it is one of several steps.

        That is after the first line of the log, or once Terraform is at work.
        """
        self._step = self._shown(what)
        self._groups.prepare(self._step)
        self._show(f"{self._step} …")
        if self._kept:
            self._announce()

    def done(self, what: str) -> None:
        """Print a line for a step that is done."""
        self._groups.end()
        self._keep(click.style("✓ ", fg="green") + self._shown(what))

    def note(self, what: str) -> None:
        """Print what the user should know."""
        self._clear()
        if self._talks:
            self._say(self._shown(what, keep="\n"))

    def plan(self, plan: Plan, of: str) -> None:
        """Show what is about to change; `of` names the stack."""
        plan = self.redaction.of(plan)
        self._total, self._finished = len(plan.changes), set()
        summary = f"Plan for the {of}: {counts(plan)}."
        self._groups.prepare(summary)
        for change in plan.changes:
            self._keep("  " + change_line(change))
        self._groups.end()
        # A group is headed by it already.
        if not (self._github and plan.changes):
            self._keep(summary)

    def terraform(self, event: TerraformEvent) -> None:
        """Count finished resources and show the one that moves."""
        seconds = f" {event.elapsed}s" if event.elapsed else ""
        self._announce()
        if event.kind == "complete":
            # A replaced resource is completed twice.
            self._finished.add(event.address)
            verb = _DONE.get(event.action, event.action)
            self._keep(click.style("  ✓ ", fg="green") + f"{verb:<9}{event.address}{seconds}")
        elif event.kind == "errored":
            self._keep(click.style("  ✗ ", fg="red") + f"{'failed':<9}{event.address}")
        elif event.kind in {"started", "progress"}:
            done = len(self._finished)
            self._show(f"{done}/{self._total} {event.address}{seconds}", done, self._total)
        elif event.kind == "message":
            # Such as a provider on its way, which takes a minute on a slow line.
            message = self._shown(event.message)
            self._keep(f"  {message}") if self._verbose else self._show(message)
        elif event.kind == "notice":
            self.note(event.message)
        elif event.kind == "warning" and event not in self._warned:
            # A deploy hears it of `plan` and of `apply`, of each validation once more.
            self._warned.add(event)
            self._warn(event)

    def _warn(self, warning: TerraformEvent) -> None:
        message = self._shown(warning.message)
        if self._github and not self._quiet:
            self._annotations.warning(message, self.redaction.of(warning.findings))
        elif self._verbose:
            self._keep(f"  {message}")

    def download(self, received: int, total: int | None) -> None:
        """Show how far a download is."""
        of_total = f" of {total / 1e6:.0f}" if total else ""
        self._show(f"downloading: {received / 1e6:.0f}{of_total} MB", received, total)

    def progress(self, what: str, done: int, total: int | None) -> None:
        """Show how far a work is, a few times a second."""
        now = time.monotonic()
        if now >= self._next_progress or done == total:
            self._next_progress = now + _PROGRESS_SECONDS
            of_total = f" of {total:,}" if total else ""
            self._show(f"{self._shown(what)}: {done:,}{of_total}", done, total)

    def _announce(self) -> None:
        """Print the step under way, where neither a terminal nor a group of GitHub's shows it."""
        if self._step and not (self._live or self._github):
            self._keep(f"{self._step} …")
        self._step = ""

    def _show(self, line: str, done: int = 0, total: int | None = None) -> None:
        """Show a line that the next one replaces."""
        if self._live:
            try:
                self._line.show(line, done, total)
            except OSError:
                abandon_broken()

    def _keep(self, line: str) -> None:
        if self._talks:
            self._clear()
            self._groups.begin()
            self._say(line)
            self._kept = True

    def _clear(self) -> None:
        if "_line" in vars(self):
            self._line.clear()

    @cached_property
    def _line(self) -> LiveLine:
        from .live import LiveLine

        return LiveLine(sys.stderr)

    def _summarise(self, what: Any) -> None:
        if self._summary:
            from .job_summary import add_summary

            if refused := add_summary(self._summary, what, self._screen):
                self.note(refused)

    def _shown(self, what: str, *, keep: str = "") -> str:
        return escape_control_characters(self.redaction(what), keep=keep)

    # The ways out

    def _put(self, text: str) -> None:
        """Print to standard output."""
        self._emitted = True
        # click would take for colours what stands in a cell, and leave it out.
        color = True if self._csv else self._color
        click.echo(escape_workflow_commands(text) if self._github else text, color=color)

    def _say(self, text: str) -> None:
        """Print to standard error."""
        self._write(escape_workflow_commands(text) if self._github else text)

    def _command(self, command: str) -> None:
        """Tell GitHub's runner what to do, where there is one."""
        if self._github:
            self._clear()
            self._write(command)

    def _write(self, text: str) -> None:
        try:
            click.echo(text, err=True, color=self._color)
        except OSError:
            # Nobody reads what is said on the way. What is being done goes on.
            abandon_broken()
