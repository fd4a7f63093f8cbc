"""`status`, `alarms` and the drills on a deployment that somebody else made, outside of a clone."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from tasktracker_ops.cli.main import cli

TT_OPS = Path(sys.executable).with_name("tt-ops")
REGION = "eu-west-3"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
ALARMS = {"LambdaErrorAlarm": "Errors", "LambdaDurationAlarm": "Duration"}
Client = Callable[[str], Any]
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def client(endpoint: str) -> Client:
    """Clients of the account."""
    session = boto3.Session("AKIDEXAMPLE", "example", region_name=REGION)
    return lambda service: session.client(service, endpoint_url=endpoint)


@pytest.fixture(scope="module")
def topic(client: Client) -> str:
    """What AWS holds of a deployment but its API: function, alias, alarms, topic."""
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
        client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/Lambda",
            MetricName=metric,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[arn],
        )
    return str(arn)


@pytest.fixture
def run(
    client: Client,
    topic: str,
    endpoint: str,
    server: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run `tt-ops` where no project is; the API is `server`, and all alarms are OK."""
    description = {
        "schema": 1,
        "region": REGION,
        "api_url": server.url,
        "api_id": "abc",
        "api_auth": "NONE",
        "function_name": "tracker",
        "function_alias": "live",
        "log_group": "/aws/lambda/tracker",
        "table_name": "TaskTable",
        "dashboard_name": "dashboard",
        "alarm_names": list(ALARMS),
        "topic_arn": topic,
    }
    client("ssm").put_parameter(
        Name="/task-tracker/deployment",
        Value=json.dumps(description),
        Type="String",
        Overwrite=True,
    )
    for name in ALARMS:
        set_state(client, name, "OK")
    monkeypatch.chdir(tmp_path)
    cleared = {name: None for name in os.environ if name.startswith(("AWS_", "TT_OPS_", "TF_VAR_"))}
    account = {"AWS_ENDPOINT_URL": endpoint, "AWS_EC2_METADATA_DISABLED": "true", **KEYS}
    environment = {**cleared, **account, "HOME": str(tmp_path), "PATH": ""}

    def call(*arguments: str, **more: str) -> Result:
        return CliRunner().invoke(cli, arguments, env={**environment, **more})

    return call


def set_state(client: Client, name: str, state: str) -> None:
    """Move an alarm by hand."""
    client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="by hand")


def healthy(server: Any) -> None:
    """The API is well."""
    server.will_answer(200, '{"status": "ok"}', content_type="application/json")


def error(result: Result) -> Any:
    """What `--output json` says of an error."""
    return json.loads(result.stderr)["error"]


def test_status_is_one_screen(run: Run, server: Any) -> None:
    """In words, without a colour code where nobody watches."""
    healthy(server)
    result = run("status")
    assert (result.exit_code, result.stderr) == (0, "")
    for words in (server.url, "200 in", "public", "version 1 (live), python3.12", "confirmed"):
        assert words in result.stdout
    assert "LambdaErrorAlarm     OK" in result.stdout
    assert "state lock           unknown" in result.stdout
    assert result.stdout.endswith("All is well.\n")
    assert "\x1b" not in result.stdout


def test_status_exits_3_for_an_alarm_where_asked_to(run: Run, server: Any, client: Client) -> None:
    """Somebody was told, so that alone is no failure."""
    healthy(server)
    assert run("status", "--exit-code").exit_code == 0
    set_state(client, "LambdaErrorAlarm", "ALARM")
    assert run("status").exit_code == 0
    result = run("status", "--exit-code", "--output", "json")
    seen = json.loads(result.stdout)
    assert result.exit_code == 3
    assert [(a["name"], a["state"]) for a in seen["alarms"]] == [
        ("LambdaErrorAlarm", "ALARM"),
        ("LambdaDurationAlarm", "OK"),
    ]
    assert seen["alarms"][0]["reason"] == "by hand"
    assert seen["problems"][0]["code"] == "alarm-firing"


def test_status_exits_1_for_an_api_that_is_down(run: Run, server: Any, client: Client) -> None:
    """The screen is shown all the same; a firing alarm counts for more where asked to."""
    server.will_answer(503, "{}")
    result = run("status")
    assert result.exit_code == 1
    assert "DOWN       503" in result.stdout
    assert "confirmed" in result.stdout
    set_state(client, "LambdaErrorAlarm", "ALARM")
    assert run("status", "--exit-code").exit_code == 3


def test_problems_lead_to_where_the_run_went(run: Run, server: Any) -> None:
    """On the screen and in JSON."""
    server.will_answer(503, "{}")
    command = f"tt-ops --region {REGION} logs --errors"
    assert command in run("status", "--region", REGION).stdout
    seen = json.loads(run("status", "--region", REGION, "--output", "json").stdout)
    assert seen["problems"][0]["hint"].endswith(command)


