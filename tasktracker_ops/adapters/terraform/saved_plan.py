"""A saved plan as `terraform show -json` prints it.

Source: https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

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
_SHARDS = "TASKS_STATUS_SHARDS"


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
        if entry["type"] != "aws_lambda_function":
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
        drift = _change(entry, clean)
        names = planned.get(drift.address)
        if names is None:
            continue
        reverted = tuple(each for each in drift.attributes if each.name in names)
        if reverted or drift.action == "delete":
            yield replace(drift, attributes=reverted)
