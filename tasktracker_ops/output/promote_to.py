"""The release of a package in another environment, as text."""

from __future__ import annotations

from tasktracker_ops.models.promote_to import PackagePromotion, PromoteToResult

from .release import commit
from .results import summary_title, text
from .screen import Screen
from .text import pairs


@text.register
@summary_title("Promotion")
def _(result: PromoteToResult, screen: Screen) -> str:
    promotion, release = result.promotion, result.release
    there = f"release {release.release} of {promotion.environment}"
    if release.bake is not None:
        first = f"Started the canary: {there} takes {release.bake.weight:.0%} of the requests."
    elif release.changed:
        first = f"Released the package of {_source(promotion)} as {there}."
    else:
        first = f"Nothing to do: {there} has the package of {_source(promotion)}."
    rows = {
        "API": result.deployment.api_url,
        "release": f"{release.release} ({release.outcome})",
        "checks": release.checks,
        "sha256": promotion.sha256,
    }
    steps = ("promote", "abort") if release.bake else ("status",)
    commands = "\n".join(
        f"  {screen.command(f'--env {promotion.environment} {step}')}" for step in steps
    )
    return "\n\n".join([first, pairs(rows), f"Next:\n{commands}"])


def promotion_question(promotion: PackagePromotion) -> str:
    """Return the question before the package is released."""
    return (
        f"Let the package of {_source(promotion)} serve in {promotion.environment}, instead of "
        f"version {promotion.instead_of}?"
    )


def _source(promotion: PackagePromotion) -> str:
    return f"release {promotion.release} of {promotion.source} ({commit(promotion)})"
