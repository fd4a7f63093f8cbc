"""What all commands share: the global options, the context they work with, and how they ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import click

from tasktracker_ops.app import App
from tasktracker_ops.errors import SAME_COMMAND, ExitCode, TtOpsError
from tasktracker_ops.output.streams import can_ask
from tasktracker_ops.settings import Settings, load, load_output_settings

if TYPE_CHECKING:
    from tasktracker_ops.output.console import Console

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=click.Command)


class Context:
    """One run of the CLI: what was typed, and what is made of it when a command needs it."""

    def __init__(self) -> None:
        self.flags: dict[str, Any] = {}
        self.arguments: Sequence[str] = ()
        self.assume_yes = False
        self.root: click.Group | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings, with the typed flags on top."""
        return load(self.flags)

    @cached_property
    def console(self) -> Console:
        """Where results, progress and errors go; even settings that cannot be read are told."""
        from tasktracker_ops.output.console import Console

        try:
            settings = self.settings
        except TtOpsError:
            settings = load_output_settings(self.flags)
        return Console(settings, self.flags, self.arguments, self.destinations)

    def destinations(self, command: str) -> list[str]:
        """Return the options of a command that say where it goes."""
        found = None if self.root is None else self.root.commands.get(command)
        return [p.opts[0] for p in (found.params if found else ()) if isinstance(p, Destination)]

    @cached_property
    def app(self) -> App:
        """What workflows work with."""
        return App(self.settings, self.console, self._agree_to_install)

    @property
    def interactive(self) -> bool:
        """Whether there is somebody to ask, who also sees what the question is about."""
        return can_ask() and not self.settings.quiet

    def _agree_to_install(self, question: str) -> bool:
        if self.assume_yes:
            self.console.note(question)
            return True
        return self.agrees(question)

    def agrees(self, question: str) -> bool:
        """Whether there is somebody who says yes."""
        return self.interactive and _ask(self.console.redaction(question))

    def confirm(self, question: str, *, word: str | None = None) -> None:
        """Ask, unless --yes was given; with `word`, that has to be typed.

        Raises TtOpsError `confirmation-needed` where nobody can be asked, `not-confirmed` for a no.
        """
        if self.assume_yes:
            return
        path = click.get_current_context().command_path
        if not self.interactive:
            raise TtOpsError(
                "confirmation-needed",
                f"{path!r} asks before it changes anything, and there is nobody to ask here",
                hint=f"agree beforehand: {SAME_COMMAND} --yes",
                exit_code=ExitCode.USAGE,
            )
        if not _ask(self.console.redaction(question), word):
            raise TtOpsError(
                "not-confirmed",
                "not agreed to: nothing was changed",
                hint=f"start again: {SAME_COMMAND}",
            )


@contextmanager
def ended_by_interrupt() -> Iterator[None]:
    """Ctrl-C is how one ends what has no end of its own: exit 130, and no error."""
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
        click.echo(err=True)  # the question's line has not ended
        raise


pass_context = click.make_pass_decorator(Context)


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Keep what was typed; variables, the file and defaults are settled in `settings`."""
    name = parameter.name or ""
    if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
        context.ensure_object(Context).flags[name] = value
    return value


def _assume_yes(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.ensure_object(Context).assume_yes |= value


def setting(*names: str, **more: Any) -> Callable[[F], F]:
    """A command's own option that is a setting: its variable and the file count as well."""
    return click.option(*names, callback=_remember, expose_value=False, **more)


class Destination(click.Option):
    """An option that says where a command goes: proposed commands repeat it."""


def backend_options(command: F) -> F:
    """Where Terraform's state is, for the commands that work with it."""
    lock_table = setting(
        "--lock-table", cls=Destination, metavar="NAME", help="The lock table's name."
    )
    bucket = setting(
        "--state-bucket",
        cls=Destination,
        metavar="NAME",
        help="The state bucket; its name is shared by all AWS customers.",
    )
    return bucket(lock_table(command))


def yes_option(what: str) -> Callable[[F], F]:
    """--yes, which agrees beforehand to `what`."""
    return click.option(
        "--yes",
        "-y",
        is_flag=True,
        expose_value=False,
        callback=_assume_yes,
        help=f"Agree beforehand to {what}.",
    )


