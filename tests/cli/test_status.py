"""`status`, `alarms` and the drills on a plain emulator, outside of a project."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.models.release import PROVEN, ReleaseRecord
from tests.alarm import DEFINITION
from tests.states import StateBucket, state

from .conftest import KEYS, REGION, Client, Run, error_of

TT_OPS = Path(sys.executable).with_name("tt-ops")
ALARMS = {"LambdaErrorAlarm": "Errors", "LambdaDurationAlarm": "Duration"}


@pytest.fixture(scope="module")
def topic(client: Client) -> str:
    """Create a deployment without an API: function, alias, alarms, topic; return its ARN."""
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("handler.py", "")
    client("lambda").create_function(
        FunctionName="tracker",
        Runtime="python3.12",
        Role=role,
        Handler="handler.lambda_handler",
        Code={"ZipFile": code.getvalue()},
        Publish=True,
    )
    client("lambda").create_alias(FunctionName="tracker", Name="live", FunctionVersion="1")
    arn = client("sns").create_topic(Name="alerts")["TopicArn"]
    client("sns").subscribe(TopicArn=arn, Protocol="email", Endpoint="operator@example.com")
    for name, metric in ALARMS.items():
        own = {"AlarmName": name, "MetricName": metric, "AlarmActions": [arn]}
        client("cloudwatch").put_metric_alarm(
            **{**DEFINITION, **own}, TreatMissingData="notBreaching"
        )
    return str(arn)


@pytest.fixture(scope="module")
def backend(backend: StateBucket) -> StateBucket:
    """The state backend with a state, and the record of a proven release."""
    backend.apply(state(1))
    record = ReleaseRecord(1, "", {}, None, False, "a@b", None, "", "1", outcome=PROVEN)
    key = "infra/terraform.tfstate.releases/000001.json"
    backend.client("s3").put_object(Bucket=backend.name, Key=key, Body=json.dumps(record.to_json()))
    return backend


@pytest.fixture
def run(
    run: Run,
    client: Client,
    topic: str,
    backend: StateBucket,
    endpoint: str,
    server: Any,
    describe: Callable[..., None],
) -> Run:
    """Run `tt-ops` outside of a project; the API is `server`, and all alarms are OK."""
    describe(api_url=server.url, alarm_names=list(ALARMS), topic_arn=topic)
    for name in ALARMS:
        set_state(client, name, "OK")
    table = {"TT_OPS_LOCK_TABLE": backend.table}
    return partial(run, AWS_ENDPOINT_URL=endpoint, PATH="", **table, **KEYS)


def set_state(client: Client, name: str, state: str) -> None:
    """Set the state of an alarm."""
    client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="by hand")


def answer_healthy(server: Any) -> None:
    """Let the API answer that it is healthy."""
    server.will_answer(200, '{"status": "ok"}', content_type="application/json")


def test_status_is_one_screen(run: Run, server: Any) -> None:
    """Without a terminal it has no colours."""
    answer_healthy(server)
    result = run("status")
    assert (result.exit_code, result.stderr) == (0, "")
    for words in (server.url, "200 in", "public", "version 1 (live), python3.12", "confirmed"):
        assert words in result.stdout
    assert "LambdaErrorAlarm     OK" in result.stdout
    assert "state lock           free" in result.stdout
    assert result.stdout.endswith("Everything is healthy.\n")
    assert "\x1b" not in result.stdout


def test_status_exits_3_for_a_firing_alarm(run: Run, server: Any, client: Client) -> None:
    """A subscriber was notified, so without --exit-code it exits 0."""
    answer_healthy(server)
    assert run("status", "--exit-code").exit_code == 0
    set_state(client, "LambdaErrorAlarm", "ALARM")
    assert run("status").exit_code == 0
    result = run("status", "--exit-code", "--output", "json")
    status = json.loads(result.stdout)
    assert result.exit_code == 3
    assert [(a["name"], a["state"]) for a in status["alarms"]] == [
        ("LambdaErrorAlarm", "ALARM"),
        ("LambdaDurationAlarm", "OK"),
    ]
    assert status["alarms"][0]["reason"] == "by hand"
    assert status["problems"][0]["code"] == "alarm-firing"


def test_status_exits_1_if_the_api_is_down(run: Run, server: Any, client: Client) -> None:
    """The status is still printed; with --exit-code, a firing alarm takes precedence."""
    server.will_answer(503, "{}")
    result = run("status")
    assert result.exit_code == 1
    assert "DOWN       503" in result.stdout
    assert "confirmed" in result.stdout
    set_state(client, "LambdaErrorAlarm", "ALARM")
    assert run("status", "--exit-code").exit_code == 3


def test_hints_of_problems_keep_the_target(run: Run, server: Any) -> None:
    """This holds for text and JSON."""
    server.will_answer(503, "{}")
    command = f"tt-ops --region {REGION} logs --errors"
    assert command in run("status", "--region", REGION).stdout
    status = json.loads(run("status", "--region", REGION, "--output", "json").stdout)
    assert status["problems"][0]["hint"].endswith(command)


def test_a_missing_deployment_is_one_error(run: Run) -> None:
    """Another region has no deployment, and no status."""
    result = run("--region", "eu-west-1", "status", "--output", "json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result)["code"] == "not-deployed"


def test_watch_prints_one_object_per_refresh(
    run: Run, server: Any, endpoint: str, tmp_path: Path
) -> None:
    """Ctrl-C ends it with exit code 130 and no error."""
    answer_healthy(server)
    environment = {**KEYS, "AWS_ENDPOINT_URL": endpoint, "HOME": str(tmp_path), "PATH": ""}
    with subprocess.Popen(
        [TT_OPS, "status", "--watch", "1s", "--output", "json"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        statuses = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert [each["healthy"] for each in statuses] == [True, True]
    assert (process.returncode, errors) == (130, "")


def test_alarms_exits_1_if_one_is_missing(run: Run, client: Client) -> None:
    """So does `status`, since nobody would be notified of a failure."""
    alarm = client("cloudwatch").describe_alarms(AlarmNames=["LambdaErrorAlarm"])["MetricAlarms"][0]
    client("cloudwatch").delete_alarms(AlarmNames=["LambdaErrorAlarm"])
    try:
        alarms, status = run("alarms"), run("status")
        assert (alarms.exit_code, status.exit_code) == (1, 1)
        for result in (alarms, status):
            assert "the alarm 'LambdaErrorAlarm' does not exist" in result.stdout
            assert "tt-ops deploy" in result.stdout
    finally:
        keys = "AlarmName Namespace MetricName Statistic Period EvaluationPeriods Threshold"
        keys += " ComparisonOperator AlarmActions"
        client("cloudwatch").put_metric_alarm(**{key: alarm[key] for key in keys.split()})


def test_a_failed_drill_is_printed_and_explained(run: Run, server: Any) -> None:
    """Stdout has what happened, stderr why it failed."""
    server.will_answer(403, '{"message":"Forbidden"}')
    result = run("trigger-error", "--output", "json")
    done = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (done["complete"], done["requests"][0]["status"]) == (False, 403)
    assert done["problem"] == error_of(result)
    assert error_of(result)["code"] == "drill-response-unexpected"
    assert error_of(result)["hint"].endswith(": aws sts get-caller-identity")


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "--watch", "0.5s"],
        ["status", "--watch", "5"],
        ["trigger-error", "--count", "0"],
        ["trigger-slow", "--count", "101"],
        ["alarms", "--since", "yesterday"],
    ],
)
def test_options_have_bounds(run: Run, arguments: list[str]) -> None:
    """The error quotes the value."""
    result = run("--output", "json", *arguments)
    assert (result.exit_code, error_of(result)["code"]) == (2, "usage")
    assert arguments[-1] in error_of(result)["message"]


@pytest.mark.parametrize("arguments", [["status", "--watch"], ["trigger-error", "--timeout", "5m"]])
def test_a_usage_error_refers_to_the_help_of_its_command(run: Run, arguments: list[str]) -> None:
    """An option lacks its value, or needs another option."""
    result = run("--output", "json", *arguments)
    assert (result.exit_code, error_of(result)["code"]) == (2, "usage")
    assert arguments[1] in error_of(result)["message"]
    assert error_of(result)["hint"].endswith(f" {arguments[0]} --help")
