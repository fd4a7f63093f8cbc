"""Short commands without a deployment, compared with those of other tools."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .clone import copy_project, edit
from .measure import Command, compare, run, seconds, timed
from .peers import program, tt_ops
from .rows import Measurement, Row

_SAM = Row("help", "tt-ops --help", "sam deploy --help", 0.05)
_AWS = Row("help-aws", "tt-ops --help", "aws --version", 0.15)
_CHALICE = Row("help-chalice", "tt-ops --help", "chalice --help", 0.15)
_BUILD = Row("build", "tt-ops build", "sam build, and zip", 0.08)
ROWS = (_SAM, _AWS, _CHALICE, _BUILD)

_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
_TEMPLATE = f"""\
Transform: AWS::Serverless-2016-10-31
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: lambda_function
      Handler: handler.lambda_handler
      Runtime: {_PYTHON}
"""


def measure(rows: Sequence[Row], turns: int) -> Iterator[Measurement]:
    """Yield the measurement of each row."""
    with tempfile.TemporaryDirectory(prefix="tt-ops-benchmark-") as scratch:
        folder = Path(scratch)
        environment = _environment(folder)
        for row in rows:
            if row is _BUILD:
                yield _measure_build(folder, environment, turns)
                continue
            command = row.theirs.split()
            theirs: Command = (program(command[0]), *command[1:])
            yield compare(
                row,
                timed((tt_ops(), "--help"), directory=folder, environment=environment),
                timed(theirs, directory=folder, environment=environment),
                turns,
            )


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment without the user's settings, in which SAM finds this Python."""
    (folder / "bin").mkdir()
    (folder / "bin" / _PYTHON).symlink_to(Path(sys.executable).resolve())
    return {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder),
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-west-3",
    }


def _measure_build(folder: Path, environment: dict[str, str], turns: int) -> Measurement:
    """Compare packing code that has changed."""
    ours, theirs = folder / "ours", folder / "theirs"
    for project in (ours, theirs):
        copy_project(project)
    (theirs / "template.yaml").write_text(_TEMPLATE)
    sam, tool = program("sam"), tt_ops()

    def build() -> None:
        run([tool, "build"], directory=ours, environment=environment)

    def build_with_sam() -> None:
        run([sam, "build"], directory=theirs, environment=environment)
        shutil.make_archive(str(theirs / "function"), "zip", theirs / ".aws-sam/build/Function")

    def after_edit(project: Path, work: Callable[[], None]) -> float:
        edit(project)
        return seconds(work)

    return compare(
        _BUILD,
        lambda: after_edit(ours, build),
        lambda: after_edit(theirs, build_with_sam),
        turns,
    )