@pytest.mark.parametrize("arguments", [["status"], ["alarms"], ["trigger-error", "--wait"]])
def test_nothing_deployed_is_one_error(run: Run, arguments: list[str]) -> None:
    """In this region at least."""
    result = run("--region", "eu-west-1", *arguments, "--output", "json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert error(result)["code"] == "not-deployed"


@pytest.mark.parametrize("arguments", [["status"], ["alarms"], ["trigger-slow"]])
def test_an_account_that_cannot_be_reached_is_one_error(run: Run, arguments: list[str]) -> None:
    """With its code."""
    result = run(*arguments, "--output", "json", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert (result.exit_code, result.stdout) == (1, "")
    assert error(result)["code"] == "aws-unreachable"


def test_watching_gives_a_line_for_each_look(
    run: Run, server: Any, endpoint: str, tmp_path: Path
) -> None:
    """Until Ctrl-C, which is how one ends it: exit 130, and no error."""
    healthy(server)
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
        looks = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert [look["healthy"] for look in looks] == [True, True]
    assert (process.returncode, errors) == (130, "")


def test_alarms_are_told_in_words(run: Run) -> None:
    """Condition and actions; JSON has them as they are."""
    shown = run("alarms")
    assert shown.exit_code == 0
    assert (
        "condition  Errors Sum > 0, 1 of 1 periods of 60 s, missing data notBreaching"
        in shown.stdout
    )
    assert "actions    ALARM → alerts; OK → none" in shown.stdout
    found = json.loads(run("alarms", "--output", "json").stdout)
    assert found["alarms"][0]["threshold"] == 0
    assert found["history"] is None


def test_alarms_exits_1_when_one_is_gone(run: Run, client: Client) -> None:
    """So does `status`: nobody would hear of a failure."""
    alarm = client("cloudwatch").describe_alarms(AlarmNames=["LambdaErrorAlarm"])["MetricAlarms"][0]
    client("cloudwatch").delete_alarms(AlarmNames=["LambdaErrorAlarm"])
    try:
        listed, seen = run("alarms"), run("status")
        assert (listed.exit_code, seen.exit_code) == (1, 1)
        for result in (listed, seen):
            assert "the alarm 'LambdaErrorAlarm' does not exist" in result.stdout
            assert "tt-ops deploy" in result.stdout
    finally:
        keys = "AlarmName Namespace MetricName Statistic Period EvaluationPeriods Threshold"
        keys += " ComparisonOperator AlarmActions"
        client("cloudwatch").put_metric_alarm(**{key: alarm[key] for key in keys.split()})


def test_a_drill_is_signed(run: Run, server: Any) -> None:
    """Whatever the API asks of other callers."""
    server.will_answer(500, "{}")
    result = run("trigger-error", "--count", "2")
    assert result.exit_code == 0
    assert "2 requests, 2 answered as expected" in result.stdout
    assert "tt-ops status --watch 5s" in result.stdout
    assert len(server.asked) == 2
    assert server.asked[0].headers["authorization"].startswith("AWS4-HMAC-SHA256")


def test_a_drill_that_went_wrong_is_printed_and_explained(run: Run, server: Any) -> None:
    """What happened on stdout, why it is no success on stderr."""
    server.will_answer(403, '{"message":"Forbidden"}')
    result = run("trigger-error", "--output", "json")
    done = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (done["complete"], done["requests"][0]["status"]) == (False, 403)
    assert done["problem"] == error(result)
    assert error(result)["code"] == "drill-response-unexpected"
    assert error(result)["hint"].endswith(": aws sts get-caller-identity")


def test_a_drill_does_not_begin_while_the_alarm_fires(
    run: Run, server: Any, client: Client
) -> None:
    """Nothing is sent."""
    set_state(client, "LambdaDurationAlarm", "ALARM")
    result = run("trigger-slow", "--wait", "--output", "json")
    assert (result.exit_code, error(result)["code"]) == (1, "alarm-firing")
    assert server.asked == []


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
    """What is given is quoted, and nothing is asked of AWS."""
    result = run("--output", "json", *arguments)
    assert (result.exit_code, error(result)["code"]) == (2, "usage")
    assert arguments[-1] in error(result)["message"]


@pytest.mark.parametrize(
    "arguments", [["status", "--watch"], ["trigger-error", "--timeout", "5m"], ["alarms", "--nope"]]
)
def test_a_misused_command_leads_to_its_own_help(run: Run, arguments: list[str]) -> None:
    """An option without its value, one that means nothing alone, one that is not there."""
    result = run("--output", "json", *arguments)
    assert (result.exit_code, error(result)["code"]) == (2, "usage")
    assert arguments[1] in error(result)["message"]
    assert error(result)["hint"].endswith(f" {arguments[0]} --help")
