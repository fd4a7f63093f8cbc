"""Print results on stdout; progress, notes and errors on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import click

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.settings import Settings

from .github_actions import Annotations, Groups, escape_workflow_commands, in_ci, is_runner
from .redaction import Redaction
from .resource_progress import ResourceProgress
from .results import text
from .screen import Screen
from .streams import Streams, discard_broken_streams
from .text import as_json, change_line, counts, escape_control_characters

if TYPE_CHECKING:
    from tasktracker_ops.models.canary import BakeProgress
    from tasktracker_ops.models.overview import Snapshot
    from tasktracker_ops.models.plan import Plan, TerraformEvent

    from .live import LiveLine

_PROGRESS_SECONDS = 0.1
_BAKE_LOG_SECONDS = 30  # between two lines of a log about a bake


class Console:
    """Renders results, errors and progress (it is the CLI's `Reporter`)."""

    def __init__(
        self,
        settings: Settings,
        flags: Mapping[str, Any] | None = None,
        arguments: Sequence[str] = (),
        destinations: Callable[[str], Iterable[str]] = lambda command: (),
    ) -> None:
        """Create a console; the arguments are those of `Screen`."""
        self._form = settings.output
        self._json = self._form == "json"
        self._verbose = settings.verbose
        self._quiet = settings.quiet
        self._terminal = sys.stderr.isatty()
        # A dumb terminal has no colours, and cannot overwrite a line.
        self._dumb = settings.environ.get("TERM") == "dumb"
        self._github = is_runner(settings.environ)
        self._ci = in_ci(settings.environ) and not self._terminal
        self._color = False if settings.no_color or self._dumb or self._ci else None
        self._streams = Streams(self._color, escape_workflow_commands if self._github else str)
        self.redaction = Redaction(settings, flags)
        self._screen = Screen(settings, flags or {}, arguments, self.redaction, destinations)
        # With JSON, a program reads stderr: it has the error and nothing else.
        only_errors = self._json and not (self._terminal or self._ci or settings.verbose)
        self._logs_progress = not (only_errors or settings.quiet)
        # Without colours, no escape sequence is written to the terminal.
        self._is_live = self._terminal and self._color is None and not settings.quiet
        self._summary = settings.environ.get("GITHUB_STEP_SUMMARY")
        self._groups = Groups(self._print_command)
        self._annotations = Annotations(
            self._print_command, settings.environ.get("GITHUB_WORKSPACE")
        )
        self._has_logged = self._has_printed_result = False
        self._step = ""
        self._next_progress = self._next_bake_line = 0.0
        self._resources = ResourceProgress()
        self._known_warnings: set[TerraformEvent] = set()

    # Results

    def emit(self, result: Any) -> None:
        """Print a result in the chosen format."""
        self.end_group()
        if self._has_logged and self._terminal and not self._json:
            self._streams.print_error("")
        self._print(self._format(result))
        redacted = self.redaction.of(result)
        if not self._quiet:
            self._annotations.result(redacted, self._screen.hint)
        self._summarise(redacted)

    def as_json(self, result: Any) -> str:
        """Return a result on one line of JSON, without secrets, as `emit` would print it."""
        return as_json(self.redaction.of(result), indent=None, hint=self._screen.hint)

    def stream(self, results: Iterable[Any]) -> None:
        """Print results as they arrive; with JSON, one object per line."""
        for result in results:
            self.end_group()
            self._print(self._format(result, indent=None))

    def redraw(self, results: Iterable[Any]) -> None:
        """Print each result over the one before, on a terminal that can; the last one stays."""
        if self._json or self._color is False or self._screen.columns is None:
            self.stream(results)
            return
        from .live import live_screen

        last = ""
        try:
            with live_screen(sys.stdout) as draw:
                for result in results:
                    last = self._format(result)
                    draw(last)
        finally:
            if last:
                self._print(last)

    @property
    def can_draw(self) -> bool:
        """Return whether results are texts, and stdout is a terminal that can overwrite them."""
        return self._form == "table" and not self._dumb and self._screen.columns is not None

    @contextmanager
    def full_screen(self) -> Iterator[Callable[[Snapshot], None]]:
        """Yield a function that draws a snapshot over the whole terminal."""
        from .live import full_screen
        from .watch import frame

        self.end_group()
        with full_screen(sys.stdout, color=self._color is not False) as draw:
            yield lambda snapshot: draw(partial(frame, self.redaction.of(snapshot), self._screen))

    def error(self, error: TtOpsError) -> None:
        """Print an error: what happened, and what to type next.

        With JSON it is an object on stderr. In CI, where progress is on stderr too, it is the last
        line there, and also printed on stdout unless a result was.
        """
        self.end_group()
        hint = self._screen.hint(self.redaction(error.hint))
        problem = Problem(
            error.code, self._sanitize(error.message, keep="\n"), escape_control_characters(hint)
        )
        self._summarise(problem)
        self._annotations.problem("error", problem, self.redaction.of(error.findings))
        if not (self._json or self._github):
            self._streams.print_error(click.style("Error: ", fg="red", bold=True) + problem.message)
            self._streams.print_error(click.style("Hint:  ", fg="cyan") + problem.hint)
        if self._json:
            content = {"code": error.code, "message": self.redaction(error.message), "hint": hint}
            text = as_json({"error": content}, indent=None if self._ci else 2)
            self._streams.print_error(text)
            if self._ci and not self._has_printed_result:
                try:
                    self._print(text)
                except BrokenPipeError:  # the exit code stays that of the error
                    discard_broken_streams()

    def trace(self, text: str) -> None:
        """Print the traceback of an error."""
        self.end_group()
        self._streams.print_error(self._sanitize(text, keep="\n").rstrip())

    def end_group(self) -> None:
        """Clear the live line and end the group of log lines, if there are any."""
        self._clear()
        self._groups.end()

    def _format(self, result: Any, *, indent: int | None = 2) -> str:
        result = self.redaction.of(result)
        if self._form == "csv":
            from .task import as_csv

            return as_csv(result)
        if self._form == "markdown":
            from .markdown import markdown

            return markdown(result, self._screen)
        if self._json:
            return as_json(result, indent=indent, hint=self._screen.hint)
        return text(result, self._screen)

    # Progress: the Reporter protocol

    def doing(self, what: str) -> None:
        """Show the current step on a terminal; in a log, only if it is one of several.

        That is after the first line of the log, or when Terraform starts working.
        """
        self._step = self._sanitize(what)
        self._groups.prepare(self._step)
        self._show_live(f"{self._step} …")
        if self._has_logged:
            self._announce()

    def doing_each(self, what: Sequence[str]) -> None:
        """Show a line for each thing on a terminal; a log gets their steps as notes."""
        self._show_live("\n".join(f"{self._sanitize(each)} …" for each in what))

    def done(self, what: str) -> None:
        """Print a line for a completed step."""
        self._groups.end()
        self._log(click.style("✓ ", fg="green") + self._sanitize(what))

    def note(self, what: str) -> None:
        """Print a note for the user."""
        self._clear()
        if self._logs_progress:
            self._streams.print_error(self._sanitize(what, keep="\n"))

    def plan(self, plan: Plan, of: str) -> None:
        """Print what would change; `of` names the stack."""
        plan = self.redaction.of(plan)
        self._resources = ResourceProgress(len(plan.changes))
        summary = f"Plan for the {of}: {counts(plan)}."
        self._groups.prepare(summary)
        for change in plan.changes:
            self._log("  " + change_line(change))
        self._groups.end()
        # On GitHub it is the heading of the group.
        if not (self._github and plan.changes):
            self._log(summary)

    def terraform(self, event: TerraformEvent) -> None:
        """Count completed resources and show the current one."""
        self._announce()
        if event.kind in {"complete", "errored"}:
            self._log(self._resources.end(event))
        elif event.kind in {"started", "progress"}:
            waiting = self._resources.wait(event)
            self._show_live(self._resources.line, self._resources.done, self._resources.total)
            if waiting and not self._is_live:
                self._log(waiting)
        elif event.kind == "message":
            # Such as a download of a provider, which may take a minute.
            message = self._sanitize(event.message)
            self._log(f"  {message}") if self._verbose else self._show_live(message)
        elif event.kind == "notice":
            self.note(event.message)
        elif event.kind == "warning" and event not in self._known_warnings:
            # Validation, `plan` and `apply` of one deploy repeat it.
            self._known_warnings.add(event)
            self._warn(event)

    def _warn(self, warning: TerraformEvent) -> None:
        message = self._sanitize(warning.message)
        if self._github and not self._quiet:
            self._annotations.warning(message, self.redaction.of(warning.findings))
        elif self._verbose:
            self._log(f"  {message}")

    def download(self, received: int, total: int | None) -> None:
        """Show the progress of a download, in bytes."""
        of_total = f" of {total / 1e6:.0f}" if total else ""
        self._show_live(f"downloading: {received / 1e6:.0f}{of_total} MB", received, total)

    def progress(self, what: str, done: int, total: int | None) -> None:
        """Show progress, a few times a second."""
        now = time.monotonic()
        if now >= self._next_progress or done == total:
            self._next_progress = now + _PROGRESS_SECONDS
            of_total = f" of {total:,}" if total else ""
            self._show_live(f"{self._sanitize(what)}: {done:,}{of_total}", done, total)

    def baking(self, progress: BakeProgress) -> None:
        """Show both versions on one line; in a log, a line now and then and one at the end."""
        from .canary import progress_line

        line = self._sanitize(progress_line(progress))
        self._show_live(line)
        now = time.monotonic()
        if not self._is_live and (now >= self._next_bake_line or not progress.remaining):
            self._next_bake_line = now + _BAKE_LOG_SECONDS
            self._log(f"  … {line}")

    def _announce(self) -> None:
        """Print the current step, unless a live line or a GitHub group shows it."""
        if self._step and not (self._is_live or self._github):
            self._log(f"{self._step} …")
        self._step = ""

    def _show_live(
        self, line: str | Callable[[], str], done: int = 0, total: int | None = None
    ) -> None:
        """Show a line, or what is called for it every second, until the next one overwrites it."""
        if self._is_live:
            try:
                self._line.show((lambda: line) if isinstance(line, str) else line, done, total)
            except OSError:
                discard_broken_streams()

    def _log(self, line: str) -> None:
        if self._logs_progress:
            self._clear()
            self._groups.begin()
            self._streams.print_error(line)
            self._has_logged = True

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

            if failure := add_summary(self._summary, what, self._screen):
                self.note(failure)

    def _sanitize(self, what: str, *, keep: str = "") -> str:
        return escape_control_characters(self.redaction(what), keep=keep)

    def _print(self, text: str) -> None:
        self._has_printed_result = True
        # click would remove colour codes from cells.
        self._streams.print(text, color=True if self._form == "csv" else self._color)

    def _print_command(self, command: str) -> None:
        """Print a workflow command on GitHub."""
        if self._github:
            self._clear()
            self._streams.print_command(command)
