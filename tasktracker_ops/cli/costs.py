"""`costs`: what the deployment consumed, and what that costs."""

from __future__ import annotations

from pathlib import Path

import click

from tasktracker_ops.errors import ExitCode

from .command import Family
from .context import Context, pass_context
from .times import Duration

FAMILY = Family("Observe")


@FAMILY.command()
@click.option(
    "--since",
    type=Duration(minimum=3600, maximum=90 * 86400),
    default="30d",
    metavar="DURATION",
    help="How far back to look: 12h, 7d …, up to 90d. Default: 30d.",
)
@click.option(
    "--prices",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="TOML or JSON with prices by region, such as [eu-west-3] api_requests = 1.17",
)
@pass_context
@click.pass_context
def costs(
    click_context: click.Context, context: Context, since: float, prices: Path | None
) -> None:
    """Show what the last 30 days consumed and cost.

    The figures are those of CloudWatch and of the services. Prices are in US dollars, without
    tax; --verbose also shows the pages that they are from. Exits 1 if the region's prices
    are not known; --prices gives them.

    \b
    Example:
      tt-ops costs --since 7d
    """
    from tasktracker_ops.workflows import costs as workflow

    result = workflow.costs(context.app, since=since, prices=prices)
    context.console.emit(result)
    click_context.exit(ExitCode.FAILED if result.problem else ExitCode.OK)
