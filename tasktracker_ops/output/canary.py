"""Both versions while a release bakes, and how a bake has ended, as text."""

from __future__ import annotations

from tasktracker_ops.models.canary import BakeProgress, BakeResult, ReleaseMetrics

from .results import summary_title, text
from .screen import Screen


def progress_line(progress: BakeProgress) -> str:
    """Return how much time is left, and both releases side by side, in 80 columns mostly."""
    minutes, seconds = divmod(round(progress.remaining), 60)
    new, other = _numbers(progress.baking), _numbers(progress.other)
    return f"{minutes}:{seconds:02} left │ {new} at {progress.weight:.0%} │ {other}"


def _numbers(metrics: ReleaseMetrics) -> str:
    throttled = f", {metrics.throttles:,} throttled" if metrics.throttles else ""
    p95 = "" if metrics.p95 is None else f", p95 {metrics.p95:,.0f} ms"
    return f"{metrics.release}: {metrics.requests:,} req, {metrics.errors:,} err{throttled}{p95}"


@text.register
@summary_title("Canary")
def _(result: BakeResult, screen: Screen) -> str:
    first = f"Release {result.live} takes all requests."
    if result.decision == "aborted":
        return f"Aborted release {result.release}. {first}"
    checks = (
        "The run that watches it checks the API."
        if result.checks == "pending"
        else f"It is {result.outcome}; the checks of the API: {result.checks}."
    )
    return f"Promoted. {first} {checks}"
