"""The `tt-ops` command: its families, and the one place that turns errors into exit codes."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

import click

from tasktracker_ops import __version__
from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.output.streams import discard_broken_streams, replace_closed_streams

from .command import GLOBAL_OPTIONS
from .context import Context
from .index import COMMANDS

_OBJECTS_BETWEEN_COLLECTIONS = 200_000
_INTERRUPTED = TtOpsError(
    "interrupted",
    "interrupted; nothing is still running",
    hint="check the service: tt-ops status",
    exit_code=ExitCode.INTERRUPTED,
)


class Commands(Mapping[str, click.Command]):
    """The commands by name; each module is imported with the first of its commands that is used."""

    def __init__(self) -> None:
        self._imported: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._imported:
            module = import_module(f"{__package__}.{COMMANDS[name].module}")
            self._imported |= {str(each.name): each for each in module.FAMILY.commands}
        return self._imported[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class TtOps(click.Group):
    """The root command, whose help lists the commands family by family."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(GLOBAL_OPTIONS)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, family by family."""
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section for each family, without importing one."""
        width = max(map(len, COMMANDS))
        families: dict[str, list[tuple[str, str]]] = {}
        for name, command in COMMANDS.items():
            families.setdefault(command.family, []).append((name.ljust(width), command.summary))
        for title, rows in families.items():
            with formatter.section(title):
                formatter.write_dl(rows)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse the command line, which may print a help text."""
        with _convert_broken_pipe():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _convert_broken_pipe():
            return super().invoke(ctx)

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> Any:  # type: ignore[override]  # one form of click's overloads
        """Run the command line and exit the process with the matching code."""
        context = Context()
        context.arguments = sys.argv[1:] if args is None else args
        context.root = self
        extra |= {"prog_name": "tt-ops", "standalone_mode": False, "obj": context}
        try:
            code = self._run(args, context, extra)
        except (_BrokenOutput, BrokenPipeError):
            # As with any program in `… | head -1`: nobody reads a message.
            discard_broken_streams()
            code = ExitCode.READER_GONE
        finally:
            if "console" in vars(context):
                context.console.end_group()
        sys.exit(code if isinstance(code, int) else ExitCode.OK)

    def _run(self, args: Sequence[str] | None, context: Context, extra: dict[str, Any]) -> Any:
        try:
            return super().main(args, **extra)
        except (_BrokenOutput, BrokenPipeError):
            raise
        except TtOpsError as error:
            return _report(_explain_by_target(error, context), context)
        except click.Abort:
            return _report(_INTERRUPTED, context)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            return ExitCode.OK
        except click.ClickException as error:
            return _report(_usage_error(error), context)
        except Exception as error:  # the boundary: users see no traceback
            if "verbose" in context.flags:
                import traceback

                context.console.trace(traceback.format_exc())
            return _report(_file_error(error) or _internal_error(error, context), context)


class _BrokenOutput(Exception):
    """The reader of standard output closed it."""


@contextmanager
def _convert_broken_pipe() -> Iterator[None]:
    """Raise _BrokenOutput for BrokenPipeError, which click would turn into exit code 1."""
    try:
        yield
    except BrokenPipeError as error:
        raise _BrokenOutput from error


def _report(error: TtOpsError, context: Context) -> int:
    context.console.error(error)
    return error.exit_code


def _explain_by_target(error: TtOpsError, context: Context) -> TtOpsError:
    """Return the error as the target explains it, if the run got as far as creating one."""
    app = vars(context).get("app")
    # Creating the target may be what failed.
    return app.target.explain(error) if app and "target" in vars(app) else error


def _usage_error(error: click.ClickException) -> TtOpsError:
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "tt-ops"
    message, hint = error.format_message(), "read its help"
    if isinstance(error, click.NoSuchCommand | click.NoSuchOption):
        message = error.message
        if similar := error.possibilities:
            hint = f"did you mean {' or '.join(map(repr, similar))}? Read its help"
            if isinstance(error, click.NoSuchCommand):
                path = f"{path} {similar[0]}"
    message = message.rstrip(".")
    return TtOpsError(
        "usage",
        message[:1].lower() + message[1:],
        hint=f"{hint}: {path} --help",
        exit_code=ExitCode.USAGE,
    )


def _file_error(error: Exception) -> TtOpsError | None:
    """Return an error that names the file of an OSError; None for any other exception."""
    if not isinstance(error, OSError):
        return None
    import shlex
    from pathlib import Path

    from tasktracker_ops.adapters.host.disk import disk_full, is_full

    file, full = str(error.filename or ""), is_full(error)
    if full and file:
        return disk_full(Path(file).absolute(), "the command did not complete")
    if not (full or file):
        return None
    name = repr(file) if file else "standard output" if _is_printing(error) else "a file"
    return TtOpsError(
        "file-refused",
        f"{name} cannot be used: {error.strerror}",
        hint="check the free space: df -h"
        if full
        else f"check the permissions along its path: namei -l {shlex.quote(file)}",
    )


def _is_printing(error: OSError) -> bool:
    """Return whether the error came from printing: the error itself names no file."""
    import traceback

    return any(frame.name == "echo" for frame in traceback.extract_tb(error.__traceback__))


def _internal_error(error: Exception, context: Context) -> TtOpsError:
    again = context.console.redaction.command(["tt-ops", "--verbose", *context.arguments])
    return TtOpsError(
        "internal-error",
        f"a bug in tt-ops: {type(error).__name__}: {error}",
        hint=f"show the traceback, and report it: {again}",
    )


def _raise_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@click.group(
    cls=TtOps, commands=Commands(), context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="tt-ops")
def cli() -> None:
    """Deploy and operate a Task Tracker: Lambda, DynamoDB and an HTTP API.

    Works on an AWS account, or with --target local on an AWS emulator in one process
    on this machine, without account and Docker.

    \b
    Start with:  tt-ops init my-tracker
    """


def main() -> NoReturn:
    """Run the console script."""
    # A command makes many objects and little garbage: to look for it took a fifth of its time.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    # As for Ctrl-C: temporary files are removed, and Terraform is waited for.
    signal.signal(signal.SIGTERM, _raise_interrupt)
    replace_closed_streams()
    try:
        cli()
    except SystemExit as leaving:
        code = leaving.code
    except KeyboardInterrupt:  # once more, while the first was being reported
        code = ExitCode.INTERRUPTED
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
    _exit(code)


def _exit(code: Any) -> NoReturn:
    """Exit without taking the interpreter apart, which took another fifth of a command's time.

    Everything that has an end has ended by now: files are closed, children and threads joined.
    """
    # A stream that cannot be written is reported by the interpreter, with a code of its own.
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
