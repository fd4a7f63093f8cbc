"""Compare short commands with the AWS CLI, and with the imports that they cannot avoid."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import asdict
from functools import partial
from pathlib import Path

import boto3
from clone import TT_OPS, Clone, running_clone
from measure import Command, Pair, aws_cli, run, seconds, show, typed

from tasktracker_ops.adapters.aws.deployments import SCHEMA
from tasktracker_ops.environments import Environment
from tasktracker_ops.models.deployment import Deployment

_HELP: Command = (TT_OPS, "--help")
_CHECK: Command = (TT_OPS, "build", "--check")
_OUTPUTS: Command = (TT_OPS, "outputs")
_CLICK: Command = (sys.executable, "-c", "import click")
_BOTO3: Command = (sys.executable, "-c", "import boto3")
_PARAMETER = Environment().deployment_parameter
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
    """Return the commands to compare; without the AWS CLI, only with the imports."""
    floors = [(_HELP, _CLICK), (_CHECK, _CLICK), (_OUTPUTS, _BOTO3)]
    if aws is None:
        return floors
    get = (aws, "ssm", "get-parameter", "--name", _PARAMETER)
    return [*floors, (_HELP, (aws, "--version")), (_OUTPUTS, get)]


def _prepare(clone: Clone) -> dict[str, str]:
    """Create what the commands read, and return the environment of both sides."""
    clone.tt_ops("build")
    environment = clone.target.environment()
    boto3.client(
        "ssm",
        endpoint_url=environment.endpoint_url,
        region_name=environment.region,
        aws_access_key_id=environment.access_key_id,
        aws_secret_access_key=environment.secret_access_key,
    ).put_parameter(Name=_PARAMETER, Type="String", Value=json.dumps(asdict(_DESCRIPTION)))
    return {**environment.variables, **clone.environment}


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11, help="of each command (default: 11)")
    parser.add_argument(
        "--aws-cli", action="store_true", help="install awscli in a venv that is removed afterwards"
    )
    options = parser.parse_args()
    times: defaultdict[Command, list[float]] = defaultdict(list)
    with aws_cli(options.aws_cli) as aws, running_clone() as clone:
        environment = _prepare(clone)
        pairs = _pairs(aws)
        for _ in range(options.runs):
            for command in {command: None for pair in pairs for command in pair}:
                work = partial(run, command, directory=clone.path, environment=environment)
                times[command].append(seconds(work))
    show([Pair(typed(ours), times[ours], typed(theirs), times[theirs]) for ours, theirs in pairs])


if __name__ == "__main__":
    main()
