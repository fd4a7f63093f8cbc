"""Whether the function's handler can be imported, tried in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess  # nosec B404 # the user's own function
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasktracker_ops.adapters.host.files import lock_file

_SCRIPT = Path(__file__).with_name("import_process.py")
_TIMEOUT = 30  # seconds; Lambda gives it 10, on a machine that has nothing else to do


@dataclass(frozen=True, slots=True)
class ImportFailure:
    """Why the handler cannot be imported; `file` and `line` are where, if that is a source.

    With `elsewhere`, the reason may be this machine: there is no AWS for the handler.
    """

    message: str
    file: str | None = None
    line: int | None = None
    elsewhere: bool = False


def try_import(
    handler: str,
    sources: Mapping[str, bytes],
    packages: Path | None,
    *,
    folder: Path,
    variables: Sequence[str],
    environment: Mapping[str, str],
) -> ImportFailure | None:
    """Import `module.function` from copies of the sources; return why it failed, else None.

    The copies are below `folder`, which belongs to this check alone. The handler finds the packages
    in `packages`, and those of Lambda's runtime; its own environment `variables` have the value 1,
    which is text and a number. `environment` gives PATH.
    """
    with _scratch(folder) as scratch:
        code, result = scratch / "code", scratch / "result.json"
        for name, content in sources.items():
            (code / name).parent.mkdir(parents=True, exist_ok=True)
            (code / name).write_bytes(content)
        folders = [str(code), *([str(packages)] if packages else [])]
        # The last of the paths are the folders of installed packages.
        site = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *sys.path]
        arguments = [str(result), handler, *folders, "--", *site]
        try:
            done = subprocess.run(  # nosec B603 # no shell
                [sys.executable, "-I", "-S", "-B", str(_SCRIPT), *arguments],
                cwd=code,
                env={name: "1" for name in variables} | _variables(handler, code, environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ImportFailure(f"it takes longer than {_TIMEOUT} seconds")
        if result.is_file():
            return ImportFailure(**json.loads(result.read_text("utf-8")))
        if done.returncode:
            return ImportFailure(f"the process ended with {done.returncode}")
    return None


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Yield an empty folder for one check at a time; what a killed one left in it goes first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch, lock = folder / "scratch", os.open(folder, os.O_RDONLY)
    try:
        lock_file(lock, folder)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    finally:
        os.close(lock)


def _variables(handler: str, code: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that Lambda sets, with an endpoint that nothing listens at.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    region, key = "eu-west-3", "none"  # no key grants anything
    return {
        "PATH": environment.get("PATH", os.defpath),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": handler,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": key,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
        "AWS_LAMBDA_FUNCTION_NAME": "import-check",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/import-check",
        "AWS_LAMBDA_LOG_STREAM_NAME": "import-check",
        "LAMBDA_TASK_ROOT": str(code),
    }
