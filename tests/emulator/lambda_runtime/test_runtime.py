"""Functions run as deployed, by AWS's own client, within Lambda's limits."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError


def test_answers_what_the_function_returns(function: Any) -> None:
    """A direct invocation gives back the function's value and the version that ran."""
    answer = function.invoke({"a": [1, "\u00e9"]}, Qualifier="live")
    assert answer["Payload"] == {"a": [1, "\u00e9"]}
    assert answer["ExecutedVersion"] == "1"
    assert "FunctionError" not in answer
    assert function.invoke([1])["ExecutedVersion"] == "$LATEST"


def test_the_context_has_arn_request_id_memory_and_time(function: Any) -> None:
    """The context knows ARN, request id, memory and the time that is left."""
    answer = function.invoke({"action": "context"}, Qualifier="live")["Payload"]
    assert answer["arn"].endswith(f":function:{function.name}:live")
    assert 9000 < answer["left"] <= 10_000
    assert answer["memory"] in ("256", 256)


def test_an_invocation_is_logged_before_it_is_answered(aws: Any) -> None:
    """START, the function's output, END and REPORT are in the log."""
    function = aws.function()
    function.do("print")
    begin, start, one, two, warning, rest, end, report = function.log()
    assert begin.startswith("INIT_START Runtime Version: python:3.")
    request_id = re.fullmatch(r"START RequestId: (\S{36}) Version: \$LATEST\n", start)[1]
    assert (one, two, rest) == ("one\n", "two\n", "no newline\n")
    assert re.fullmatch(rf"\[WARNING\]\t\S+Z\t{request_id}\tthree\nfour\n", warning)
    assert end == f"END RequestId: {request_id}\n"
    assert re.fullmatch(
        rf"REPORT RequestId: {request_id}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 256 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t\n",
        report,
    )
    function.do("print")
    assert "Init Duration" not in function.log()[-1]


def test_each_environment_has_its_stream(aws: Any) -> None:
    """The stream is named by day, version and environment."""
    function = aws.function()
    function.invoke({}, Qualifier="live")
    function.invoke({})
    streams = aws.client("logs").describe_log_streams(logGroupName=f"/aws/lambda/{function.name}")
    names = sorted(stream["logStreamName"] for stream in streams["logStreams"])
    assert len(names) == 2
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", names[0])
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[1\][0-9a-f]{32}", names[1])


def test_without_a_log_group_nothing_is_written(aws: Any) -> None:
    """The function works, and no log group appears, as it has no right to create one."""
    function = aws.function(log_group=False)
    assert function.invoke({"a": 1})["Payload"] == {"a": 1}
    prefix = f"/aws/lambda/{function.name}"
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=prefix)
    assert groups["logGroups"] == []


