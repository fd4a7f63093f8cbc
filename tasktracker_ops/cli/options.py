"""What all commands share: the global options, the context, and confirmations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import click

from tasktracker_ops.errors import SAME_COMMAND, ExitCode, TtOpsError
from tasktracker_ops.output.streams import can_ask

from .completion import complete_environment, complete_profile, complete_region

if TYPE_CHECKING:
    from tasktracker_ops.app import App
    from tasktracker_ops.output.console import Console
    from tasktracker_ops.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=click.Command)


class Context:
    """One run of the CLI: the command line, and what is created from it when a command needs it.

    `flags` are the settings on the command line by name, `arguments` the whole command line.
    """

    def __init__(self) -> None:
        self.flags: dict[str, Any] = {}
        self.arguments: Sequence[str] = ()
        self.assume_yes = False
        self.root: click.Group | None = None

    @cached_property
    def settings(self) -> Settings:
        """Return the settings; those on the command line go first."""
        from tasktracker_ops.settings import load

        return load(self.flags)

    @cached_property
    def console(self) -> Console:
        """Return what prints results, progress and errors; it works without valid settings too."""
        from tasktracker_ops.output.console import Console
        from tasktracker_ops.settings import load_output_settings

        try:
            settings = self.settings
        except TtOpsError:
            settings = load_output_settings(self.flags)
        return Console(settings, self.flags, self.arguments, self.destinations)

    def destinations(self, command: str) -> list[str]:
        """Return the options of a command that are a Destination."""
        found = self.root.commands.get(command) if self.root else None
        return [p.opts[0] for p in (found.params if found else ()) if isinstance(p, Destination)]

    @cached_property
    def app(self) -> App:
        """Return what workflows work with."""
        from tasktracker_ops.app import App

        return App(self.settings, self.console, self._approve_download)

    def app_of(self, env: str) -> App:
        """Return the same for another environment, with the settings of its own."""
        from tasktracker_ops.app import App
        from tasktracker_ops.settings import load

        return App(load({**self.flags, "env": env}), self.console, self._approve_download)

    @property
    def interactive(self) -> bool:
        """Whether the user can be asked."""
        return can_ask() and not self.settings.quiet

    def _approve_download(self, question: str) -> bool:
        if self.assume_yes:
            self.console.note(question)
            return True
        return self.interactive and self._ask(question)

    def confirm(self, question: str, *, word: str | None = None, in_advance: str = "--yes") -> None:
        """Ask for confirmation; `word` has to be typed if there is one.

        `in_advance` is the option that agrees in advance; if it is --yes, and was given, nothing is
        asked. Raises TtOpsError `confirmation-needed` without a terminal, `not-confirmed` for a no.
        """
        if self.assume_yes and in_advance == "--yes":
            return
        path = click.get_current_context().command_path
        if not self.interactive:
            raise TtOpsError(
                "confirmation-needed",
                f"{path!r} needs a confirmation, and there is no terminal to ask on",
                hint=f"confirm in advance: {SAME_COMMAND} {in_advance}",
                exit_code=ExitCode.USAGE,
            )
        if not self._ask(question, word):
            raise TtOpsError(
                "not-confirmed",
                "not confirmed; nothing was changed",
                hint=f"try again: {SAME_COMMAND}",
            )

    def _ask(self, question: str, word: str | None = None) -> bool:
        self.console.end_group()
        return _ask(self.console.redaction(question), word)


@contextmanager
def exit_on_interrupt() -> Iterator[None]:
    """Exit 130 without an error on Ctrl-C, which is how a command without an end is ended."""
    try:
        yield
    except KeyboardInterrupt:
        click.get_current_context().exit(ExitCode.INTERRUPTED)


def _ask(question: str, word: str | None = None) -> bool:
    try:
        if word is None:
            return click.confirm(question, err=True)
        return bool(click.prompt(question, err=True, default="", show_default=False) == word)
    except click.Abort:
        click.echo(err=True)  # end the question's line
        raise


pass_context = click.make_pass_decorator(Context)


def _store_setting(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Store an option of the command line; `settings` adds variables, file and defaults."""
    name = parameter.name or ""
    if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
        context.ensure_object(Context).flags[name] = value
    return value


