"""The emulator as its clients see it, and what tests deploy to it."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

import boto3
import requests
from botocore.config import Config

from tasktracker_ops.emulator.application import Emulator
from tasktracker_ops.local.credentials import ACCESS_KEY_ID, ACCOUNT_ID, SECRET_ACCESS_KEY
from tasktracker_ops.models.emulator import RunningEmulator

REGION = "eu-west-3"
# Arguments of CreateTable: ids, in an index by kind.
INDEXED: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in ("id", "kind")
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "kind-id",
            "KeySchema": [
                {"AttributeName": "kind", "KeyType": "HASH"},
                {"AttributeName": "id", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
HANDLER = """
import json, logging, os, subprocess, sys, time

def lambda_handler(event, context):
    if not isinstance(event, dict):
        return event
    result = act(event, context)
    if "requestContext" not in event or "statusCode" in result:
        return result
    headers = {"content-type": "application/json"}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(result)}

def act(event, context):
    action = event.get("action") or event.get("rawPath", "").strip("/")
    body = event.get("body") or ""
    if action == "answer":
        return json.loads(body)
    if action == "raise":
        raise ValueError("on purpose")
    if action == "slow":
        time.sleep(0.3)
    if action == "exit":
        os._exit(3)
    if action == "child":
        return subprocess.Popen(["sleep", "300"]).pid
    if action == "spin":
        while True:
            pass
    if action == "memory":
        held = bytearray(400 * 1024 * 1024)
        time.sleep(2)
    if action == "large":
        return "x" * (6 * 1024 * 1024 + 1)
    if action == "environment":
        return {**os.environ, "path": sys.path, "cwd": os.getcwd(), "pid": os.getpid()}
    if action == "print":
        print("one")
        print("two", file=sys.stderr)
        logging.getLogger().warning("three\\nfour")
        sys.stdout.write("no newline")
    if action == "say":
        print(event["text"])
    if action == "context":
        return {
            "arn": context.invoked_function_arn,
            "left": context.get_remaining_time_in_millis(),
            "id": context.aws_request_id,
            "memory": context.memory_limit_in_mb,
        }
    return event
"""
_numbers = itertools.count(1)


def zipped(source: str, **others: str) -> bytes:
    """Return a deployment package with `source` as handler.py, the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {"handler.py": source, **others}.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


@dataclass
class Function:
    """A deployed function with its log group."""

    aws: Aws
    name: str

    def invoke(self, payload: Any = None, **options: Any) -> Any:
        """Invoke directly and return boto3's answer with the payload decoded."""
        answer = self.aws.client("lambda").invoke(
            **{"FunctionName": self.name, "Payload": json.dumps(payload), **options}
        )
        body = answer["Payload"].read()
        return {**answer, "Payload": json.loads(body) if body else None}

    def do(self, action: str, **details: Any) -> Any:
        """Have the handler do something and return its answer."""
        return self.invoke({"action": action, **details})["Payload"]

    def update(self, source: str, **others: str) -> str:
        """Replace the code and return the version published of it, which can run."""
        answer = self.aws.client("lambda").update_function_code(
            FunctionName=self.name, ZipFile=zipped(source, **others), Publish=True
        )
        self.wait()
        return str(answer["Version"])

    def wait(self) -> None:
        """Wait until the function is created, and its last update in use."""
        waiter = self.aws.client("lambda").get_waiter("function_updated_v2")
        waiter.wait(FunctionName=self.name, WaiterConfig={"Delay": 0.02, "MaxAttempts": 500})

    def log(self) -> list[str]:
        """Return every message in the log group, in order."""
        pages = self.aws.client("logs").get_paginator("filter_log_events")
        events = pages.paginate(logGroupName=f"/aws/lambda/{self.name}").search("events[]")
        return [event["message"] for event in events]


@dataclass
class Api:
    """An HTTP API in front of a function."""

    aws: Aws
    id: str
    integration_id: str
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.aws.server.url}/_aws/execute-api/{self.id}"

    def call(self, path: str, method: str = "GET", **options: Any) -> requests.Response:
        """Send one request."""
        return self.session.request(method, self.url + path, timeout=40, **options)

    def answer(self, value: Any) -> requests.Response:
        """Have the function answer `value`."""
        headers = {"Content-Type": "application/json"}
        return self.call("/answer", "POST", data=json.dumps(value), headers=headers)


@dataclass
class Aws:
    """The emulator as its clients see it; `parts` are known where it runs in this process."""

    server: RunningEmulator
    parts: Emulator | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the service's boto3 client."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.server.url,
                region_name=REGION,
                aws_access_key_id=ACCESS_KEY_ID,
                aws_secret_access_key=SECRET_ACCESS_KEY,
                config=Config(retries={"total_max_attempts": 1}, proxies={}),
            )
        return self._clients[service]

    def function(
        self,
        source: str | bytes = HANDLER,
        *,
        log_group: bool = True,
        published: bool = True,
        **options: Any,
    ) -> Function:
        """Deploy a handler or a package, version 1 or `$LATEST` behind the alias `live`."""
        name = f"test-{next(_numbers)}-function"
        if log_group:
            self.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=self._role(),
            Handler=options.pop("Handler", "handler.lambda_handler"),
            Code={"ZipFile": zipped(source) if isinstance(source, str) else source},
            Publish=published,
            **{"Timeout": 10, "MemorySize": 256, **options},
        )
        version = "1" if published else "$LATEST"
        self.client("lambda").create_alias(FunctionName=name, Name="live", FunctionVersion=version)
        function = Function(self, name)
        function.wait()
        return function

    def api(
        self,
        function: Function,
        *route_keys: str,
        auth: str = "NONE",
        authorizer: dict[str, Any] | None = None,
        permission: str | None = "*/*",
        stage: dict[str, Any] | None = None,
        **options: Any,
    ) -> Api:
        """Put an HTTP API in front of the function's alias.

        A route key may end with its scopes: `GET /tasks for tasks:read`.
        """
        gateway = self.client("apigatewayv2")
        api_id = gateway.create_api(Name=function.name, ProtocolType="HTTP", **options)["ApiId"]
        integration_id = gateway.create_integration(
            ApiId=api_id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{function.name}:live",
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        more = {}
        if authorizer is not None:
            answer = gateway.create_authorizer(
                ApiId=api_id,
                Name="jwt",
                AuthorizerType="JWT",
                IdentitySource=["$request.header.Authorization"],
                JwtConfiguration=authorizer,
            )
            more = {"AuthorizerId": answer["AuthorizerId"]}
        for key in route_keys or ("$default",):
            route_key, _, scopes = key.partition(" for ")
            gateway.create_route(
                ApiId=api_id,
                RouteKey=route_key,
                Target=f"integrations/{integration_id}",
                AuthorizationType=auth,
                AuthorizationScopes=scopes.split(),
                **more,
            )
        gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True, **(stage or {}))
        if permission is not None:
            self.client("lambda").add_permission(
                FunctionName=function.name,
                Qualifier="live",
                StatementId=f"api-{api_id}",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{api_id}/{permission}",
            )
        return Api(self, api_id, integration_id)

    def _role(self) -> str:
        iam = self.client("iam")
        roles = {role["RoleName"]: role["Arn"] for role in iam.list_roles()["Roles"]}
        if "function" in roles:
            return str(roles["function"])
        created = iam.create_role(RoleName="function", AssumeRolePolicyDocument="{}")
        return str(created["Role"]["Arn"])
