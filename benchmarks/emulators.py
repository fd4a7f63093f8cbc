"""The emulators that are compared: their processes, and the deployment that both get."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess  # nosec B404 # to run the emulators
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from .load import exchange, request
from .peers import ROOT, program, tt_ops

_REGION = "eu-west-3"
_ACCOUNT = "000000000000"
_START_SECONDS = 60
_FUNCTION = "tracker"
_TABLE = "tasks"
_INDEX = "status-task_id-index"
# Signed for DynamoDB as far as a router looks, which is enough for an emulator.
_LIST_TABLES = {
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{_REGION}/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running emulator."""

    port: int
    pid: int
    started_in: float
    """Seconds until it answered its first request, ListTables of DynamoDB."""

    def client(self, service: str) -> Any:
        """Return a client of one of its services."""
        session = boto3.Session("test", "test", region_name=_REGION)
        return session.client(service, endpoint_url=f"http://127.0.0.1:{self.port}")


@dataclass(frozen=True, slots=True)
class Api:
    """The deployed API as a client addresses it."""

    host: str
    prefix: str

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return a request to one of its paths, with JSON as its body."""
        content = {"Content-Type": "application/json"} if body else {}
        fields = {**content, **(headers or {})}
        return request(self.host, method, f"{self.prefix}{path}", body, fields)


def ours() -> AbstractContextManager[Server]:
    """Run the emulator of this project."""
    command = [str(tt_ops().with_name("python")), "-m", "tasktracker_ops.emulator.server"]
    return _running(lambda port, home: [*command, "--port", str(port), "--directory", home])


def ministack() -> AbstractContextManager[Server]:
    """Run ministack."""
    binary = program("ministack")
    settings = {"BIND_HOST": "127.0.0.1", "MINISTACK_REGION": _REGION}
    return _running(
        lambda port, home: [str(binary)],
        lambda port: {**settings, "GATEWAY_PORT": str(port)},
    )


def moto_server() -> AbstractContextManager[Server]:
    """Run the server of moto."""
    binary = program("moto_server")
    return _running(lambda port, home: [str(binary), "-H", "127.0.0.1", "-p", str(port)])


@contextmanager
def _running(
    command: Callable[[int, str], Sequence[str]],
    settings: Callable[[int], Mapping[str, str]] = lambda port: {},
) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="tt-ops-benchmark-") as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, **settings(port)}
        log = Path(home, "log")
        start = time.perf_counter()
        with (
            log.open("w") as output,
            subprocess.Popen(  # nosec B603 # no shell; emulators
                command(port, home),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process,
        ):
            try:
                _wait_for(port, process, log)
                yield Server(port, process.pid, time.perf_counter() - start)
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    sent = request(f"127.0.0.1:{port}", "POST", "/", b"{}", _LIST_TABLES)
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if exchange(port, sent)[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise SystemExit(f"{process.args!r} did not start:\n{log.read_text()}")


def deploy(server: Server) -> Api:
    """Create what the project's stack has on the way of a request, without a throttle."""
    _create_table(server)
    function = _create_function(server)
    gateway = server.client("apigatewayv2")
    api = gateway.create_api(Name=_FUNCTION, ProtocolType="HTTP")
    integration = gateway.create_integration(
        ApiId=api["ApiId"],
        IntegrationType="AWS_PROXY",
        IntegrationUri=function,
        PayloadFormatVersion="2.0",
    )
    target = f"integrations/{integration['IntegrationId']}"
    gateway.create_route(ApiId=api["ApiId"], RouteKey="$default", Target=target)
    group = f"/aws/apigateway/{_FUNCTION}"
    server.client("logs").create_log_group(logGroupName=group)
    gateway.create_stage(
        ApiId=api["ApiId"],
        StageName="$default",
        AutoDeploy=True,
        AccessLogSettings={
            "DestinationArn": f"arn:aws:logs:{_REGION}:{_ACCOUNT}:log-group:{group}",
            "Format": '{"id":"$context.requestId","path":"$context.path",'
            '"status":"$context.status","latency":"$context.responseLatency"}',
        },
        DefaultRouteSettings={"ThrottlingBurstLimit": 100_000, "ThrottlingRateLimit": 100_000.0},
    )
    return _address(server, str(api["ApiEndpoint"]), str(api["ApiId"]))


def _address(server: Server, endpoint: str, api_id: str) -> Api:
    host, _, path = endpoint.partition("://")[2].partition("/")
    if ".execute-api." in host:
        # Below this name ministack answers some paths itself, /health among them.
        return Api(f"127.0.0.1:{server.port}", f"/_aws/execute-api/{api_id}/$default")
    return Api(host, f"/{path}" if path else "")


def _create_table(server: Server) -> None:
    key = {"AttributeName": "task_id", "AttributeType": "S"}
    server.client("dynamodb").create_table(
        TableName=_TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[key, {"AttributeName": "status", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "task_id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": _INDEX,
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "task_id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def _create_function(server: Server) -> str:
    role = server.client("iam").create_role(RoleName=_FUNCTION, AssumeRolePolicyDocument="{}")
    server.client("logs").create_log_group(logGroupName=f"/aws/lambda/{_FUNCTION}")
    functions = server.client("lambda")
    functions.create_function(
        FunctionName=_FUNCTION,
        Runtime="python3.12",
        Handler="handler.lambda_handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": package()},
        Timeout=10,
        MemorySize=256,
        Environment={"Variables": {"TASKS_TABLE_NAME": _TABLE, "TASKS_INDEX_NAME": _INDEX}},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=_FUNCTION)
    version = functions.publish_version(FunctionName=_FUNCTION)["Version"]
    alias = functions.create_alias(FunctionName=_FUNCTION, Name="live", FunctionVersion=version)
    functions.add_permission(
        FunctionName=_FUNCTION,
        Qualifier="live",
        StatementId="AllowApi",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    return str(alias["AliasArn"])


def package() -> bytes:
    """Return the function's code as a zip file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted((ROOT / "lambda_function").iterdir()):
            if path.suffix in (".py", ".json"):
                archive.write(path, path.name)
    return content.getvalue()
