"""Route selection of HTTP APIs.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .call import STAGE

DEFAULT = "$default"


@dataclass(frozen=True)
class Match:
    """The route key that was selected and the path parameters it captured, decoded."""

    route_key: str
    path_parameters: dict[str, str]

    @property
    def resource(self) -> str:
        """Return the end of the ARN that stands for the route in a function's permission."""
        method, _, path = self.route_key.partition(" ")
        return f"{STAGE}/{method.replace('ANY', '*')}{path}"


def select(route_keys: Iterable[str], method: str, path: str) -> Match | None:
    """Return the most specific match: exact segments, then variables, then greedy, `$default`.

    Between equal paths a route for the method wins over `ANY`.
    """
    matches: list[tuple[tuple[tuple[int, ...], int], Match]] = []
    keys = list(route_keys)
    for key in keys:
        route_method, _, template = key.partition(" ")
        if route_method not in (method, "ANY") or not template:
            continue
        parameters = _capture(template, path)
        if parameters is not None:
            rank = (tuple(map(_vagueness, template.split("/"))), int(route_method == "ANY"))
            matches.append((rank, Match(key, parameters)))
    if matches:
        return min(matches, key=lambda pair: pair[0])[1]
    return Match(DEFAULT, {}) if DEFAULT in keys else None


def _capture(template: str, path: str) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    segments = path.split("/")
    expected = template.split("/")
    for position, part in enumerate(expected):
        if part.endswith("+}"):
            rest = "/".join(segments[position:])
            return {**parameters, part[1:-2]: rest} if rest else None
        if position >= len(segments):
            return None
        if part.startswith("{"):
            if not segments[position]:
                return None
            parameters[part[1:-1]] = segments[position]
        elif part != segments[position]:
            return None
    return parameters if len(expected) == len(segments) else None


def _vagueness(part: str) -> int:
    if part.endswith("+}"):
        return 2
    return int(part.startswith("{"))
