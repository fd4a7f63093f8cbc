"""`promote` and `abort`, and the options of a canary."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import click

from tasktracker_ops.models.canary import CanaryOptions

from .command import Family
from .context import Context, pass_context
from .options import backend_options
from .times import Duration

FAMILY = Family("Deploy")
_BAKE_SECONDS = 300.0


class Share(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """A share of the requests such as 10% or 0.1, from 1 to 99 percent."""

    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return `value` as a number from 0 to 1."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", value.strip(), re.ASCII)
        share = float(match[1]) / (100 if match[2] else 1) if match else 0.0
        if not 0.01 <= share <= 0.99:
            self.fail(f"{value!r} is not a share from 1% to 99%, such as 10% or 0.1", param, ctx)
        return round(share, 4)


def canary_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a canary, which it gets as one argument `canary`."""

    @click.option(
        "--canary",
        type=Share(),
        metavar="SHARE",
        help="Let a new release take this share of the requests first, such as 10%.",
    )
    @click.option(
        "--bake",
        type=Duration(1, 86400),
        metavar="DURATION",
        help="Time to watch the canary before it takes all requests. Default: 5m.",
    )
    @click.option(
        "--no-wait", is_flag=True, help="Only start the canary; end it by `promote` or `abort`."
    )
    @functools.wraps(command)
    def run(
        *args: Any, canary: float | None, bake: float | None, no_wait: bool, **options: Any
    ) -> Any:
        if canary is None and (bake is not None or no_wait):
            raise click.UsageError("--bake and --no-wait need --canary SHARE")
        seconds = _BAKE_SECONDS if bake is None else bake
        chosen = CanaryOptions(canary, seconds, watched=not no_wait) if canary else None
        return command(*args, canary=chosen, **options)

    return run


@FAMILY.command(needs_project=True)
@backend_options
@pass_context
def promote(context: Context) -> None:
    """Let the canary take all requests.

    Ends the bake that `deploy --canary` has started, here, in another terminal or in CI, and
    the API is checked.

    \b
    Example:
      tt-ops promote
    """
    from tasktracker_ops.workflows import promotion

    context.console.emit(promotion.promote(context.app))


@FAMILY.command()
@backend_options
@pass_context
def abort(context: Context) -> None:
    """Let the previous release take all requests again.

    Ends the bake at once, and needs no deploy lock.

    \b
    Example:
      tt-ops abort
    """
    from tasktracker_ops.workflows import promotion

    context.console.emit(promotion.abort(context.app))
