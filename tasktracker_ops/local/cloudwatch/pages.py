"""GetMetricData in pages of at most so many datapoints.

A token names the point after which to go on, so that pages fit together while data comes in.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from itertools import islice

from moto.cloudwatch.exceptions import CloudWatchException

from tasktracker_ops.local.cloudwatch.metric_math.queries import Result


class InvalidNextToken(CloudWatchException):
    """The token is none that was given out."""

    code = "InvalidNextToken"
    message = "The next token specified is invalid."


@dataclass(frozen=True)
class Part:
    """A result, or some of it: values by epoch seconds in the order asked for."""

    id: str
    label: str
    points: dict[int, float]
    complete: bool


@dataclass(frozen=True)
class Page:
    """The parts of a page and the token of the next, None on the last."""

    parts: list[Part]
    next_token: str | None


def cut(results: list[Result], limit: int, token: str | None, *, descending: bool) -> Page:
    """Return the page that `token` names, or the first; raises InvalidNextToken."""
    first, after = _read(token) if token else (0, None)
    parts: list[Part] = []
    for number, result in enumerate(results[first:], first):
        points = dict(sorted(result.points.items(), reverse=descending))
        if number == first and after is not None:
            points = {t: v for t, v in points.items() if (t < after if descending else t > after)}
        taken = dict(islice(points.items(), limit))
        limit -= len(taken)
        complete = len(taken) == len(points)
        parts.append(Part(result.id, result.label, taken, complete))
        if not complete:
            return Page(parts, _token(number, list(taken)[-1] if taken else None))
    return Page(parts, None)


def _token(number: int, after: int | None) -> str:
    return base64.urlsafe_b64encode(json.dumps([number, after]).encode()).decode()


def _read(token: str) -> tuple[int, int | None]:
    try:
        match json.loads(base64.urlsafe_b64decode(token)):
            case [int(number), int() | None as after] if number >= 0:
                return number, after
    except (binascii.Error, ValueError):
        pass
    raise InvalidNextToken
