"""What all commands are made of: the global options, output formats, and families of commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from .completion import complete_environment, complete_profile, complete_region
from .context import Context
from .options import store_setting

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=click.Command)


def _option(*names: str, **more: Any) -> click.Option:
    return click.Option(names, callback=store_setting, expose_value=False, **more)


GLOBAL_OPTIONS = [
    _option(
        "--target",
        type=click.Choice(["aws", "local"]),
        help="An AWS account (default), or the emulator on this machine.",
    ),
    _option(
        "--profile",
        metavar="NAME",
        shell_complete=complete_profile,
        help="Profile in the AWS configuration.",
    ),
    _option(
        "--region",
        metavar="REGION",
        shell_complete=complete_region,
        help="AWS region; else the profile's or eu-west-3.",
    ),
    _option(
        "--env",
        metavar="NAME",
        shell_complete=complete_environment,
        help="Environment of the account, such as staging.",
    ),
    _option(
        "--output",
        "-o",
        type=click.Choice(["table", "json", "csv", "markdown"]),
        help="Output format; csv for `tasks list`, markdown for `plan`, `deploy` and `drift`.",
    ),
    _option(
        "--project-dir",
        metavar="PATH",
        type=click.Path(file_okay=False),
        help="Project to work with. Default: the one around this folder.",
    ),
    _option(
        "--verbose",
        "-v",
        is_flag=True,
        help="Show Terraform's messages; with JSON, show progress.",
    ),
    _option("--quiet", "-q", is_flag=True, help="Print only results and errors."),
    _option("--no-color", is_flag=True, help="No colours (or set NO_COLOR)."),
]


class Command(click.Command):
    """A command that accepts the global options, and leaves them out of its help."""

    def __init__(
        self, *args: Any, form: str = "", needs_project: bool = False, **kwargs: Any
    ) -> None:
        """Create a command; `form` is its output format beside table and json: csv or markdown."""
        super().__init__(*args, **kwargs)
        self.params.extend(GLOBAL_OPTIONS)
        self._forms = {"table", "json", form}
        self.needs_project = needs_project

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless a project is missing or it has no such output format."""
        self._check(ctx)
        return super().invoke(ctx)

    def _check(self, ctx: click.Context) -> None:
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
        own = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        records = [each.get_help_record(ctx) for each in own if each not in GLOBAL_OPTIONS]
        with formatter.section("Options"):
            formatter.write_dl(
                [*filter(None, records), ("…", "and the global options: tt-ops --help")]
            )
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)


class Group(Command, click.Group):
    """A command with subcommands; its own function runs only without one of them."""

    command_class = Command

    def __init__(self, *args: Any, callback: Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(*args, callback=self._run_alone, **kwargs)
        self._function = callback

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand, whose options are not parsed yet, or without one the function."""
        return click.Group.invoke(self, ctx)

    def _run_alone(self, **options: Any) -> None:
        ctx = click.get_current_context()
        if ctx.invoked_subcommand is None:
            self._check(ctx)
            self._function(**options)


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
