"""Saved plans as Terraform 1.11 and the AWS provider 5.100 print them, recorded in `plans/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.terraform.saved_plan import read_plan
from tasktracker_ops.models.plan import SENSITIVE, UNKNOWN, AttributeChange, Plan, ResourceChange

TABLE = "aws_dynamodb_table"


def read(document: Mapping[str, Any]) -> Plan:
    """Read a plan; the word `secret` is one."""
    return read_plan(document, Plan(0, 0, 0, ()), lambda text: text.replace("secret", "***"))


def recorded(name: str) -> Plan:
    """Read a recorded plan."""
    return read(json.loads((Path(__file__).parents[1] / "plans" / f"{name}.json").read_text()))


def entry(actions: list[str], **more: Any) -> dict[str, Any]:
    """A change of the table as Terraform writes it; `more` goes into the change."""
    change = {"actions": actions, "before": {}, "after": {}, "after_unknown": {}, **more}
    return {"address": f"{TABLE}.tasks", "mode": "managed", "type": TABLE, "change": change}


def only(*entries: Mapping[str, Any]) -> ResourceChange:
    """The one change of a plan."""
    (change,) = read({"resource_changes": entries}).changes
    return change


def attributes(**change: Any) -> tuple[AttributeChange, ...]:
    """What is told of the attributes of an update."""
    return only(entry(["update"], **change)).attributes


@pytest.mark.parametrize(
    ("name", "attribute"), [("table-renamed", "name"), ("table-with-another-key", "hash_key")]
)
def test_cause_of_a_replacement_is_named(name: str, attribute: str) -> None:
    """It comes first, with the name that AWS knows the table by."""
    plan = recorded(name)
    first = plan.changes[0]
    assert (first.address, first.action, first.id) == (f"{TABLE}.tasks", "replace", "TaskTable")
    assert first.forced_by == (attribute,)
    assert plan.data_losses == (first,)


def test_values_are_shown_before_and_after() -> None:
    """Those that only AWS will know are marked."""
    told = {each.name: each for each in recorded("table-renamed").changes[0].attributes}
    assert told["name"] == AttributeChange("name", "TaskTable", "Renamed")
    assert told["arn"].after == UNKNOWN


def test_data_sources_and_reads_are_no_changes() -> None:
    """What is only looked up stays out."""
    addresses = [change.address for change in recorded("table-renamed").changes]
    assert len(addresses) == 5
    assert not any(address.startswith("data.") for address in addresses)


def test_forgotten_table_is_a_loss() -> None:
    """It stays in AWS, and a deploy would no longer find it."""
    plan = recorded("table-forgotten")
    assert [(each.address, each.action) for each in plan.data_losses] == [
        (f"{TABLE}.tasks", "forget")
    ]


def test_sensitive_address_is_masked() -> None:
    """Sensitive before or after is sensitive."""
    (change,) = recorded("another-address").changes
    assert AttributeChange("endpoint", SENSITIVE, SENSITIVE) in change.attributes
    assert "@" not in repr(change)


def test_protected_api_that_would_be_public_is_detected() -> None:
    """By the keys of routes; those that were open stay out."""
    assert recorded("api-opened").made_public == ("$default",)


@pytest.mark.parametrize(
    ("before", "after", "fewer"),
    [
        ("3", "1", (3, 1)),
        ("10", "9", (10, 9)),
        ("9", "10", None),
        ("2", "2", None),
        (None, "1", None),
        ("2", None, None),
    ],
)
def test_partitions_no_longer_read_are_detected(
    before: str | None, after: str | None, fewer: tuple[int, int] | None
) -> None:
    """As numbers; a function that is made or removed, or knows of none, hides nothing."""

    def side(shards: str | None) -> dict[str, Any]:
        variables = {"TASKS_TABLE_NAME": "x"} | ({"TASKS_STATUS_SHARDS": shards} if shards else {})
        return {"environment": [{"variables": variables}]}

    function = entry(["update"], before=side(before), after=side(after))
    function["type"] = "aws_lambda_function"
    assert read({"resource_changes": [function]}).fewer_shards == fewer
    for action, gone in (("delete", "after"), ("create", "before")):
        function["change"] |= {"actions": [action], "before": side("3"), "after": side("1")}
        function["change"][gone] = None
        assert read({"resource_changes": [function]}).fewer_shards is None


@pytest.mark.parametrize(
    ("before", "after", "made_public"),
    [
        ("JWT", "NONE", ("$default",)),
        ("AWS_IAM", None, ("$default",)),
        ("NONE", "NONE", ()),
        ("NONE", "JWT", ()),
        ("JWT", "AWS_IAM", ()),
    ],
)
def test_route_that_moved_is_the_same_route(
    before: str, after: str | None, made_public: tuple[str, ...]
) -> None:
    """Deleted under one address and made under another, it is known by its key."""

    def route(address: str, action: str, side: str, auth: str | None) -> dict[str, Any]:
        values = {"route_key": "$default"} | ({"authorization_type": auth} if auth else {})
        made = entry([action], **{"before": None, "after": None, side: values})
        return {**made, "address": address, "type": "aws_apigatewayv2_route"}

    plan = read(
        {
            "resource_changes": [
                route("aws_apigatewayv2_route.old", "delete", "before", before),
                route("aws_apigatewayv2_route.new[0]", "create", "after", after),
            ]
        }
    )
    assert plan.made_public == made_public


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["create"], "create"),
        (["delete"], "delete"),
        (["delete", "create"], "replace"),
        (["create", "delete"], "replace"),
        (["forget"], "forget"),
        (["create", "forget"], "forget"),
    ],
)
def test_actions_are_one_word(actions: list[str], action: str) -> None:
    """Whatever the order of their halves."""
    assert only(entry(actions)).action == action


def test_moves_and_imports_are_changes() -> None:
    """Nothing happens to the resource, but to the state."""
    assert only(entry(["no-op"], importing={"id": "TaskTable"})).action == "import"
    assert only({**entry(["no-op"]), "previous_address": f"{TABLE}.old"}).action == "move"
    assert read({"resource_changes": [entry(["no-op"])]}).empty


@pytest.mark.parametrize("address", [f"{TABLE}.others[0]", f'module.a.{TABLE}.t["x"]'])
def test_no_address_hides_a_loss(address: str) -> None:
    """The type counts, not the name."""
    plan = read({"resource_changes": [{**entry(["delete"]), "address": address}]})
    assert [change.address for change in plan.data_losses] == [address]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (1, 2, ("1", "2")),
        (0, 1, ("0", "1")),
        (True, None, ("true", "null")),
        ("", "a", ('""', "a")),
        ("a", "b" * 61, (None, None)),
        ("a\nb", "c", (None, None)),
        ("a", ["b"], (None, None)),
        ("a secret", "b", (SENSITIVE, SENSITIVE)),
    ],
)
def test_only_short_plain_values_are_shown(before: Any, after: Any, told: tuple[Any, Any]) -> None:
    """Of the others, the name; of secrets not even that they were long."""
    (change,) = attributes(before={"x": before}, after={"x": after})
    assert (change.before, change.after) == told


@pytest.mark.parametrize("mask", [True, {"x": True}, {"x": [{"y": True}]}])
@pytest.mark.parametrize("side", ["before_sensitive", "after_sensitive"])
def test_masks_hide_values(mask: Any, side: str) -> None:
    """Of a whole resource, an attribute, or something inside of one."""
    (change,) = attributes(before={"x": "a"}, after={"x": "b"}, **{side: mask})
    assert (change.before, change.after) == (SENSITIVE, SENSITIVE)


def test_unset_values_are_no_change() -> None:
    """The provider writes it as null, empty or false."""
    unset = {"a": "", "b": [], "c": False, "d": {}}
    assert attributes(before=unset, after=dict.fromkeys(unset)) == ()


def test_only_drift_that_is_reverted_is_shown() -> None:
    """The rest is how AWS words what it was given."""
    back = entry(["update"], before={"x": 2, "y": 1}, after={"x": 1, "y": 1})
    drifted = entry(["update"], before={"x": 1, "y": 0}, after={"x": 2, "y": 1})
    elsewhere = {**drifted, "address": f"{TABLE}.others"}
    plan = read({"resource_changes": [back], "resource_drift": [drifted, elsewhere]})
    (drift,) = plan.drift
    assert drift.attributes == (AttributeChange("x", "1", "2"),)


def test_outputs_count_when_nothing_else_changes() -> None:
    """Terraform calls that a change as well."""
    outputs = {"it": {"actions": ["create"]}, "same": {"actions": ["no-op"]}}
    plan = read({"output_changes": outputs})
    assert [(change.address, change.action) for change in plan.changes] == [("output.it", "create")]
