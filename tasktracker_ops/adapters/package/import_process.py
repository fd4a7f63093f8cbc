"""Import the function's handler as Lambda would, in a process of its own.

Run with -I -S: `import_process.py RESULT HANDLER FOLDER … -- SITE …`. The handler finds its modules
and packages in the folders, and in SITE only those that Lambda's runtime has too. RESULT is the
file that gets an error, as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

# Source: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-dependencies
_RUNTIME = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"}
# Modules whose errors mean that there is no AWS.
_OS = (os.__file__, "<frozen os>")
_ELSEWHERE = ("botocore.", "boto3.", "urllib3.")


class _RuntimePackages:
    """Finds the packages of Lambda's runtime in `site`."""

    def __init__(self, site: Sequence[str]) -> None:
        self._site = site

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a top-level package; its own path leads to what is below."""
        return PathFinder.find_spec(name, self._site) if name in _RUNTIME else None


def main(result: str, handler: str, *places: str) -> None:
    """Import the handler's module and look up its function; write the error, if there is one."""
    split = places.index("--")
    folders, site = list(places[:split]), places[split + 1 :]
    sys.path[:0] = folders
    sys.meta_path.append(_RuntimePackages(site))
    module, function = handler.split(".")
    try:
        getattr(importlib.import_module(module), function)
    except BaseException as error:
        Path(result).write_text(json.dumps(_description(error, folders[0])), encoding="utf-8")


def _description(error: BaseException, folder: str) -> dict[str, object]:
    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(folder)
    ]
    return {
        "message": f"{type(error).__name__}: {error}",
        "file": str(Path(ours[-1].filename).relative_to(folder)) if ours else None,
        "line": ours[-1].lineno if ours else None,
        "elsewhere": _is_from_elsewhere(error),
    }


def _is_from_elsewhere(error: BaseException) -> bool:
    """Return whether an error may come from this machine: from its files, network or variables."""
    frames = traceback.extract_tb(error.__traceback__)
    return (
        isinstance(error, OSError)
        or type(error).__module__.startswith(_ELSEWHERE)
        or (isinstance(error, KeyError) and frames[-1].filename in _OS)
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # to take apart what was imported takes longer than to say so
