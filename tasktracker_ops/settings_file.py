"""Reading tt-ops.toml: shared settings, a section for each environment, errors at their lines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .environments import is_environment_name
from .errors import ConfigurationError, Finding

CONFIGURATION_FILE = "tt-ops.toml"


def read_settings(
    file: Path, env: str, known: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings before any section, and those of the section of an environment.

    Without a file there are none. Raises ConfigurationError `configuration-unreadable`, or
    `setting-unknown` for a name that is not `known`.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}, {}
    except (UnicodeDecodeError, OSError) as error:
        raise _unreadable(file, error) from None
    import tomllib  # only where there is a file: it takes longer than to read all other settings

    try:
        shared = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(file, error) from None
    sections = shared.pop("env", {})
    _require_sections(file, sections)
    section = sections.get(env, {})
    for name in (*shared, *section):
        if name not in known:
            reason = f"which is not a setting. Known: {', '.join(sorted(known))}"
            raise _unknown(file, name, reason, "remove")
    return shared, section


def file_environments(file: Path) -> tuple[str, ...]:
    """Return the environments that have a section in the file; none where it cannot be read."""
    import tomllib

    try:
        return tuple(tomllib.loads(file.read_text(encoding="utf-8")).get("env", {}))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError):
        return ()


def finding(file: Path, name: str, message: str) -> Finding:
    """Return the finding for a setting or section, at the line that begins with its name."""
    begins = re.compile(rf"\s*\[?\s*[\"']?{re.escape(name)}[\"']?\s*[]=.]")
    lines = file.read_text(encoding="utf-8").splitlines()
    found = (number for number, line in enumerate(lines, 1) if begins.match(line))
    return Finding(message, file, next(found, None))


def _require_sections(file: Path, sections: Any) -> None:
    """Raise ConfigurationError `setting-unknown` for a misspelt section."""
    named = sections if isinstance(sections, dict) else {"": sections}
    for name, section in named.items():
        if not is_environment_name(name) or not isinstance(section, dict):
            section_name = ".".join(filter(None, ("env", name)))
            reason = "which is not an environment, such as [env.staging]"
            raise _unknown(file, section_name, reason, "fix")


def _unknown(file: Path, name: str, reason: str, verb: str) -> ConfigurationError:
    message = f"{str(file)!r} sets {name!r}, {reason}"
    return ConfigurationError(
        "setting-unknown",
        message,
        hint=f"{verb} that line: ${{EDITOR:-vi}} {shlex.quote(str(file))}",
        findings=[finding(file, name, message)],
    )


def _unreadable(file: Path, error: Exception) -> ConfigurationError:
    line = re.search(r"at line (\d+)", str(error))
    return ConfigurationError(
        "configuration-unreadable",
        f"{str(file)!r} cannot be read: {error}",
        hint="fix it, or move it away: " + shlex.join(["mv", str(file), f"{file}.old"]),
        findings=[Finding(str(error), file, int(line[1]) if line else None)],
    )
