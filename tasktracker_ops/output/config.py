"""The configuration as text."""

from __future__ import annotations

import json

from tasktracker_ops.models.config import (
    DEFAULT,
    FILE,
    PROFILE,
    Configuration,
    ConfigurationChange,
    ConfigurationFile,
    SettingValue,
)

from .columns import Column, fit
from .results import text
from .screen import Screen
from .text import escape_control_characters


@text.register
def _(result: Configuration, screen: Screen) -> str:
    settings = result.settings
    columns = [
        Column("setting", [each.name for each in settings], weight=3),
        Column("value", [*map(_shown, settings)], weight=2, cuts=True),
        Column("from", [*map(_origin, settings)], weight=1),
    ]
    return fit(columns, screen.columns)


def _shown(setting: SettingValue) -> str:
    if setting.value is None:
        return "" if setting.origin == DEFAULT else "set, not shown"
    return setting.value if isinstance(setting.value, str) else _toml(setting.value)


def _origin(setting: SettingValue) -> str:
    if setting.origin == FILE and setting.source:
        name = setting.source.rpartition("/")[2]
        return name if setting.line is None else f"{name}:{setting.line}"
    return "AWS profile" if setting.origin == PROFILE else setting.source or setting.origin


@text.register
def _(result: ConfigurationFile, screen: Screen) -> str:
    return escape_control_characters(result.path)


@text.register
def _(result: ConfigurationChange, screen: Screen) -> str:
    scope = "" if result.env is None else f"for {result.env} "
    where = f"{scope}in {escape_control_characters(result.path)}"
    if result.value is None:
        if not result.changed:
            return f"Nothing to do: {result.name} is not set {where}"
        return f"Removed {result.name} {where}"
    assigned = f"{result.name} = {escape_control_characters(_toml(result.value))} {where}"
    lines = [f"Set {assigned}" if result.changed else f"Nothing to do: {assigned}"]
    if result.overridden_by:
        lines.append(f"It has no effect here: {result.overridden_by} takes precedence.")
    return "\n".join(lines)


def _toml(value: str | int) -> str:
    """Return a value as it stands in the file."""
    return json.dumps(value, ensure_ascii=False)