allow_destroy_option = click.option(
    "--allow-destroy",
    multiple=True,
    metavar="ADDRESS",
    help="Let it destroy or replace this table, bucket or topic; for several, give it again.",
)


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """A time span such as 5s, 10m, 3h or 2d, of `minimum` to `maximum` seconds; gives seconds."""

    name = "duration"
    _UNITS: ClassVar = {"s": 1, "m": 60, "h": 3600, "d": 86400}

    def __init__(self, minimum: float = 0.001, maximum: float = 3650 * 86400) -> None:
        self._minimum = minimum
        self._maximum = maximum

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The seconds in `value`; a number is taken for seconds already."""
        if isinstance(value, float | int):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value.strip(), re.ASCII)
        if found is None:
            self.fail(f"{value!r} is no duration such as 5s, 10m, 3h or 2d", param, ctx)
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
    help="Wait that long for a state lock that somebody holds.",
)


def _global_options() -> list[click.Option]:
    def option(*names: str, **more: Any) -> click.Option:
        return click.Option(names, callback=_remember, expose_value=False, **more)

    return [
        option(
            "--target",
            type=click.Choice(["aws", "local"]),
            help="An AWS account (default), or the AWS embedded here.",
        ),
        option("--profile", metavar="NAME", help="Profile of the AWS configuration."),
        option(
            "--region", metavar="REGION", help="AWS region. Default: the profile's, or eu-west-3."
        ),
        option("--env", metavar="NAME", help="Environment; for now there is one: default."),
        option(
            "--output",
            type=click.Choice(["table", "json", "csv", "markdown"]),
            help="Form of the results; csv for `tasks list`, markdown for `plan`.",
        ),
        option(
            "--project-dir",
            metavar="PATH",
            type=click.Path(file_okay=False),
            help="The clone to work with. Default: the one around this folder.",
        ),
        option("--verbose", "-v", is_flag=True, help="Say more, also where nobody watches."),
        option("--quiet", "-q", is_flag=True, help="Say nothing but results and errors."),
        option("--no-color", is_flag=True, help="No colours (or set NO_COLOR)."),
    ]


_GLOBAL = {option.name for option in _global_options()}


class Command(click.Command):
    """A command that takes the global options behind its name too, and does not repeat them."""

    def __init__(
        self, *args: Any, form: str = "", needs_project: bool = False, **kwargs: Any
    ) -> None:
        """`form` is one that its result has beside table and json: csv or markdown."""
        super().__init__(*args, **kwargs)
        self.params.extend(_global_options())
        self._forms = {"table", "json", form}
        self._needs_project = needs_project

    def invoke(self, ctx: click.Context) -> Any:
        """Run, unless there is no project or the result could not be shown as it was asked for."""
        if not isinstance(self, click.Group):  # whose subcommand's options are still to be read
            self._check(ctx, ctx.ensure_object(Context).settings)
        return super().invoke(ctx)

    def _check(self, ctx: click.Context, settings: Settings) -> None:
        if self._needs_project:
            _ = settings.project
        if settings.output not in self._forms:
            raise click.UsageError(
                f"the result of {ctx.command_path!r} has no form as {settings.output!r} "
                f"(from {settings.origins['output']}): "
                f"take {', '.join(sorted(self._forms - {''}))}",
                ctx,
            )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options; what is wrong with one leads to this command's help."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """This command's own options, and where the others are described."""
        own = [option for option in self.get_params(ctx) if option.name not in _GLOBAL]
        rows = [row for option in own if (row := option.get_help_record(ctx)) is not None]
        with formatter.section("Options"):
            formatter.write_dl([*rows, ("…", "and the global options: tt-ops --help")])
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)


class Group(Command, click.Group):
    """A family of commands."""

    command_class = Command


class Family:
    """The commands of a module, which the help of `tt-ops` shows under `title`."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.commands: list[click.Command] = []

    def command(self, name: str | None = None, **attributes: Any) -> Callable[[F], Command]:
        """Make a function a command; `attributes` are those of `Command`."""
        return self._register(click.command(name, cls=Command, **attributes))

    def group(self, name: str | None = None, **attributes: Any) -> Callable[[F], Group]:
        """Make a function a command that has commands."""
        return self._register(click.group(name, cls=Group, **attributes))

    def _register(self, make: Callable[[F], C]) -> Callable[[F], C]:
        def register(function: F) -> C:
            made = make(function)
            self.commands.append(made)
            return made

        return register


class RootGroup(click.Group):
    """The root of the commands, which describes the global options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_global_options())
