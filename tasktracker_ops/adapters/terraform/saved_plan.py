"""A saved plan as `terraform show -json` prints it.

Source: https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tasktracker_ops.models.drift import ForeignPolicy, Refresh
from tasktracker_ops.models.plan import (
    SENSITIVE,
    UNKNOWN,
    AttributeChange,
    Plan,
    ResourceChange,
    in_order,
)

_LONGEST = 60  # characters of a value that is shown
_PUBLIC = "NONE"
_FUNCTION = "aws_lambda_function"
_ROLE = "aws_iam_role"
_ROLE_POLICY = "aws_iam_role_policy"
_SHARDS = "TASKS_STATUS_SHARDS"
# What AWS alone decides, by the provider's schema; tests/terraform/test_drift.py compares them.
COMPUTED = {
    *("api_endpoint", "beginning_archive_time", "code_sha256"),
    *("confirmation_was_authenticated", "create_date", "dashboard_arn", "execution_arn"),
    *("has_value_wo", "integration_response_selection_expression", "invoke_arn", "invoke_url"),
    *("last_modified", "owner", "owner_id", "pending_confirmation", "qualified_arn"),
    *("qualified_invoke_arn", "signing_job_arn", "signing_profile_version_arn"),
    *("source_code_size", "stream_arn", "stream_label", "unique_id"),
}
# By type, what follows from other resources, from releases, or from AWS's automatic deployments.
_DERIVED = {
    "aws_lambda_alias": {"function_version", "routing_config"},
    "aws_apigatewayv2_stage": {"deployment_id"},
    _ROLE: {"inline_policy", "managed_policy_arns"},
    _FUNCTION: {"version"},
    "aws_sns_topic": {"policy"},
    "aws_ssm_parameter": {"version"},
}


def read_plan(document: Mapping[str, Any], summary: Plan, clean: Callable[[str], str]) -> Plan:
    """Return the plan `summary` with the details of its changes from `document`.

    Outputs (`output.<name>`) are listed only when nothing else changes. A text that `clean` alters
    holds a secret.
    """
    entries = [
        entry for entry in document.get("resource_changes", ()) if entry.get("mode") != "data"
    ]
    changes = [change for entry in entries if (change := _change(entry, clean)).action]
    outputs = [
        ResourceChange(f"output.{name}", action)
        for name, output in document.get("output_changes", {}).items()
        if (action := _action({"change": output}))
    ]
    return replace(
        summary,
        changes=in_order(changes or outputs),
        made_public=tuple(sorted(_opened_routes(entries))),
        fewer_shards=_fewer_shards(entries),
        drift=tuple(_drift(document.get("resource_drift", ()), changes, clean)),
    )


def _change(entry: Mapping[str, Any], clean: Callable[[str], str]) -> ResourceChange:
    change, action = entry["change"], _action(entry)
    paths = [_path(path) for path in change.get("replace_paths", ())]
    aws_id = (change.get("before") or {}).get("id")
    return ResourceChange(
        address=entry["address"],
        action=action,
        type=entry["type"],
        id=clean(aws_id) if isinstance(aws_id, str) else "",
        attributes=tuple(_attributes(change, clean)) if action in ("update", "replace") else (),
        forced_by=tuple(dict.fromkeys(paths)),
        reason=entry.get("action_reason", ""),
        imported="importing" in change,
    )


def _action(entry: Mapping[str, Any]) -> str:
    """Return Terraform's list of actions as one word; empty when nothing happens."""
    actions = entry["change"]["actions"]
    if "forget" in actions:
        return "forget"
    if "delete" in actions:
        return "replace" if "create" in actions else "delete"
    if actions == ["no-op"]:
        if "importing" in entry["change"]:
            return "import"
        return "move" if "previous_address" in entry else ""
    return "" if actions == ["read"] else str(actions[0])


def _attributes(
    change: Mapping[str, Any], clean: Callable[[str], str]
) -> Iterator[AttributeChange]:
    """Yield the attributes that differ before and after; sensitive ones are masked."""
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    for name in sorted({*before, *after, *unknown}):
        is_unknown = _is_set(unknown.get(name))
        # The provider writes an unset value as null, empty or false.
        if (before.get(name) or None) == (after.get(name) or None) and not is_unknown:
            continue
        texts = (_display(before.get(name), clean), _display(after.get(name), clean))
        sides = ("before_sensitive", "after_sensitive")
        if any(_is_masked(change.get(side), name) for side in sides) or SENSITIVE in texts:
            yield AttributeChange(name, SENSITIVE, SENSITIVE)
        elif is_unknown:
            yield AttributeChange(name, texts[0], UNKNOWN)
        else:
            yield AttributeChange(name, *(texts if None not in texts else ()))


def _is_masked(mask: Any, name: str) -> bool:
    return _is_set(mask.get(name)) if isinstance(mask, Mapping) else bool(mask)


