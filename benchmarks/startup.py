"""How long short commands take, beside the AWS CLI and what no such tool can start faster than."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import venv
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import boto3
from clone import TT_OPS, Clone, running_clone
from measure import Pair, run, seconds, show

from tasktracker_ops.adapters.deployments import PARAMETER, SCHEMA
from tasktracker_ops.models import Deployment

Command = tuple[str | Path, ...]

_HELP: Command = (TT_OPS, "--help")
_CHECK: Command = (TT_OPS, "build", "--check")
_OUTPUTS: Command = (TT_OPS, "outputs")
_CLICK: Command = (sys.executable, "-c", "import click")
_BOTO3: Command = (sys.executable, "-c", "import boto3")
_DESCRIPTION = Deployment(
    schema=SCHEMA,
    region="eu-west-3",
    api_url="",
    api_id="",
    api_auth="NONE",
    function_name="",
    function_alias="",
    log_group="",
    table_name="",
    dashboard_name="",
    alarm_names=(),
    topic_arn="",
)


def _pairs(aws: Path | None) -> list[tuple[Command, Command]]:
    """What is compared with what; without the AWS CLI, with the imports alone."""
    floors = [(_HELP, _CLICK), (_CHECK, _CLICK), (_OUTPUTS, _BOTO3)]
    if aws is None:
        return floors
    get = (aws, "ssm", "get-parameter", "--name", PARAMETER)
    return [*floors, (_HELP, (aws, "--version")), (_OUTPUTS, get)]


def _prepare(clone: Clone) -> dict[str, str]:
    """Put in place what the commands read; returns the environment of both sides."""
    clone.tt_ops("build")
    environment = clone.target.environment()
    boto3.client(
        "ssm",
        endpoint_url=environment.endpoint_url,
        region_name=environment.region,
        aws_access_key_id=environment.access_key_id,
        aws_secret_access_key=environment.secret_access_key,
    ).put_parameter(Name=PARAMETER, Type="String", Value=json.dumps(asdict(_DESCRIPTION)))
    return {**environment.variables, **clone.environment}


@contextmanager
def _aws_cli(wanted: bool) -> Iterator[Path | None]:
    if not wanted:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="tt-ops-benchmark-") as scratch:
        venv.create(scratch, with_pip=True)
        bin_folder = Path(scratch, "bin")
        run([bin_folder / "pip", "install", "--quiet", "awscli"], directory=Path(scratch))
        yield bin_folder / "aws"


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11, help="of each command (default: 11)")
    parser.add_argument(
        "--aws-cli", action="store_true", help="install awscli in a venv that is removed after"
    )
    options = parser.parse_args()
    times: defaultdict[Command, list[float]] = defaultdict(list)
    with _aws_cli(options.aws_cli) as aws, running_clone() as clone:
        environment = _prepare(clone)
        pairs = _pairs(aws)
        for _ in range(options.runs):
            for command in {command: None for pair in pairs for command in pair}:
                work = partial(run, command, directory=clone.path, environment=environment)
                times[command].append(seconds(work))
    show([Pair(_name(ours), times[ours], _name(theirs), times[theirs]) for ours, theirs in pairs])


def _name(command: Command) -> str:
    return " ".join([Path(command[0]).name, *map(str, command[1:])])


if __name__ == "__main__":
    main()
