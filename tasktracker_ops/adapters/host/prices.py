"""Prices by region: those of the package, and those of a file of the user's."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.models.costs import RESOURCES, Price

_PACKAGED = Path(__file__).parents[2] / "prices.toml"
_NAMES = [resource.key for resource in RESOURCES]


def known_prices(region: str) -> dict[str, Price]:
    """Return the prices of a region that the package has; most have none."""
    content = tomllib.loads(_PACKAGED.read_text("utf-8"))
    return {name: Price(**each) for name, each in content.get(region, {}).items()}


def regions() -> list[str]:
    """Return the regions that the package has prices of."""
    return list(tomllib.loads(_PACKAGED.read_text("utf-8")))


def read_prices(file: Path, region: str) -> dict[str, Price]:
    """Return the prices of a region in a TOML or JSON file: numbers, or as the package has them.

    Raises TtOpsError `prices-invalid`.
    """
    try:
        text = file.read_text("utf-8")
        content = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
        return {name: _price(name, each, file) for name, each in content.get(region, {}).items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise TtOpsError(
            "prices-invalid",
            f"the prices in {str(file)!r} cannot be read: {error}",
            hint="see the form of such a file: tt-ops costs --help",
            exit_code=ExitCode.USAGE,
        ) from error


def _price(name: str, value: Any, file: Path) -> Price:
    if name not in _NAMES:
        raise ValueError(f"{name!r} is none of {', '.join(_NAMES)}")
    fields = value if isinstance(value, Mapping) else {"price": value}
    price = fields.get("price")
    if isinstance(price, bool) or not isinstance(price, int | float) or price < 0:
        raise ValueError(f"the price of {name!r} is {price!r}, and not a number of dollars")
    return Price(float(price), fields.get("source", str(file)), fields.get("date", ""))
