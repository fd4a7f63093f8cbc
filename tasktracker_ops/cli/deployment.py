"""`plan`, `deploy`, `outputs` and `adopt`: manage the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tasktracker_ops.errors import ExitCode, counted

from .canary import canary_options
from .command import Family
from .context import Context, exit_on_interrupt, pass_context
from .options import (
    WholeNumber,
    allow_destroy_option,
    backend_options,
    lock_timeout_option,
    setting,
    yes_option,
)

if TYPE_CHECKING:
    from tasktracker_ops.models.adoption import HttpApi
    from tasktracker_ops.models.canary import CanaryOptions
    from tasktracker_ops.models.deployment import FirstDeploy
    from tasktracker_ops.models.plan import Plan
    from tasktracker_ops.models.release import ReleaseOptions

FAMILY = Family("Deploy")

alert_email_option = setting(
    "--alert-email", metavar="ADDRESS", help="Address that alarms are sent to (or set ALERT_EMAIL)."
)

temporary_option = setting(
    "--temporary/--permanent",
    default=None,
    help="Let the environment expire three days after its last deploy, or not. Default: as it is.",
)

checks_option = click.option(
    "--checks",
    type=click.Choice(["full", "read-only", "none"]),
    default="full",
    help="How a release is checked before it serves: read-only creates no task.",
)

keep_option = click.option(
    "--keep",
    type=WholeNumber(1, 100),
    default=10,
    show_default=True,
    metavar="N",
    help="Keep the newest N releases.",
)


@FAMILY.command(form="markdown", needs_project=True)
@alert_email_option
@temporary_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if something would change.")
@lock_timeout_option
@backend_options
@yes_option("downloading Terraform if it is missing")
@pass_context
@click.pass_context
def plan(
    click_context: click.Context, context: Context, detailed_exitcode: bool, lock_timeout: int
) -> None:
    """Show what a deploy would change, destructive changes first.

    With --output markdown, prints the comment for a pull request.

    \b
    Example:
      tt-ops plan --detailed-exitcode
    """
    from tasktracker_ops.workflows import plan as planning

    changes = planning.plan(context.app, lock_timeout=lock_timeout)
    context.console.emit(changes)
    if detailed_exitcode and not changes.empty:
        click_context.exit(ExitCode.USAGE)


@FAMILY.command(form="markdown", needs_project=True)
@click.option(
    "--code",
    is_flag=True,
    help="Release the code alone, without Terraform; refused if terraform/ has changed.",
)
@click.option(
    "--watch", is_flag=True, help="With --code: release each save of lambda_function/ until Ctrl-C."
)
@alert_email_option
@temporary_option
@allow_destroy_option
@click.option(
    "--allow-public", is_flag=True, help="Allow making an API public that requires authentication."
)
@checks_option
@keep_option
@canary_options
@lock_timeout_option
@backend_options
@yes_option("every change")
@pass_context
def deploy(
    context: Context,
    code: bool,
    watch: bool,
    allow_destroy: tuple[str, ...],
    allow_public: bool,
    checks: str,
    keep: int,
    canary: CanaryOptions | None,
    lock_timeout: int,
) -> None:
    """Build, plan, confirm, apply and check the whole service.

    Creates the state backend if it does not exist, and changes nothing if everything is
    up to date. New code serves only after it passed its checks; if the API then fails, the
    previous release serves again. Tables, buckets and topics are only destroyed or replaced
    if named. With --output markdown, prints the comment for a pull request.

    \b
    Example:
      tt-ops deploy --alert-email you@example.com
      tt-ops deploy --code --watch
    """
    from tasktracker_ops.models.release import ReleaseOptions

    options = ReleaseOptions(checks, keep=keep, canary=canary)
    if code:
        if allow_destroy or allow_public:
            option = "--allow-destroy" if allow_destroy else "--allow-public"
            raise click.UsageError(f"{option} cannot be used with --code, which runs no Terraform")
        _deploy_code(context, options, watch=watch, lock_timeout=lock_timeout)
        return
    if watch:
        raise click.UsageError("--watch needs --code")
    from tasktracker_ops.models.plan import AllowedChanges
    from tasktracker_ops.output.deployment import first_deploy_question
    from tasktracker_ops.workflows import deploy as deploying

    def approve(changes: Plan) -> None:
        context.confirm(f"Apply {counted(len(changes.changes), 'change')}, and release the code?")

    def approve_first(first: FirstDeploy) -> None:
        context.confirm(first_deploy_question(first))
        context.assume_yes = True

    context.console.emit(
        deploying.deploy(
            context.app,
            options,
            approve=None if context.assume_yes else approve,
            approve_first=approve_first,
            allowed=AllowedChanges(frozenset(allow_destroy), allow_public),
            lock_timeout=lock_timeout,
        )
    )


def _deploy_code(
    context: Context, options: ReleaseOptions, *, watch: bool, lock_timeout: int
) -> None:
    from tasktracker_ops.workflows.deploy_code import deploy_code
    from tasktracker_ops.workflows.watch_code import watch_code

    if not watch:
        context.console.emit(deploy_code(context.app, options, lock_timeout=lock_timeout))
        return
    if options.canary is not None:
        raise click.UsageError("give --canary or --watch, not both")
    with exit_on_interrupt():
        context.console.stream(watch_code(context.app, options, lock_timeout=lock_timeout))


@FAMILY.command()
@pass_context
def outputs(context: Context) -> None:
    """Print what is deployed, as the deployment describes itself.

    Works on any machine, without Terraform, its state or a project.

    \b
    Example:
      tt-ops outputs --output json
    """
    context.console.emit(context.app.deployments.get())


@FAMILY.command()
@click.option("--remove", metavar="API_ID", help="Remove this API, which no deployment uses.")
@backend_options
@yes_option("removing the API")
@pass_context
def adopt(context: Context, remove: str | None) -> None:
    """Show what exists in AWS but is not in Terraform's state.

    The next deploy adopts what it recognises by name and tag. --remove removes an API
    that is left over.

    \b
    Example:
      tt-ops adopt --remove a1b2c3d4e5
    """
    from tasktracker_ops.workflows import strays

    def approve(api: HttpApi) -> None:
        context.confirm(f"Remove the API '{api.id}' ({api.name}, created {api.created})?")

    if remove is None:
        context.console.emit(strays.adopt(context.app))
    else:
        context.console.emit(strays.remove_stray_api(context.app, remove, approve))
