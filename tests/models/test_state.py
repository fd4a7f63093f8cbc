"""Reading Terraform's state: addresses, and what is no state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasktracker_ops.models.state import (
    State,
    StateDifference,
    StateInvalid,
    StateResource,
    with_serial,
)
from tests.states import LINEAGE, state


def content(*resources: dict[str, Any], **changes: Any) -> bytes:
    """Return a state with these resources."""
    document = {**json.loads(state(3)), "resources": resources, **changes}
    return json.dumps(document).encode()


def resource(*instances: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a managed resource with these instances."""
    return {"mode": "managed", "type": "t", "name": "n", "instances": instances, **more}


@pytest.mark.parametrize(
    ("block", "addresses"),
    [
        (resource({"attributes": {"id": "x"}}), ["t.n"]),
        (resource({"index_key": 0}, {"index_key": "a"}), ["t.n[0]", 't.n["a"]']),
        (resource({}, module='module.m["k"]'), ['module.m["k"].t.n']),
        (resource({}, {"deposed": "1a2b"}), ["t.n"]),
        (resource({}, mode="data"), []),
    ],
)
def test_addresses_are_those_of_terraform(block: dict[str, Any], addresses: list[str]) -> None:
    """Of managed resources, with module and index, each once."""
    found = State.parse(content(block))
    assert [each.address for each in found.resources] == addresses
    assert found.addresses == set(addresses)


def test_resource_has_its_id() -> None:
    """It is empty where there is none."""
    block = resource({"index_key": 0, "attributes": {"id": "x"}}, {"index_key": 1})
    assert State.parse(content(block)).resources == (
        StateResource("t.n[0]", "t", "x"),
        StateResource("t.n[1]", "t", ""),
    )


@pytest.mark.parametrize(
    ("damaged", "reason", "foreign"),
    [
        (b"", "it is empty", False),
        (b"\xff\xfe", "it is not JSON", False),
        (state(1)[:-10], "it is not JSON", False),
        (b"[]", "it is not a JSON object", False),
        (b"{}", "it has format None", False),
        (b'{"version": 5}', "it has format 5, this tt-ops reads 4", True),
        (b'{"encrypted_data": "x"}', "it has format None", True),
        (b'{"version": 4}', "it has no 'lineage'", False),
        (content(lineage=""), "is no lineage", False),
        (content(serial="x"), "it is not a state", False),
        (content(resources=None), "it is not a state", False),
        (content({"mode": "managed"}), "it has no 'instances'", False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_state_says_why(damaged: bytes, reason: str, foreign: bool) -> None:
    """A document of another format is not damaged, and is left alone."""
    with pytest.raises(StateInvalid) as caught:
        State.parse(damaged)
    assert reason in str(caught.value)
    assert caught.value.foreign is foreign


def test_another_serial_changes_nothing_else() -> None:
    """Also what this version knows nothing of."""
    before = content(resource({"attributes": {"id": "ü"}}), added_later=[1])
    after = with_serial(before, 9)
    assert json.loads(after) == {**json.loads(before), "serial": 9}


def test_difference_names_what_a_restore_changes() -> None:
    """Resources that come back, that are forgotten, and that get another id."""
    before, after = State.parse(state(2, "a", "b")), State.parse(state(1, "b", "c"))
    difference = StateDifference.between(before, after)
    assert difference == StateDifference(("aws_sns_topic.c",), ("aws_sns_topic.a",), ())
    assert StateDifference.between(None, after).added == ("aws_sns_topic.b", "aws_sns_topic.c")
    assert StateDifference.between(after, after).empty
    changed = State.parse(state(1, "b", "c").replace(b"arn:b", b"arn:other"))
    assert StateDifference.between(changed, after).changed == ("aws_sns_topic.b",)
    assert before.lineage == LINEAGE
