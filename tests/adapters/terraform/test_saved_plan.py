"""Saved plans as Terraform 1.11 and the AWS provider 5.100 print them, recorded in `plans/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.terraform.saved_plan import read_plan, read_refresh
from tasktracker_ops.models.plan import SENSITIVE, UNKNOWN, AttributeChange, Plan, ResourceChange

TABLE = "aws_dynamodb_table"


def read(document: Mapping[str, Any]) -> Plan:
    """Read a plan in which the word `secret` is a secret."""
    return read_plan(document, Plan(0, 0, 0, ()), lambda text: text.replace("secret", "***"))


def recorded(name: str) -> Plan:
    """Read a recorded plan."""
    return read(json.loads((Path(__file__).parent / "plans" / f"{name}.json").read_text()))


def entry(actions: list[str], **more: Any) -> dict[str, Any]:
    """Return a change of the table as Terraform writes it; `more` is added to the change."""
    change = {"actions": actions, "before": {}, "after": {}, "after_unknown": {}, **more}
    return {"address": f"{TABLE}.tasks", "mode": "managed", "type": TABLE, "change": change}


def only(*entries: Mapping[str, Any]) -> ResourceChange:
    """Return the only change of a plan."""
    (change,) = read({"resource_changes": entries}).changes
    return change


def attributes(**change: Any) -> tuple[AttributeChange, ...]:
    """Return the attributes of an update."""
    return only(entry(["update"], **change)).attributes


@pytest.mark.parametrize(
    ("name", "attribute"), [("table-renamed", "name"), ("table-with-another-key", "hash_key")]
)
def test_cause_of_a_replacement_is_named(name: str, attribute: str) -> None:
    """A loss comes first, with the table's name in AWS."""
    plan = recorded(name)
    first = plan.changes[0]
    assert (first.address, first.action, first.id) == (f"{TABLE}.tasks", "replace", "TaskTable")
    assert first.forced_by == (attribute,)
    assert plan.data_losses == (first,)


def test_values_are_shown_before_and_after() -> None:
    """Values that only AWS will know are marked."""
    attributes = {each.name: each for each in recorded("table-renamed").changes[0].attributes}
    assert attributes["name"] == AttributeChange("name", "TaskTable", "Renamed")
    assert attributes["arn"].after == UNKNOWN


def test_data_sources_are_not_changes() -> None:
    """They are only read."""
    addresses = [change.address for change in recorded("table-renamed").changes]
    assert len(addresses) == 5
    assert not any(address.startswith("data.") for address in addresses)


def test_forgotten_table_is_a_loss() -> None:
    """The table stays in AWS, but no deploy finds it again."""
    plan = recorded("table-forgotten")
    assert [(each.address, each.action) for each in plan.data_losses] == [
        (f"{TABLE}.tasks", "forget")
    ]


def test_sensitive_address_is_masked() -> None:
    """A value that is sensitive before or after is masked in both."""
    (change,) = recorded("another-address").changes
    assert AttributeChange("endpoint", SENSITIVE, SENSITIVE) in change.attributes
    assert "@" not in repr(change)


def test_protected_api_that_would_be_public_is_detected() -> None:
    """The plan lists the route keys, without those that are public already."""
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
def test_fewer_partitions_are_detected(
    before: str | None, after: str | None, fewer: tuple[int, int] | None
) -> None:
    """Counts compare as numbers; a created or deleted function does not count."""

    def side(shards: str | None) -> dict[str, Any]:
        variables = {"TASKS_TABLE_NAME": "x"} | ({"TASKS_STATUS_SHARDS": shards} if shards else {})
        return {"environment": [{"variables": variables}]}

    function = entry(["update"], before=side(before), after=side(after))
    function["type"] = "aws_lambda_function"
    assert read({"resource_changes": [function]}).fewer_shards == fewer
    for action, missing in (("delete", "after"), ("create", "before")):
        function["change"] |= {"actions": [action], "before": side("3"), "after": side("1")}
        function["change"][missing] = None
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
def test_route_is_compared_by_its_key(
    before: str, after: str | None, made_public: tuple[str, ...]
) -> None:
    """A route deleted at one address and created at another is the same route."""

    def route(address: str, action: str, side: str, auth: str | None) -> dict[str, Any]:
        values = {"route_key": "$default"} | ({"authorization_type": auth} if auth else {})
        change = entry([action], **{"before": None, "after": None, side: values})
        return {**change, "address": address, "type": "aws_apigatewayv2_route"}

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
def test_list_of_actions_becomes_one_word(actions: list[str], action: str) -> None:
    """The order of the list does not matter."""
    assert only(entry(actions)).action == action


def test_moves_and_imports_are_changes() -> None:
    """They change the state, not the resource."""
    assert only(entry(["no-op"], importing={"id": "TaskTable"})).action == "import"
    assert only({**entry(["no-op"]), "previous_address": f"{TABLE}.old"}).action == "move"
    assert read({"resource_changes": [entry(["no-op"])]}).empty


@pytest.mark.parametrize("address", [f"{TABLE}.others[0]", f'module.a.{TABLE}.t["x"]'])
def test_loss_is_detected_by_type(address: str) -> None:
    """The address does not matter."""
    plan = read({"resource_changes": [{**entry(["delete"]), "address": address}]})
    assert [change.address for change in plan.data_losses] == [address]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
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
def test_only_short_values_are_shown(before: Any, after: Any, expected: tuple[Any, Any]) -> None:
    """Of a long or nested attribute only the name is shown; secrets are masked."""
    (change,) = attributes(before={"x": before}, after={"x": after})
    assert (change.before, change.after) == expected


