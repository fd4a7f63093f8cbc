"""`config`: the settings, where they come from, and tt-ops.toml."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from tasktracker_ops.settings import CHOICES, FILE_NAMES

from .command import Family
from .context import Context, pass_context

FAMILY = Family("Set up")


def _complete_name(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return [CompletionItem(name) for name in FILE_NAMES if name.startswith(incomplete)]


def _complete_value(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    choices = CHOICES.get(context.params.get("key", ""), ())
    return [CompletionItem(choice) for choice in choices if choice.startswith(incomplete)]


key_argument = click.argument("key", shell_complete=_complete_name)


@FAMILY.group()
def config() -> None:
    """Show the settings, and edit tt-ops.toml.

    \b
    Example:
      tt-ops config show
    """


@config.command()
@pass_context
def show(context: Context) -> None:
    """Show every setting with its value, and where that comes from.

    That is an option, a variable, a line of tt-ops.toml, the AWS profile or the default.
    Of a secret, only whether it is set.

    \b
    Example:
      tt-ops config show --output json
    """
    from tasktracker_ops.workflows.config import configuration

    context.console.emit(configuration(context.app))


@config.command("set", needs_project=True)
@key_argument
@click.argument("value", shell_complete=_complete_value)
@pass_context
def set_(context: Context, key: str, value: str) -> None:
    """Set a setting in the project's tt-ops.toml.

    With --env NAME it is set for that environment, else for all. Comments, order and
    layout of the file stay. A value that is not valid changes nothing.

    \b
    Example:
      tt-ops config set region eu-central-1 --env staging
    """
    from tasktracker_ops.workflows.config import set_value

    context.console.emit(set_value(context.app, key, value))


@config.command(needs_project=True)
@key_argument
@pass_context
def unset(context: Context, key: str) -> None:
    """Remove a setting from the project's tt-ops.toml.

    \b
    Example:
      tt-ops config unset region --env staging
    """
    from tasktracker_ops.workflows.config import unset_value

    context.console.emit(unset_value(context.app, key))


@config.command()
@pass_context
def path(context: Context) -> None:
    """Print where tt-ops.toml is, or would be.

    \b
    Example:
      tt-ops config path
    """
    from tasktracker_ops.workflows.config import configuration_file

    context.console.emit(configuration_file(context.app))