def test_a_worker_sees_lambdas_variables_and_none_of_the_users(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker sees the documented variables and the function's own, and no others."""
    function = aws.function(Environment={"Variables": {"TASKS_TABLE_NAME": "tasks"}})
    seen = function.do("environment")
    assert seen["TASKS_TABLE_NAME"] == "tasks"
    assert seen["AWS_ENDPOINT_URL"] == aws.server.url
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == function.name
    assert seen["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert seen["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"
    assert seen["AWS_REGION"] == "eu-west-3"
    assert seen["TZ"] == ":UTC"
    assert seen["LAMBDA_TASK_ROOT"] == seen["cwd"] == seen["path"][0]
    assert seen["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{function.name}"
    leaked = {"HOME", "USER", "VIRTUAL_ENV", "PYTHONPATH", "SSH_AUTH_SOCK"} & set(seen)
    assert not leaked


SEEN = """
import os, sys

prepared = "botocore" in sys.modules
import six  # the package's own, if it has one

def lambda_handler(event, context):
    return {
        "prepared": prepared,
        "six": os.path.dirname(six.__file__),
        "path": sys.path[0],
        "variables": dict(os.environ),
        "stdin": sys.stdin.read(),
    }
"""


def test_a_worker_that_waited_for_its_code_is_like_any_other(aws: Any) -> None:
    """New code finds the SDK imported, unless its package has a module of the SDK's names."""
    function = aws.function(SEEN)
    fresh = function.invoke()["Payload"]
    function.update(f"{SEEN}# changed")
    prepared = function.invoke()["Payload"]
    assert (fresh["prepared"], prepared["prepared"]) == (False, True)
    assert fresh["variables"].keys() == prepared["variables"].keys()
    assert prepared["path"] == prepared["variables"]["LAMBDA_TASK_ROOT"]
    assert (fresh["stdin"], prepared["stdin"]) == ("", "")
    function.update(SEEN, **{"six.py": ""})
    own = function.invoke()["Payload"]
    assert (own["prepared"], own["six"]) == (False, own["variables"]["LAMBDA_TASK_ROOT"])
    assert own["variables"].keys() == fresh["variables"].keys()


def test_a_raising_function_reports_its_error_and_goes_on(aws: Any) -> None:
    """An exception is an Unhandled error with its trace, and the same worker serves the next."""
    function = aws.function()
    pid = function.do("environment")["pid"]
    answer = function.invoke({"action": "raise"})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "ValueError"
    assert answer["Payload"]["errorMessage"] == "on purpose"
    assert any("[ERROR] ValueError: on purpose\nTraceback" in line for line in function.log())
    assert function.do("environment")["pid"] == pid


def test_timeout_kills_and_the_next_invocation_works(aws: Any) -> None:
    """A worker that exceeds the timeout is killed and replaced, and the log says so."""
    function = aws.function(Timeout=1)
    pid = function.do("environment")["pid"]
    answer = function.invoke({"action": "spin"})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Sandbox.Timedout"
    assert answer["Payload"]["errorMessage"].endswith("Task timed out after 1.00 seconds")
    timed_out, _, report = function.log()[-3:]
    assert re.fullmatch(r"\S+Z \S{36} Task timed out after 1.00 seconds\n", timed_out)
    assert "Status: timeout" in report
    assert function.do("environment")["pid"] != pid


@pytest.mark.parametrize(
    ("action", "error_type"),
    [("exit", "Runtime.ExitError"), ("memory", "Runtime.OutOfMemory")],
)
def test_a_dead_worker_is_an_error_and_replaced(
    aws: Any, function: Any, action: str, error_type: str
) -> None:
    """A worker that exits or outgrows its memory fails its invocation only."""
    answer = function.invoke({"action": action})
    assert answer["Payload"]["errorType"] == error_type
    assert f"Error Type: {error_type}" in function.log()[-1]
    assert function.do("context")["memory"]


def test_children_of_a_worker_end_with_it(aws: Any, eventually: Any) -> None:
    """What a function starts does not outlive its timeout."""
    function = aws.function(Timeout=1)
    child = function.do("child")
    assert Path(f"/proc/{child}").exists()
    function.do("spin")
    eventually(lambda: not Path(f"/proc/{child}").exists())


@pytest.mark.parametrize(
    ("source", "handler", "error_type"),
    [
        ("import nothing_like_it", "handler.lambda_handler", "Runtime.ImportModuleError"),
        ("def x(:", "handler.lambda_handler", "Runtime.UserCodeSyntaxError"),
        ("x = 1", "handler.lambda_handler", "Runtime.HandlerNotFound"),
        ("raise KeyError('at import')", "handler.lambda_handler", "KeyError"),
        ("import os; os._exit(1)", "handler.lambda_handler", "Runtime.ExitError"),
    ],
)
def test_code_that_does_not_load_is_an_error(
    aws: Any, source: str, handler: str, error_type: str
) -> None:
    """An error at initialisation is the answer, with START and REPORT in the log."""
    function = aws.function(source, Handler=handler)
    answer = function.invoke({})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == error_type
    log = "".join(function.log())
    assert "START RequestId" in log
    assert "Status: error" in log


def test_an_invalid_zip_is_refused(in_process_aws: Any, tmp_path: Path) -> None:
    """Each invocation fails, and leaves no file open or on disk."""
    aws = in_process_aws
    function = aws.function()
    aws.client("lambda").update_function_code(FunctionName=function.name, ZipFile=b"no zip")
    function.wait()
    open_before = None
    for _ in range(3):
        with pytest.raises(ClientError, match="InvalidZipFileException"):
            function.invoke({})
        open_now = len(os.listdir("/proc/self/fd"))
        assert open_before in (None, open_now)
        open_before = open_now
    assert list((tmp_path / "code").iterdir()) == []


def test_a_stopped_worker_is_replaced(aws: Any) -> None:
    """A worker that takes no work is an error within seconds."""
    function = aws.function(
        "import os, signal, threading, time\n"
        "def cut():\n"
        "    time.sleep(0.3)\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
        "def lambda_handler(event, context):\n"
        "    threading.Thread(target=cut).start()\n"
        "    return os.getpid()\n",
        Timeout=3,
    )
    first = function.invoke({})["Payload"]
    time.sleep(0.6)
    answer = function.invoke({"body": "x" * 6_000_000})
    assert answer["FunctionError"] == "Unhandled"
    assert function.invoke({})["Payload"] != first


def test_answer_above_six_megabytes_is_an_error(function: Any) -> None:
    """Lambda's limit on answers holds."""
    answer = function.invoke({"action": "large"})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Function.ResponseSizeTooLarge"


def test_parallel_invocations_get_workers_of_their_own(aws: Any) -> None:
    """Invocations at once run in different workers, which then are reused."""
    function = aws.function()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(function.invoke, [{"action": "slow"}] * 3))
    starts = "".join(function.log()).count("INIT_START")
    assert 2 <= starts <= 3
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(function.invoke, [{"action": "slow"}] * 2))
    assert "".join(function.log()).count("INIT_START") == starts


def test_new_configuration_replaces_the_worker(aws: Any) -> None:
    """A changed environment variable is seen by the next invocation."""
    function = aws.function()
    first = function.do("environment")
    aws.client("lambda").update_function_configuration(
        FunctionName=function.name, Environment={"Variables": {"COLOUR": "blue"}}
    )
    function.wait()
    second = function.do("environment")
    assert second["COLOUR"] == "blue"
    assert second["pid"] != first["pid"]


def test_idle_workers_are_stopped(in_process_aws: Any, eventually: Any) -> None:
    """The next invocation starts another."""
    aws = in_process_aws
    function = aws.function()
    pid = function.do("environment")["pid"]
    eventually(lambda: not Path(f"/proc/{pid}").exists())
    assert function.do("environment")["pid"] != pid