def _is_set(mask: Any) -> bool:
    """Return whether a mask, a nest of truth values, has a true one."""
    if isinstance(mask, Mapping):
        return any(map(_is_set, mask.values()))
    return any(map(_is_set, mask)) if isinstance(mask, list) else bool(mask)


def _display(value: Any, clean: Callable[[str], str]) -> str | None:
    """Return a value as it may be displayed; None for a long or nested one."""
    if isinstance(value, list | Mapping):
        return None
    if not isinstance(value, str):
        return json.dumps(value)
    if clean(value) != value:
        return SENSITIVE
    return (value or '""') if len(value) <= _LONGEST and value.isprintable() else None


def _path(steps: list[str | int]) -> str:
    """Return a path as Terraform writes it: `attribute[0].name`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".")


def _opened_routes(entries: list[Mapping[str, Any]]) -> set[str]:
    """Return the keys of routes that are protected now and would be public, at any address."""
    sides: dict[str, set[tuple[str, bool]]] = {"before": set(), "after": set()}
    for entry in entries:
        if entry["type"] != "aws_apigatewayv2_route":
            continue
        for side, routes in sides.items():
            if route := entry["change"].get(side):
                is_public = route.get("authorization_type", _PUBLIC) == _PUBLIC
                routes.add((route["route_key"], is_public))
    protected = {key for key, is_public in sides["before"] if not is_public}
    return {key for key, is_public in sides["after"] if is_public and key in protected}


def _fewer_shards(entries: list[Mapping[str, Any]]) -> tuple[int, int] | None:
    """Return the function's partitions per status before and after, if they become fewer."""
    counts: dict[str, int] = {}
    for entry in entries:
        if entry["type"] != _FUNCTION:
            continue
        for side in ("before", "after"):
            for environment in (entry["change"].get(side) or {}).get("environment") or ():
                if shards := (environment.get("variables") or {}).get(_SHARDS):
                    counts[side] = int(shards)
    before, after = counts.get("before", 0), counts.get("after", 0)
    return (before, after) if before > after > 0 else None


def _drift(
    entries: list[Mapping[str, Any]],
    changes: list[ResourceChange],
    clean: Callable[[str], str],
) -> Iterator[ResourceChange]:
    """Yield the drift that the plan reverts; other differences are only AWS's normalisation."""
    planned = {change.address: {each.name for each in change.attributes} for change in changes}
    for entry in entries:
        drift = _change(_without_noise(entry), clean)
        names = planned.get(drift.address)
        if names is None:
            continue
        reverted = tuple(each for each in drift.attributes if each.name in names)
        if reverted or drift.action == "delete":
            yield replace(drift, attributes=reverted)


def read_refresh(document: Mapping[str, Any], clean: Callable[[str], str]) -> Refresh:
    """Return what a refresh-only plan found changed outside of Terraform.

    Left out is noise: what AWS alone decides, what follows from another resource, a value that is
    unset in another way, JSON in another order, and in `tags_all` what `tags` has already.
    """
    state = document.get("prior_state", {}).get("values", {}).get("root_module", {})
    resources = [each for each in state.get("resources", ()) if each["mode"] == "managed"]
    entries = [
        _without_noise(entry)
        for entry in document.get("resource_drift", ())
        if entry.get("mode") != "data"
    ]
    changes = (_change(entry, clean) for entry in entries)
    return Refresh(
        in_order(each for each in changes if each.attributes or each.action == "delete"),
        tuple(_foreign_policies(resources)),
    )


def _without_noise(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the entry, in which an attribute that differs by noise only has its old value."""
    before, after = (dict(entry["change"].get(side) or {}) for side in ("before", "after"))
    noise = COMPUTED | _DERIVED.get(entry["type"], set())
    if before.get("tags") != after.get("tags") and (before.get("tags") or after.get("tags")):
        noise |= {"tags_all"}
    for name in after.keys() & before.keys():
        if name in noise or _json(before[name]) == _json(after[name]):
            after[name] = before[name]
    return {**entry, "change": {**entry["change"], "before": before, "after": after}}


def _foreign_policies(resources: list[Mapping[str, Any]]) -> Iterator[ForeignPolicy]:
    """Yield what was given to a role besides: no plan removes it, and an apply accepts it."""
    ours = {each["values"].get("name") for each in resources if each["type"] == _ROLE_POLICY}
    for role in (each["values"] for each in resources if each["type"] == _ROLE):
        inline = {each.get("name") for each in role.get("inline_policy") or ()}
        for policy in [*sorted(inline - ours), *(role.get("managed_policy_arns") or ())]:
            yield ForeignPolicy(role["name"], policy)


def _json(value: Any) -> Any:
    """Return the value that a text of JSON stands for; any other value as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError):
            return json.loads(value)
    return value
