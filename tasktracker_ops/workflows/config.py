"""Show the settings with their origins, and change those in tt-ops.toml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.host import toml_file
from tasktracker_ops.models.config import (
    DEFAULT,
    FILE,
    OPTION,
    PROFILE,
    VARIABLE,
    Configuration,
    ConfigurationChange,
    ConfigurationFile,
    SettingValue,
)
from tasktracker_ops.settings import NAMES, read_value, require_file_name
from tasktracker_ops.targets import AWS_PROFILE

if TYPE_CHECKING:
    from tasktracker_ops.app import App
    from tasktracker_ops.settings import Settings

_SECRETS = {"api_token"}


def configuration(app: App) -> Configuration:
    """Return each setting as commands use it, with its origin.

    Raises ConfigurationError `region-invalid` for what AWS's variables or the profile name.
    """
    settings = app.settings
    text = toml_file.read_text(settings.configuration_file)
    values = {name: (getattr(settings, name), settings.origins.get(name)) for name in NAMES}
    values["region"] = app.region
    return Configuration(
        tuple(_described(settings, text, name, *value) for name, value in values.items())
    )


def _described(
    settings: Settings, text: str, name: str, value: object, source: str | None
) -> SettingValue:
    shown = value if value is None or isinstance(value, str | int) else str(value)
    file = settings.configuration_file
    if name in _SECRETS:
        shown = None
    if source is None:
        return SettingValue(name, shown, DEFAULT)
    if source == str(file):
        sections = (_path(settings.env, name), _path(None, name))
        line = next(filter(None, (toml_file.line_of(text, path) for path in sections)), None)
        return SettingValue(name, shown, FILE, source, line)
    if source == AWS_PROFILE:
        return SettingValue(name, shown, PROFILE)
    return SettingValue(name, shown, OPTION if source.startswith("--") else VARIABLE, source)


def configuration_file(app: App) -> ConfigurationFile:
    """Return where tt-ops.toml is, or would be."""
    path = app.settings.configuration_file
    return ConfigurationFile(path, path.is_file())


def set_value(app: App, name: str, text: str) -> ConfigurationChange:
    """Set a setting in the project's tt-ops.toml, which is created where there is none.

    It is set in the section of the environment, if one is named, else for all. Raises
    ConfigurationError for a name or a value that no command could read.
    """
    value = read_value(name, text, "config set", app.settings.environ)
    return _change(app, name, value)


def unset_value(app: App, name: str) -> ConfigurationChange:
    """Remove a setting from the place that `set_value` would set it in."""
    require_file_name(name)
    return _change(app, name, None)


def _change(app: App, name: str, value: str | int | None) -> ConfigurationChange:
    settings = app.settings
    file = settings.project / settings.configuration_file.name
    env = settings.env if "env" in settings.origins else None
    path, text = _path(env, name), toml_file.read_text(file)
    before = toml_file.value_at(text, path)
    if value is not None:
        text = toml_file.with_value(text, path, value)
    elif before is not None:
        text = toml_file.without_value(text, path)
    if value != before:
        toml_file.replace_text(file, text)
    return ConfigurationChange(
        name=name,
        value=value,
        before=before,
        env=env,
        path=file,
        overridden_by=None if value is None else _overridden_by(settings, text, name, env, file),
    )


def _overridden_by(
    settings: Settings, text: str, name: str, env: str | None, file: Path
) -> str | None:
    """Return what goes first for the environment of this run, if anything does."""
    source = settings.origins.get(name, str(file))
    if source != str(file):
        return source
    in_section = toml_file.value_at(text, _path(settings.env, name)) is not None
    return f"[env.{settings.env}]" if env is None and in_section else None


def _path(env: str | None, name: str) -> Sequence[str]:
    """Return the keys that lead to a setting in the file."""
    return (name,) if env is None else ("env", env, name)
