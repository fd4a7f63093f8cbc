"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from .context import Context, Destination

F = TypeVar("F", bound=Callable[..., Any])


class WholeNumber(click.IntRange):
    """A whole number in a range, named as users know it."""

    name = "whole number"


def store_setting(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Store an option of the command line; `settings` adds variables, file and defaults."""
    name = parameter.name or ""
    if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
        context.ensure_object(Context).flags[name] = value
    return value


def _assume_yes(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.ensure_object(Context).assume_yes |= value


def setting(*names: str, **more: Any) -> Callable[[F], F]:
    """Declare an option that is a setting, with its variable and its key in the file."""
    return click.option(*names, callback=store_setting, expose_value=False, **more)


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

lock_timeout_option = click.option(
    "--lock-timeout",
    type=WholeNumber(0, 3600),
    default=0,
    show_default=True,
    metavar="SECONDS",
    help="Maximum time to wait for the deploy lock and the state lock.",
)
