"""GitHub's own command line, `gh`, where it is installed and signed in."""

from __future__ import annotations

import json
import shutil
import subprocess  # nosec B404 # gh
from collections.abc import Mapping
from typing import Any

_TIMEOUT = 15  # seconds


def settings_of(
    repository: str, environ: Mapping[str, str]
) -> tuple[Mapping[str, str], frozenset[str]] | None:
    """Return the variables of a repository, and the names of its secrets for GitHub Actions.

    None where `gh` is not on PATH, or gets no answer.
    """
    program = shutil.which("gh", path=environ.get("PATH"))
    if program is None:
        return None
    try:
        variables = _list(program, environ, "variable", repository, "name,value")
        secrets = _list(program, environ, "secret", repository, "name")
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return (
        {each["name"]: each["value"] for each in variables},
        frozenset(each["name"] for each in secrets),
    )


def _list(
    program: str, environ: Mapping[str, str], kind: str, repository: str, fields: str
) -> list[dict[str, Any]]:
    answer = subprocess.run(  # nosec B603 # no shell; the user's gh
        [program, kind, "list", "--repo", repository, "--json", fields],
        env={**environ, "GH_PROMPT_DISABLED": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found
