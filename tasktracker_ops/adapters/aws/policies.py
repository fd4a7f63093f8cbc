"""Policies of roles: the statements of bootstrap/github/policies, which Terraform fills in too."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tasktracker_ops.adapters.host.templates import template_text
from tasktracker_ops.environments import Environment
from tasktracker_ops.models.permissions import Policy

PREVIEWS = Environment("pr-*")
# The files that each role's policy consists of; an API is identified by its tag, or has none.
_FILES = {
    "reader": ("observe",),
    "operator": ("observe", "operate", "drill"),
    "recoverer": ("observe", "recover"),
    "planner": ("read",),
    "monitor": ("read", "drill"),
    "deployer": ("read", "backend", "write", "apis", "lasting"),
    "previewer": ("read", "backend", "write", "apis"),
    "boundary": ("boundary",),
}
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
Names = Mapping[str, str]


def role_policy(role: str, names: Names) -> Policy:
    """Return the policy of a role; actions on the same resources are in one statement."""
    merged: dict[str, dict[str, Any]] = {}
    for file in _FILES[role]:
        tagged = file == "apis" and names["suffix"].startswith("-")
        for statement in _statements("tagged-apis" if tagged else file, names):
            target = json.dumps([statement["Resource"], statement.get("Condition")])
            present = merged.setdefault(target, {**statement, "Action": []})
            present["Action"] = sorted({*present["Action"], *statement["Action"]})
    return Policy("2012-10-17", tuple(merged.values()))


def environment_names(
    environment: Environment, own: Mapping[str, str], region: str
) -> dict[str, str]:
    """Return the names of an environment, or of all whose names match a pattern such as pr-*.

    `own` has its `function`, its `table` and its `state_key`.
    """
    function = own["function"]
    role, dashboard = environment.global_name(function, region), environment.dashboard(region)
    former_dashboard = dashboard.removesuffix(f"-{region}")
    boundaries = environment.boundaries(function, region)
    return {
        **own,
        "environment": environment.name,
        "suffix": environment.suffix,
        "parameters": environment.deployment_parameter.rpartition("/")[0],
        "role": role,
        "former_role": function if environment.is_default else role,
        "dashboard": dashboard,
        "former_dashboard": former_dashboard if environment.is_default else dashboard,
        "boundary": boundaries[0],
        "former_boundary": boundaries[-1],
    }


def all_names(own: Mapping[str, str], region: str) -> dict[str, str]:
    """Return patterns of the names of all environments; `own` are those of the default one."""
    names = environment_names(Environment(), own, region)
    folder, slash, file = own["state_key"].rpartition("/")
    return {
        **{name: f"{value}*" for name, value in names.items()},
        "environment": "*",
        "state_key": f"{folder}{slash}*{file}",
        # Not those that begin with the function's name alone: GitHub's roles do.
        "role": f"{own['function']}-*-{region}",
        "former_role": names["role"],
        "boundary": f"{own['function']}*-boundary*",
        "former_boundary": f"{own['function']}*-boundary*",
    }


def _statements(file: str, names: Names) -> list[dict[str, Any]]:
    """Return the statements of a file with its placeholders filled in, each resource once."""
    text = template_text(f"bootstrap/github/policies/{file}.json")
    filled = _PLACEHOLDER.sub(lambda found: names[found[1]], text)
    return [
        {**each, "Resource": list(dict.fromkeys(each["Resource"]))}
        for each in json.loads(filled)["Statement"]
    ]
