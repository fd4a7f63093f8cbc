"""What is compared: a row has our work, that of another tool, and the goal of their ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Row:
    """Work of ours, compared with that of another tool.

    `goal` is for the median of ours divided by the median of theirs: at most, or at least where
    `more_is_better`, as with requests per second. `unit` is that of one measured value.
    """

    name: str
    ours: str
    theirs: str
    goal: float
    unit: str = "s"
    more_is_better: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """The measured values of a row, turn by turn; `control` is our work a second time.

    `load` is how many cores others kept busy before the first turn.
    """

    row: str
    ours: Sequence[float]
    theirs: Sequence[float]
    control: Sequence[float]
    load: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Return the median of ours divided by the median of theirs."""
        return median(self.ours) / median(self.theirs)

    @property
    def control_ratio(self) -> float:
        """Return the ratio of equal work, which would be 1 on a quiet machine."""
        return median(self.control) / median(self.ours)

    @property
    def spread(self) -> tuple[float, float]:
        """Return between which ratios the middle half of the turns is."""
        ratios = [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]
        if len(ratios) < 2:
            return ratios[0], ratios[0]
        lower, _, upper = quantiles(ratios, n=4, method="inclusive")
        return lower, upper


def is_met(row: Row, ratio: float) -> bool:
    """Return whether a ratio is at the goal, as it is printed with two digits."""
    rounded = round(ratio, 3 if row.goal < 0.1 else 2)
    return rounded >= row.goal if row.more_is_better else rounded <= row.goal
