"""Time series, and how metric math treats their values: points, scalars, arrays.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace


class ExpressionError(ValueError):
    """A text that is no expression, or one whose functions do not fit their arguments."""


@dataclass(frozen=True)
class Series:
    """Values by the first second of their period; `period` in seconds."""

    points: dict[int, float]
    period: int
    label: str = ""

    def map(self, change: Callable[[float], float]) -> Series:
        """Change every value; a point whose value has no result is dropped."""
        return self.over({at: _attempt(change, value) for at, value in self.points.items()})

    def over(self, points: dict[int, float | None]) -> Series:
        """Return this series with other points, without those that are None."""
        return replace(self, points={at: v for at, v in points.items() if v is not None})


# A string is a word such as REPEAT or a text in quotes.
Value = float | Series | list[Series] | str
Operation = Callable[[float, float], float]


def combine(operation: Operation, left: Value, right: Value) -> Value:
    """Apply an operation of two numbers to numbers, series and arrays; pairwise to two arrays.

    Where one of two series has no point, its value is 0; a point without a result is dropped, a
    number without one is NaN.
    """
    if isinstance(left, str) or isinstance(right, str):
        raise ExpressionError("a text cannot be calculated with")
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            raise ExpressionError("arrays of time series must have the same length")
        return [_pair(operation, one, other) for one, other in zip(left, right, strict=True)]
    if isinstance(left, list):
        return [_pair(operation, one, right) for one in left]  # type: ignore[arg-type]
    if isinstance(right, list):
        return [_pair(operation, left, other) for other in right]
    if isinstance(left, Series) or isinstance(right, Series):
        return _pair(operation, left, right)
    result = _attempt(operation, left, right)
    return math.nan if result is None else result


def across(
    operation: Callable[[list[float]], float], array: list[Series], *, missing: float | None = None
) -> Series:
    """Apply an operation to the values of all series at each time at which there is one.

    A series without a point then has the value `missing`, or none.
    """
    times = sorted({at for series in array for at in series.points})
    points: dict[int, float | None] = {}
    for at in times:
        values = (series.points.get(at, missing) for series in array)
        points[at] = operation([value for value in values if value is not None])
    return Series({}, min((series.period for series in array), default=60)).over(points)


def _pair(operation: Operation, left: Series | float, right: Series | float) -> Series:
    if isinstance(left, Series) and isinstance(right, Series):
        times = sorted(left.points.keys() | right.points.keys())
        ours, theirs = left.points, right.points
        return left.over(
            {at: _attempt(operation, ours.get(at, 0.0), theirs.get(at, 0.0)) for at in times}
        )
    if isinstance(left, Series):
        assert not isinstance(right, Series)  # nosec B101 # for mypy
        return left.over({at: _attempt(operation, v, right) for at, v in left.points.items()})
    assert isinstance(right, Series)  # nosec B101 # for mypy: one of them is
    return right.over({at: _attempt(operation, left, v) for at, v in right.points.items()})


def _attempt(operation: Callable[..., float], *values: float) -> float | None:
    try:
        result = float(operation(*values))
    except (ArithmeticError, ValueError):
        return None
    return result if math.isfinite(result) else None
