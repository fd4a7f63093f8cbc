"""A saved plan as `terraform show -json` has it.

The format is Terraform's own, see
https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
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
_OPEN = "NONE"
_SHARDS = "TASKS_STATUS_SHARDS"


def read_plan(document: Mapping[str, Any], announced: Plan, clean: Callable[[str], str]) -> Plan:
    """Return the plan that Terraform `announced`, with all that is known of its changes.

    Outputs (`output.<name>`) are listed only when nothing else changes. A text that `clean` changes
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
        announced,
        changes=in_order(changes or outputs),
        made_public=tuple(sorted(_opened(entries))),
        fewer_shards=_fewer_shards(entries),
        drift=tuple(_drift(document.get("resource_drift", ()), changes, clean)),
    )


def _change(entry: Mapping[str, Any], clean: Callable[[str], str]) -> ResourceChange:
    change, action = entry["change"], _action(entry)
    paths = [_path(path) for path in change.get("replace_paths", ())]
    known = (change.get("before") or {}).get("id")
    return ResourceChange(
        address=entry["address"],
        action=action,
        type=entry["type"],
        id=clean(known) if isinstance(known, str) else "",
        attributes=tuple(_attributes(change, clean)) if action in ("update", "replace") else (),
        forced_by=tuple(dict.fromkeys(paths)),
        reason=entry.get("action_reason", ""),
        imported="importing" in change,
    )


def _action(entry: Mapping[str, Any]) -> str:
    """Put Terraform's list of actions into one word; empty when nothing happens."""
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
    """Compare the attributes before and after; what nobody may see is masked."""
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    for name in sorted({*before, *after, *unknown}):
        to_be_known = _any(unknown.get(name))
        # The provider writes what is not set as null, as empty, or as false.
        if (before.get(name) or None) == (after.get(name) or None) and not to_be_known:
            continue
        texts = (_shown(before.get(name), clean), _shown(after.get(name), clean))
        masks = (_mask(change, side, name) for side in ("before_sensitive", "after_sensitive"))
        if any(masks) or SENSITIVE in texts:
            yield AttributeChange(name, SENSITIVE, SENSITIVE)
        elif to_be_known:
            yield AttributeChange(name, texts[0], UNKNOWN)
        else:
            yield AttributeChange(name, *(texts if None not in texts else ()))


def _mask(change: Mapping[str, Any], side: str, name: str) -> bool:
    mask = change.get(side)
    return _any(mask.get(name)) if isinstance(mask, Mapping) else bool(mask)


def _any(mask: Any) -> bool:
    """Tell whether a mask, a truth value or a nest of them, covers anything."""
    if isinstance(mask, Mapping):
        return any(map(_any, mask.values()))
    return any(map(_any, mask)) if isinstance(mask, list) else bool(mask)


def _shown(value: Any, clean: Callable[[str], str]) -> str | None:
    if isinstance(value, list | Mapping):
        return None
    if not isinstance(value, str):
        return json.dumps(value)
    if clean(value) != value:
        return SENSITIVE
    return (value or '""') if len(value) <= _LONGEST and value.isprintable() else None


def _path(steps: list[str | int]) -> str:
    """Write a path as Terraform does: `attribute[0].name`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".")


def _opened(entries: list[Mapping[str, Any]]) -> set[str]:
    """Find the keys of routes that are protected now and would be open, wherever they stand."""
    sides: dict[str, set[tuple[str, bool]]] = {"before": set(), "after": set()}
    for entry in entries:
        if entry["type"] != "aws_apigatewayv2_route":
            continue
        for side, found in sides.items():
            if route := entry["change"].get(side):
                is_open = route.get("authorization_type", _OPEN) == _OPEN
                found.add((route["route_key"], is_open))
    return {key for key, is_open in sides["after"] if is_open and (key, False) in sides["before"]}


def _fewer_shards(entries: list[Mapping[str, Any]]) -> tuple[int, int] | None:
    """Find how many partitions of each status the function looks into, where these become fewer."""
    found: dict[str, int] = {}
    for entry in entries:
        if entry["type"] != "aws_lambda_function":
            continue
        for side in ("before", "after"):
            for environment in (entry["change"].get(side) or {}).get("environment") or ():
                if shards := (environment.get("variables") or {}).get(_SHARDS):
                    found[side] = int(shards)
    now, then = found.get("before", 0), found.get("after", 0)
    return (now, then) if now > then > 0 else None


def _drift(
    entries: list[Mapping[str, Any]],
    changes: list[ResourceChange],
    clean: Callable[[str], str],
) -> Iterator[ResourceChange]:
    """What was changed past Terraform and is changed back; the rest is how AWS words things."""
    planned = {change.address: {each.name for each in change.attributes} for change in changes}
    for entry in entries:
        found = _change(entry, clean)
        touched = planned.get(found.address)
        if touched is None:
            continue
        back = tuple(each for each in found.attributes if each.name in touched)
        if back or found.action == "delete":
            yield replace(found, attributes=back)
