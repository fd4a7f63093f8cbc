"""The `tt-ops` command: its families, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import shlex
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from tasktracker_ops import __version__
from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.output.streams import abandon_broken, replace_closed

from . import dashboard, deployment, drill, local, logs, setup, status, tasks
from .options import Context, RootGroup

# In the order of the help.
_MODULES = (setup, local, deployment, tasks, status, dashboard, logs, drill)
_INTERRUPTED = TtOpsError(
    "interrupted",
    "interrupted, and nothing of it goes on",
    hint="see how things stand: tt-ops status",
    exit_code=ExitCode.INTERRUPTED,
)


class TtOps(RootGroup):
    """The commands, family by family."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, family by family."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section for each family."""
        width = max(map(len, self.commands))
        families: dict[str, list[tuple[str, str]]] = {}
        for module in _MODULES:
            families.setdefault(module.FAMILY.title, []).extend(
                (str(command.name).ljust(width), command.get_short_help_str(limit=64))
                for command in module.FAMILY.commands
            )
        for title, rows in families.items():
            with formatter.section(title):
                formatter.write_dl(rows)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the command line, which may print a help text."""
        with _noticing_readers():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run what was typed."""
        with _noticing_readers():
            return super().invoke(ctx)

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> Any:  # type: ignore[override]  # one form of click's overloads
        """Run, and end the process with the exit code of what happened."""
        context = Context()
        context.arguments = sys.argv[1:] if args is None else args
        context.root = self
        extra |= {"prog_name": "tt-ops", "standalone_mode": False, "obj": context}
        try:
            code = self._run(args, context, extra)
        except (_ReaderGone, BrokenPipeError):
            # As with any program in `… | head -1`: there is nobody to tell.
            abandon_broken()
            code = ExitCode.READER_GONE
        finally:
            if "console" in vars(context):
                context.console.end_group()
        sys.exit(code if isinstance(code, int) else ExitCode.OK)

    def _run(self, args: Sequence[str] | None, context: Context, extra: dict[str, Any]) -> Any:
        try:
            return super().main(args, **extra)
        except (_ReaderGone, BrokenPipeError):
            raise
        except TtOpsError as error:
            return _explain(_behind(error, context), context)
        except click.Abort:
            return _explain(_INTERRUPTED, context)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            return ExitCode.OK
        except click.ClickException as error:
            return _explain(_usage_error(error), context)
        except Exception as error:  # the boundary: nobody should meet a traceback
            if "verbose" in context.flags:
                context.console.trace(traceback.format_exc())
            return _explain(_refused(error) or _defect(error, context), context)


class _ReaderGone(Exception):
    """Who read what is printed has left."""


@contextmanager
def _noticing_readers() -> Iterator[None]:
    """Keep from click, which would exit 1, that the reader has gone."""
    try:
        yield
    except BrokenPipeError as error:
        raise _ReaderGone from error


def _explain(error: TtOpsError, context: Context) -> int:
    context.console.error(error)
    return error.exit_code


def _behind(error: TtOpsError, context: Context) -> TtOpsError:
    """Return the error behind `error`, if the run got as far as to have a target that knows it."""
    app = vars(context).get("app")
    # To make a target may be what failed.
    return app.target.explain(error) if app and "target" in vars(app) else error


def _usage_error(error: click.ClickException) -> TtOpsError:
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "tt-ops"
    message, hint = error.format_message(), "see how it is used"
    if isinstance(error, click.NoSuchCommand | click.NoSuchOption):
        message = error.message
        if similar := error.possibilities:
            hint = f"did you mean {' or '.join(map(repr, similar))}? See how it is used"
            if isinstance(error, click.NoSuchCommand):
                path = f"{path} {similar[0]}"
    message = message.rstrip(".")
    return TtOpsError(
        "usage",
        message[:1].lower() + message[1:],
        hint=f"{hint}: {path} --help",
        exit_code=ExitCode.USAGE,
    )


def _refused(error: Exception) -> TtOpsError | None:
    """What the system has against a file; None when the error is about something else."""
    full = (errno.ENOSPC, errno.EDQUOT)
    if not isinstance(error, OSError) or not (error.filename or error.errno in full):
        return None
    file = str(error.filename or "")
    name = repr(file) if file else "standard output" if _printing(error) else "a file"
    hint = f"see who may do what on the way to it: namei -l {shlex.quote(file)}"
    return TtOpsError(
        "file-refused",
        f"{name} cannot be used: {error.strerror}",
        hint="see what room is left: df -h" if error.errno in full else hint,
    )


def _printing(error: OSError) -> bool:
    """Whether a result or a help text was being printed: the error itself names no file."""
    return any(frame.name == "echo" for frame in traceback.extract_tb(error.__traceback__))


def _defect(error: Exception, context: Context) -> TtOpsError:
    again = context.console.redaction.command(["tt-ops", "--verbose", *context.arguments])
    return TtOpsError(
        "internal-error",
        f"a defect of tt-ops, not of yours: {type(error).__name__}: {error}",
        hint=f"see where, and report it: {again}",
    )


def _raise_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@click.group(cls=TtOps, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tt-ops")
def cli() -> None:
    """Deploy and drive a Task Tracker: Lambda, DynamoDB and an HTTP API.

    On an AWS account, or with --target local on an AWS embedded in one process of
    this machine: an emulation, with no account and no Docker.

    \b
    Begin with:  tt-ops --target local deploy --yes
    """


for _module in _MODULES:
    for _command in _module.FAMILY.commands:
        cli.add_command(_command)


def main() -> None:
    """Run the console script."""
    # A polite end asks for the same care as Ctrl-C: temporary files go, Terraform is waited for.
    signal.signal(signal.SIGTERM, _raise_interrupt)
    replace_closed()
    cli()
