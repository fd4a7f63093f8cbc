"""What the deployment consumed, by the emulator's figures, times prices of a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from tests.e2e.conftest import Clone


def test_consumption_times_prices(live: Clone, api: str, tmp_path: Path) -> None:
    """Requests are counted and have a cost; a resource without a price is named."""
    for _ in range(3):
        requests.get(f"{api}/tasks").raise_for_status()
    file = tmp_path / "prices.toml"
    file.write_text("[eu-west-3]\napi_requests = 1.5\nalarms = 0.1\n")
    result = live.run("costs", "--prices", str(file), "--since", "1d", "--output", "json")
    report = json.loads(result.stdout)
    rows = {row["resource"]: row for row in report["costs"]}
    requests_row, alarms = rows["api_requests"], rows["alarms"]
    assert requests_row["quantity"] >= 3
    assert requests_row["cost"] == pytest.approx(requests_row["quantity"] * 1.5 / 1_000_000)
    assert (alarms["quantity"], alarms["cost_above_free"]) == (2, 0)
    assert 0.006 < alarms["cost"] < 0.008  # of a thirtieth of a month
    assert rows["compute_arm64"]["quantity"] > 0
    assert report["emulated"]
    assert (result.returncode, report["problem"]["code"]) == (1, "prices-missing")
    assert "'eu-west-3' of invocations" in report["problem"]["message"]
    assert "api_requests" not in report["problem"]["message"]
