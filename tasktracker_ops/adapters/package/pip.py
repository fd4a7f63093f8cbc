"""Installing packages with pip, and what its failures mean."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess  # nosec B404 # pip
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.package import PackagePlatform

_WITH_MARKERS = Path(__file__).with_name("pip_with_markers.py")
_OPTIONS = (
    "install",
    *("--only-binary", ":all:"),
    "--no-compile",
    "--no-user",
    "--no-input",
    "--no-warn-conflicts",
    "--disable-pip-version-check",
    *("--root-user-action", "ignore"),
    *("--progress-bar", "off"),
    "--quiet",
)
# No module beside the script is one of pip's, and nothing is installed into pip's environment.
_VARIABLES = {"PYTHONSAFEPATH": "1", "PIP_REQUIRE_VIRTUALENV": "0", "LC_ALL": "C.UTF-8"}
_ERROR = re.compile(r"^ERROR: (.+(?:\n {2,}.+)*)$", re.MULTILINE)
_NO_WHEEL = re.compile(r"No matching distribution found for (\S.*?)(?: \(from .*\))?$")
# What pip prints at its last attempt, before it reports that a package was not found.
_UNREACHABLE = re.compile(r"Retrying \(Retry\(total=0.*?(?:host='([^']+)'|$)", re.MULTILINE)


def install(
    requirements: Path, folder: Path, platform: PackagePlatform, environment: Mapping[str, str]
) -> None:
    """Install what a requirements.txt names, and what that needs, as wheels into an empty folder.

    `environment` is the user's: pip's own settings, such as another index, apply. Raises TtOpsError
    `pip-missing`, `wheel-missing`, `packages-unreachable`, `hash-mismatch` or `pip-failed`.
    """
    _require_pip()
    done = subprocess.run(  # nosec B603 # no shell
        [*_command(platform), "--target", str(folder), "--requirement", str(requirements)],
        # Relative paths in the file are relative to it, as they read.
        cwd=requirements.parent,
        env={**environment, **_VARIABLES},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise _failure(done.stderr, requirements, platform)


def _command(platform: PackagePlatform) -> list[str]:
    if not platform.tags:
        return [sys.executable, "-m", "pip", *_OPTIONS]
    tags = [option for tag in platform.tags for option in ("--platform", tag)]
    python = ["--implementation", "cp", "--python-version", platform.python]
    markers = json.dumps(dict(platform.markers))
    return [sys.executable, str(_WITH_MARKERS), markers, *_OPTIONS, *python, *tags]


def _require_pip() -> None:
    if find_spec("pip") is None:
        raise TtOpsError(
            "pip-missing",
            f"{sys.executable!r} has no pip, which installs the function's packages",
            hint=f"add it: {shlex.join([sys.executable, '-m', 'ensurepip'])}",
        )


def _failure(text: str, requirements: Path, platform: PackagePlatform) -> TtOpsError:
    edit = f"${{EDITOR:-vi}} {shlex.quote(os.path.relpath(requirements))}"
    errors = _ERROR.findall(text)
    if unreachable := _UNREACHABLE.search(text):
        host = f" at {unreachable[1]!r}" if unreachable[1] else ""
        return TtOpsError(
            "packages-unreachable",
            f"pip cannot reach the package index{host}",
            hint="check network and proxy, or name another index: export PIP_INDEX_URL=URL",
        )
    if missing := next(filter(None, map(_NO_WHEEL.search, errors)), None):
        return TtOpsError(
            "wheel-missing",
            f"there is no wheel of {missing[1]!r} for {platform.label}",
            hint=f"choose a version that has one, or another package: {edit}",
        )
    if "DO NOT MATCH THE HASHES" in text:
        expected = re.search(r"^ +(\S.*?)(?: from .*)?:$", text, re.MULTILINE)
        return TtOpsError(
            "hash-mismatch",
            f"the package index has {expected[1] if expected else 'a package'!r} with another hash "
            f"than {str(requirements)!r}",
            hint=f"find out why, before you change the hash: {edit}",
        )
    reason = "; ".join(" ".join(each.split()) for each in errors) or text.strip()[-200:]
    return TtOpsError(
        "pip-failed",
        f"pip cannot install {str(requirements)!r} for {platform.label}: {reason.rstrip('.')}",
        hint=f"fix it: {edit}",
    )