def _assume_yes(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.ensure_object(Context).assume_yes |= value


def setting(*names: str, **more: Any) -> Callable[[F], F]:
    """Declare an option that is a setting, with its variable and its key in the file."""
    return click.option(*names, callback=_store_setting, expose_value=False, **more)


class Destination(click.Option):
    """An option that says what a command works on; commands in hints repeat it."""


def backend_options(command: F) -> F:
    """Add the options that say where Terraform's state is."""
    lock_table = setting(
        "--lock-table", cls=Destination, metavar="NAME", help="Name of the lock table."
    )
    bucket = setting(
        "--state-bucket",
        cls=Destination,
        metavar="NAME",
        help="Name of the state bucket, unique among all AWS customers.",
    )
    return bucket(lock_table(command))


def yes_option(what: str) -> Callable[[F], F]:
    """Return the option --yes, which confirms `what` in advance."""
    return click.option(
        "--yes",
        "-y",
        is_flag=True,
        expose_value=False,
        callback=_assume_yes,
        help=f"Agree in advance to {what}.",
    )


allow_destroy_option = click.option(
    "--allow-destroy",
    multiple=True,
    metavar="ADDRESS",
    help="Allow destroying or replacing this table, bucket or topic; repeatable.",
)


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """A duration such as 5s, 10m, 3h or 2d, of `minimum` to `maximum` seconds."""

    name = "duration"
    _UNITS: ClassVar = {"s": 1, "m": 60, "h": 3600, "d": 86400}

    def __init__(self, minimum: float = 0.001, maximum: float = 3650 * 86400) -> None:
        self._minimum = minimum
        self._maximum = maximum

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return `value` in seconds; a number is taken as seconds."""
        if isinstance(value, float | int):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value.strip(), re.ASCII)
        if found is None:
            self.fail(f"{value!r} is not a duration such as 5s, 10m, 3h or 2d", param, ctx)
        seconds = float(found[1]) * self._UNITS[found[2]]
        if seconds < self._minimum:
            self.fail(f"{value!r} is too short: at least {self._minimum:g}s", param, ctx)
        if seconds > self._maximum:
            self.fail(f"{value!r} is too long: at most {self._maximum / 86400:g}d", param, ctx)
        return seconds


DURATION = Duration()

lock_timeout_option = click.option(
    "--lock-timeout",
    type=click.IntRange(0, 3600),
    default=0,
    metavar="SECONDS",
    help="Maximum time to wait for the deploy lock and the state lock.",
)


def _global_options() -> list[click.Option]:
    def option(*names: str, **more: Any) -> click.Option:
        return click.Option(names, callback=_store_setting, expose_value=False, **more)

    return [
        option(
            "--target",
            type=click.Choice(["aws", "local"]),
            help="An AWS account (default), or the emulator on this machine.",
        ),
        option(
            "--profile",
            metavar="NAME",
            shell_complete=complete_profile,
            help="Profile in the AWS configuration.",
        ),
        option(
            "--region",
            metavar="REGION",
            shell_complete=complete_region,
            help="AWS region. Default: the profile's, or eu-west-3.",
        ),
        option(
            "--env",
            metavar="NAME",
            shell_complete=complete_environment,
            help="Environment of the account, such as staging.",
        ),
        option(
            "--output",
            "-o",
            type=click.Choice(["table", "json", "csv", "markdown"]),
            help="Output format; csv for `tasks list`, markdown for `plan`, `deploy` and `drift`.",
        ),
        option(
            "--project-dir",
            metavar="PATH",
            type=click.Path(file_okay=False),
            help="Project to work with. Default: the one around this folder.",
        ),
        option(
            "--verbose",
            "-v",
            is_flag=True,
            help="Show Terraform's messages; with JSON, show progress.",
        ),
        option("--quiet", "-q", is_flag=True, help="Print only results and errors."),
        option("--no-color", is_flag=True, help="No colours (or set NO_COLOR)."),
    ]


_GLOBAL = _global_options()


class Command(click.Command):
    """A command that accepts the global options, and leaves them out of its help."""

    def __init__(
        self, *args: Any, form: str = "", needs_project: bool = False, **kwargs: Any
    ) -> None:
        """Create a command; `form` is its output format beside table and json: csv or markdown."""
        super().__init__(*args, **kwargs)
        self.params.extend(_GLOBAL)
        self._forms = {"table", "json", form}
        self.needs_project = needs_project

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless a project is missing or it has no such output format."""
        if not isinstance(self, click.Group):  # options of its subcommand are not parsed yet
            self.check(ctx)
        return super().invoke(ctx)

    def check(self, ctx: click.Context) -> None:
        """Raise an error if a project is missing, or the command has no such output format."""
        settings = ctx.ensure_object(Context).settings
        if self.needs_project:
            _ = settings.project
        if settings.output not in self._forms:
            raise click.UsageError(
                f"{ctx.command_path!r} has no output format {settings.output!r} "
                f"(from {settings.origins['output']}): "
                f"use {', '.join(sorted(self._forms - {''}))}",
                ctx,
            )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options; an error in them refers to this command's help."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write this command's own options, and where the global ones are described."""
        own = [option for option in self.get_params(ctx) if option not in _GLOBAL]
        rows = [row for option in own if (row := option.get_help_record(ctx)) is not None]
        with formatter.section("Options"):
            formatter.write_dl([*rows, ("…", "and the global options: tt-ops --help")])
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)


class Group(Command, click.Group):
    """A command with subcommands."""

    command_class = Command


class Family:
    """The commands of a module, which `tt-ops --help` lists under `title`."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.commands: list[click.Command] = []

    def command(self, name: str | None = None, **attributes: Any) -> Callable[[F], Command]:
        """Register a function as a command; `attributes` are those of `Command`."""
        return self._register(click.command(name, cls=Command, **attributes))

    def group(self, name: str | None = None, **attributes: Any) -> Callable[[F], Group]:
        """Register a function as a command with subcommands."""
        return self._register(click.group(name, cls=Group, **attributes))

    def _register(self, make: Callable[[F], C]) -> Callable[[F], C]:
        def register(function: F) -> C:
            made = make(function)
            self.commands.append(made)
            return made

        return register


class RootGroup(click.Group):
    """The root command, which describes the global options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_GLOBAL)
