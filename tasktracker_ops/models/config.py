"""The configuration: where each setting's value comes from, and changes of tt-ops.toml."""

from __future__ import annotations

from pathlib import Path

from tasktracker_ops.frozen import dataclass

# Where a value may come from.
OPTION, VARIABLE, FILE, PROFILE, DEFAULT = "option", "variable", "file", "profile", "default"


@dataclass(frozen=True, slots=True)
class SettingValue:
    """A setting: its value, and where that comes from.

    `origin` is one of those above, `source` the name of the option or variable, or the file's path,
    and `line` the line there. `value` is None where nothing is set, and for a secret.
    """

    name: str
    value: str | int | None
    origin: str
    source: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """All settings, as a command would use them."""

    settings: tuple[SettingValue, ...]


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """The path of tt-ops.toml, and whether it exists."""

    path: Path
    exists: bool


@dataclass(frozen=True, slots=True)
class ConfigurationChange:
    """A change of one setting in tt-ops.toml; `value` is None where it was removed.

    `env` is the environment whose section it is in, None for what all share. `overridden_by` names
    what is used instead of the value in the file.
    """

    name: str
    value: str | int | None
    before: str | int | None
    env: str | None
    path: Path
    overridden_by: str | None = None

    @property
    def changed(self) -> bool:
        """Return whether the file is another one than before."""
        return self.value != self.before