@pytest.mark.parametrize("mask", [True, {"x": True}, {"x": [{"y": True}]}])
@pytest.mark.parametrize("side", ["before_sensitive", "after_sensitive"])
def test_sensitive_value_is_masked(mask: Any, side: str) -> None:
    """A mask covers a resource, an attribute, or a part of an attribute."""
    (change,) = attributes(before={"x": "a"}, after={"x": "b"}, **{side: mask})
    assert (change.before, change.after) == (SENSITIVE, SENSITIVE)


def test_unset_values_are_equal() -> None:
    """The provider writes an unset value as null, empty or false."""
    unset = {"a": "", "b": [], "c": False, "d": {}}
    assert attributes(before=unset, after=dict.fromkeys(unset)) == ()


def test_only_reverted_drift_is_shown() -> None:
    """Other differences are only AWS's normalisation."""
    planned = entry(["update"], before={"x": 2, "y": 1}, after={"x": 1, "y": 1})
    drifted = entry(["update"], before={"x": 1, "y": 0}, after={"x": 2, "y": 1})
    elsewhere = {**drifted, "address": f"{TABLE}.others"}
    plan = read({"resource_changes": [planned], "resource_drift": [drifted, elsewhere]})
    (drift,) = plan.drift
    assert drift.attributes == (AttributeChange("x", "1", "2"),)


def test_changed_outputs_are_listed_without_other_changes() -> None:
    """Terraform counts them as changes as well."""
    outputs = {"it": {"actions": ["create"]}, "same": {"actions": ["no-op"]}}
    plan = read({"output_changes": outputs})
    assert [(change.address, change.action) for change in plan.changes] == [("output.it", "create")]


def refreshed(type: str, before: Any, after: Any) -> dict[str, list[str]]:
    """Return what a refresh-only plan says about a resource: its attributes by address."""
    actions = ["delete" if after is None else "update"]
    change = {"actions": actions, "before": before, "after": after}
    entry = {"address": type, "mode": "managed", "type": type, "change": change}
    found = read_refresh({"resource_drift": [entry]}, str)
    return {each.address: [a.name for a in each.attributes] for each in found.changes}


def test_a_refresh_finds_what_was_changed_or_deleted() -> None:
    """Values are masked as in a plan."""
    change = {"actions": ["update"], "before": {"memory_size": 128}, "after": {"memory_size": 256}}
    secret = {"actions": ["update"], "before": {"value": "a"}, "after": {"value": "secret"}}
    entries = [
        {"address": address, "mode": "managed", "type": TABLE, "change": each}
        for address, each in (("function", change), ("parameter", secret))
    ]
    found = read_refresh({"resource_drift": entries}, lambda text: text.replace("secret", "***"))
    assert [each.attributes for each in found.changes] == [
        (AttributeChange("memory_size", "128", "256"),),
        (AttributeChange("value", SENSITIVE, SENSITIVE),),
    ]
    assert refreshed("aws_sns_topic_subscription", {"arn": "a"}, None) == {
        "aws_sns_topic_subscription": []
    }


@pytest.mark.parametrize(
    ("type", "before", "after"),
    [
        ("aws_lambda_function", {"last_modified": "1", "version": "1"}, {"version": "2"}),
        ("aws_lambda_function", {"layers": None}, {"layers": []}),
        ("aws_lambda_function", {"code_sha256": "a", "source_code_size": 1}, {"code_sha256": "b"}),
        ("aws_lambda_alias", {"function_version": "1"}, {"function_version": "2"}),
        ("aws_lambda_alias", {"routing_config": []}, {"routing_config": [{"2": 0.1}]}),
        ("aws_sns_topic_subscription", {"pending_confirmation": True}, {}),
        ("aws_cloudwatch_dashboard", {"body": '{"a": 1, "b": 2}'}, {"body": '{"b":2,"a":1}'}),
        ("aws_sns_topic", {"policy": "{}"}, {"policy": '{"Statement": []}'}),
        ("aws_apigatewayv2_stage", {"deployment_id": "a"}, {"deployment_id": "b"}),
        (
            TABLE,
            {"tags": None, "tags_all": {"a": "1", "b": "2"}},
            {"tags_all": {"b": "2", "a": "1"}},
        ),
    ],
)
def test_a_refresh_leaves_out_noise(
    type: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """What AWS alone decides or orders, and what is unset in another way, was changed by nobody."""
    assert refreshed(type, before, {**dict.fromkeys(before), **after}) == {}


def test_a_tag_is_one_difference() -> None:
    """A tag that was added is in `tags`; one of the provider's own that was removed is not."""
    both = {"tags": {"x": "1"}, "tags_all": {"x": "1"}}
    assert refreshed(TABLE, {"tags": {}, "tags_all": {}}, both) == {TABLE: ["tags"]}
    removed = refreshed(TABLE, {"tags": {}, "tags_all": {"a": "1"}}, {"tags": {}, "tags_all": {}})
    assert removed == {TABLE: ["tags_all"]}


def test_a_policy_that_was_given_to_a_role_is_named() -> None:
    """Even after an apply has accepted it; those that are resources of their own are not."""

    def resource(type: str, **values: Any) -> dict[str, Any]:
        return {"mode": "managed", "type": type, "values": {"name": "ours", **values}}

    role = resource(
        "aws_iam_role",
        inline_policy=[{"name": "ours"}, {"name": "by-hand"}],
        managed_policy_arns=["arn:aws:iam::aws:policy/AdministratorAccess"],
    )
    resources = [role, resource("aws_iam_role_policy")]
    document = {"prior_state": {"values": {"root_module": {"resources": resources}}}}
    assert [each.policy for each in read_refresh(document, str).policies] == [
        "by-hand",
        "arn:aws:iam::aws:policy/AdministratorAccess",
    ]
    assert refreshed("aws_iam_role", {"inline_policy": []}, {"inline_policy": [{}]}) == {}
