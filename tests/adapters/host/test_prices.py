"""Prices have a page and a date, and those of a file are numbers of known resources."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tasktracker_ops.adapters.host.prices import known_prices, read_prices, regions
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.costs import RESOURCES, Price
from tasktracker_ops.regions import region_names


def test_each_packaged_price_has_a_page_and_a_date() -> None:
    """In a region of AWS, of a resource that is counted."""
    assert set(regions()) <= region_names().keys()
    for region in regions():
        prices = known_prices(region)
        assert set(prices) <= {resource.key for resource in RESOURCES}
        for price in prices.values():
            assert price.price > 0
            assert price.source.startswith("https://")
            assert date.fromisoformat(price.date) <= date.today()
    assert known_prices("eu-west-3") == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "p.toml",
            "[eu-west-3]\nalarms = 0.1\nmails = {price = 2, source = 'https://x', date='d'}",
        ),
        (
            "p.json",
            '{"eu-west-3": {"alarms": 0.1,'
            ' "mails": {"price": 2, "source": "https://x", "date": "d"}}}',
        ),
    ],
)
def test_prices_of_a_file(tmp_path: Path, name: str, text: str) -> None:
    """TOML and JSON say the same; another region has none."""
    file = tmp_path / name
    file.write_text(text)
    assert read_prices(file, "eu-west-3") == {
        "alarms": Price(0.1, str(file), ""),
        "mails": Price(2.0, "https://x", "d"),
    }
    assert read_prices(file, "us-east-1") == {}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[eu-west-3]\nalarm = 1", "'alarm' is none of"),
        ("[eu-west-3]\nalarms = '1'", "'alarms' is '1'"),
        ("[eu-west-3]\nalarms = -1", "'alarms' is -1"),
        ("[eu-west-3]\nalarms = {}", "'alarms' is None"),
        ("eu-west-3 = 1", "cannot be read"),
        ("[", "cannot be read"),
    ],
)
def test_what_is_no_price_is_named(tmp_path: Path, text: str, named: str) -> None:
    """The message has the file."""
    file = tmp_path / "p.toml"
    file.write_text(text)
    with pytest.raises(TtOpsError, match=named) as caught:
        read_prices(file, "eu-west-3")
    assert (caught.value.code, str(file) in caught.value.message) == ("prices-invalid", True)
