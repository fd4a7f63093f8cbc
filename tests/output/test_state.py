"""Results of the commands on Terraform's state, as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tasktracker_ops.models.state import (
    StateContent,
    StateDifference,
    StateRepairResult,
    StateRestore,
    StateVersion,
    StateVersions,
)

VERSION = StateVersion(
    version="L4kqtJlcpXroDTDmpUMLUo1",
    at="2026-01-01T00:00:00Z",
    current=True,
    serial=12,
    lineage="0f3f6b6e-7b1c-4a59-9d57-3a3c2f6d1a11",
    size=48123,
    resources=21,
    who="me@host",
)
EMPTY = {"serial": None, "lineage": None, "resources": None, "who": None}
MARKER = replace(VERSION, **EMPTY, version="L4kqtJlcpZ", current=False, problem="delete marker")
VERSIONS = StateVersions("bucket", "infra/terraform.tfstate", (VERSION, MARKER), more=3)
DIFFERENCE = StateDifference(("aws_sns_topic.alerts",), ("aws_s3_bucket.b",), ("aws_x.y",))
RESTORE = StateRestore("L4kq", "2026-01-01T00:00:00Z", 11, 13, "0f3f6b6e", DIFFERENCE)
REPAIR = StateRepairResult("infra/terraform.tfstate", 12, "0f3f6b6e", 21, ("Wrote the digest",))


@pytest.mark.parametrize(
    ("result", "parts"),
    [
        (VERSIONS, ["L4kqtJlcpX  ", "(current)", "12  0f3f6b6e   48,123", "21  me@host"]),
        (VERSIONS, ["delete marker", "3 older versions: see them with --limit."]),
        (replace(VERSIONS, versions=(replace(VERSION, who=None),)), ["L4kqtJlc ", "unknown"]),
        (replace(VERSIONS, versions=()), ["The bucket bucket has no version of the state infra/"]),
        (RESTORE, ["Restored the state of serial 11 as serial 13 (version L4kq).", "tt-ops plan"]),
        (RESTORE, ["+ aws_sns_topic.alerts comes back", "- aws_s3_bucket.b is forgotten"]),
        (replace(RESTORE, difference=StateDifference((), (), ())), ["are the same as now"]),
        (REPAIR, ["Repaired. The state infra/terraform.tfstate is valid: serial 12, lineage 0f3f"]),
        (replace(REPAIR, serial=None, repairs=()), ["Nothing to repair. There is no state infra/"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_results_are_readable_text(show: Callable[..., str], result: Any, parts: list[str]) -> None:
    """The text has these parts."""
    text = show(result)
    for part in parts:
        assert part in text


def test_a_pulled_state_is_printed_whole(show: Callable[..., str]) -> None:
    """With the secrets in it: a masked state would be a damaged one."""
    content = '{\n  "endpoint": "operator@example.com"\n}\n'
    assert show(StateContent(content)) == content
