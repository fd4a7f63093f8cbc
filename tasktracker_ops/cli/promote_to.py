"""`promote-to`: release what runs in one environment in another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tasktracker_ops.environments import NAME_FORM, is_environment_name

from .canary import canary_options
from .command import Family
from .completion import complete_environment
from .context import Context, pass_context
from .deployment import checks_option, keep_option
from .options import backend_options, lock_timeout_option, yes_option

if TYPE_CHECKING:
    from tasktracker_ops.models.canary import CanaryOptions
    from tasktracker_ops.models.promote_to import PackagePromotion

FAMILY = Family("Deploy")


def _environment(context: click.Context, parameter: click.Parameter, name: str) -> str:
    if not is_environment_name(name):
        raise click.BadParameter(f"{name!r} names no environment: it takes {NAME_FORM}")
    return name


@FAMILY.command("promote-to")
@click.argument(
    "environment", metavar="ENV", callback=_environment, shell_complete=complete_environment
)
@checks_option
@keep_option
@canary_options
@lock_timeout_option
@backend_options
@yes_option("the release")
@pass_context
def promote_to(
    context: Context,
    environment: str,
    checks: str,
    keep: int,
    canary: CanaryOptions | None,
    lock_timeout: int,
) -> None:
    """Release this environment's package in the environment ENV.

    It is the package of the live release, with the same SHA-256: nothing is built, and no
    project is needed. It is checked in ENV as every release is.

    \b
    Example:
      tt-ops --env staging promote-to default
    """
    from tasktracker_ops.models.release import ReleaseOptions
    from tasktracker_ops.output.promote_to import promotion_question
    from tasktracker_ops.workflows import promote_to as workflow

    def approve(promotion: PackagePromotion) -> None:
        context.confirm(promotion_question(promotion))

    context.console.emit(
        workflow.promote_to(
            context.app,
            context.app_of(environment),
            ReleaseOptions(checks, keep=keep, canary=canary),
            approve=approve,
            lock_timeout=lock_timeout,
        )
    )
