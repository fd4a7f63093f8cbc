"""`init`: make a project, or bring it up to date."""

from __future__ import annotations

from pathlib import Path

import click

from tasktracker_ops.errors import ExitCode

from .command import Family
from .context import Context, pass_context
from .options import yes_option

FAMILY = Family("Set up")


@FAMILY.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--upgrade", is_flag=True, help="Merge what a newer version has changed.")
@click.option("--diff", is_flag=True, help="With --upgrade: show what would change.")
@yes_option("adding the project to a folder that has files")
@pass_context
@click.pass_context
def init(
    click_context: click.Context, context: Context, folder: Path | None, upgrade: bool, diff: bool
) -> None:
    """Make a project in FOLDER, or in the current folder.

    It has the infrastructure, the function's code, workflows for GitHub Actions and
    tt-ops.toml, and deploys to the local target until you choose another. No file is
    overwritten; --upgrade keeps your changes and marks conflicts, as git does.

    \b
    Example:
      tt-ops init my-tracker
      tt-ops init --upgrade --diff
    """
    if not upgrade:
        if diff:
            raise click.UsageError("--diff needs --upgrade")
        from tasktracker_ops.workflows.init import init as make

        context.console.emit(make((folder or Path()).absolute(), context.confirm))
        return
    from tasktracker_ops.workflows.template_upgrade import upgrade as merge

    project = folder.absolute() if folder else context.settings.project
    result = merge(project, diff=diff)
    context.console.emit(result)
    if result.conflicts and not diff:
        click_context.exit(ExitCode.FAILED)
