"""What AWS is asked, recorded on the way, and the permissions that the askers need for it."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.session

from tests.http_server import serving

REGION, ACCOUNT = "eu-west-3", "123456789012"
_PLACE = f"{REGION}:{ACCOUNT}"
_HOP_BY_HOP = {"connection", "content-length", "expect", "transfer-encoding"}


@dataclass(frozen=True)
class Call:
    """A request to AWS, and the service that it was signed for."""

    service: str
    method: str
    path: str
    query: Mapping[str, str]
    target: str
    body: str

    @property
    def form(self) -> dict[str, str]:
        """The parameters of a Query API."""
        return {name: values[0] for name, values in parse_qs(self.body).items()}

    @property
    def json(self) -> dict[str, Any]:
        """The parameters of a JSON API."""
        return json.loads(self.body or "{}")  # type: ignore[no-any-return]


@dataclass
class Recorder:
    """A proxy at `url` that keeps every call."""

    url: str
    calls: list[Call] = field(default_factory=list)

    def take(self) -> list[Call]:
        """Give what was recorded since the last time."""
        taken, self.calls = self.calls, []
        return taken


@contextmanager
def recording(endpoint: str) -> Iterator[Recorder]:
    """Serve a proxy in front of `endpoint`, which is on this machine."""
    upstream = urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def forward(self) -> None:
            """Note the request, and hand on the answer."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            recorder.calls.append(self._call(body))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            connection = http.client.HTTPConnection(upstream, timeout=60)
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = forward

        def _call(self, body: bytes) -> Call:
            scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers["Authorization"])
            assert scope is not None
            address = urlsplit(self.path)
            return Call(
                service=scope[1],
                method=self.command,
                path=address.path,
                query={
                    name: values[0]
                    for name, values in parse_qs(address.query, keep_blank_values=True).items()
                },
                target=self.headers.get("X-Amz-Target", "").rpartition(".")[2],
                body=body.decode(errors="replace"),
            )

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    recorder = Recorder(f"http://127.0.0.1:{listener.server_port}")
    with serving(listener):
        yield recorder


Permission = tuple[str, str, Mapping[str, str | list[str]]]

# What S3 calls the questions about a bucket, by the parameter that asks them.
_BUCKET_ACTIONS = {
    "accelerate": "GetAccelerateConfiguration",
    "acl": "GetBucketAcl",
    "cors": "GetBucketCORS",
    "encryption": "GetEncryptionConfiguration",
    "lifecycle": "GetLifecycleConfiguration",
    "list-type": "ListBucket",
    "logging": "GetBucketLogging",
    "object-lock": "GetBucketObjectLockConfiguration",
    "ownershipControls": "GetBucketOwnershipControls",
    "policy": "GetBucketPolicy",
    "publicAccessBlock": "GetBucketPublicAccessBlock",
    "replication": "GetReplicationConfiguration",
    "requestPayment": "GetBucketRequestPayment",
    "tagging": "GetBucketTagging",
    "versioning": "GetBucketVersioning",
    "website": "GetBucketWebsite",
}
_OBJECT_ACTIONS = {
    "GET": "GetObject",
    "HEAD": "GetObject",
    "PUT": "PutObject",
    "DELETE": "DeleteObject",
}
_TAGGING = {"iam": "TagRole", "ssm": "AddTagsToResource"}


class Permissions:
    """What IAM asks of who makes calls, one after the other.

    https://docs.aws.amazon.com/service-authorization/latest/reference/
    """

    def __init__(self) -> None:
        self._boundaries: dict[str, str] = {}

    def needed(self, call: Call) -> list[Permission]:
        """Action, resource and condition keys; none for what everybody may."""
        if call.service == "sts":
            return []
        return list(getattr(self, f"_{call.service}")(call))

    def _s3(self, call: Call) -> Iterator[Permission]:
        bucket, _, key = unquote(call.path).strip("/").partition("/")
        if key:
            yield f"s3:{_OBJECT_ACTIONS[call.method]}", f"arn:aws:s3:::{bucket}/{key}", {}
            return
        asked = [_BUCKET_ACTIONS[name] for name in call.query if name in _BUCKET_ACTIONS]
        assert len(asked) == 1 or call.method == "HEAD", call
        yield f"s3:{asked[0] if asked else 'ListBucket'}", f"arn:aws:s3:::{bucket}", {}

    def _dynamodb(self, call: Call) -> Iterator[Permission]:
        said = call.json
        table = said.get("TableName", said.get("ResourceArn", "")).rpartition("/")[2]
        resource = f"arn:aws:dynamodb:{_PLACE}:table/{table}"
        item = said.get("Key", said.get("Item", {}))
        keys = {"dynamodb:LeadingKeys": item["LockID"]["S"]} if item else {}
        yield f"dynamodb:{call.target}", resource, keys
        yield from self._tags("dynamodb", resource, said)

    def _iam(self, call: Call) -> Iterator[Permission]:
        said = call.form
        role = said.get("RoleName", "")
        resource = said.get("PolicyArn") if not role else f"arn:aws:iam::{ACCOUNT}:role/{role}"
        assert resource, call
        if "PermissionsBoundary" in said:
            self._boundaries[role] = said["PermissionsBoundary"]
        bound = {"iam:PermissionsBoundary": self._boundaries.get(role, "")}
        yield f"iam:{said['Action']}", resource, bound
        yield from self._tags("iam", resource, said)

    def _lambda(self, call: Call) -> Iterator[Permission]:
        operation, name = _lambda_operation(call)
        said = call.json if call.body else {}
        name = unquote(name or said["FunctionName"])
        resource = name if name.startswith("arn:") else f"arn:aws:lambda:{_PLACE}:function:{name}"
        yield f"lambda:{operation}", resource, {}
        yield from self._tags("lambda", resource, said)
        if "Role" in said:
            yield "iam:PassRole", said["Role"], {"iam:PassedToService": "lambda.amazonaws.com"}

    def _apigateway(self, call: Call) -> Iterator[Permission]:
        resource = f"arn:aws:apigateway:{REGION}::{unquote(call.path).removeprefix('/v2')}"
        yield f"apigateway:{call.method}", resource, {}
        if call.body and call.json.get("tags"):
            yield "apigateway:TagResource", resource, {}
            yield "apigateway:POST", f"arn:aws:apigateway:{REGION}::/tags/{resource}", {}

    def _sns(self, call: Call) -> Iterator[Permission]:
        said = call.form
        topic = said.get("TopicArn") or said.get("ResourceArn")
        if "Name" in said:
            topic = f"arn:aws:sns:{_PLACE}:{said['Name']}"
        yield f"sns:{said['Action']}", topic or "*", {}
        yield from self._tags("sns", topic or "*", said)

    def _monitoring(self, call: Call) -> Iterator[Permission]:
        # boto3 speaks another protocol than Terraform's provider, and only asks for alarms.
        said = {"Action": call.target} if call.target else call.form
        alarms = [v for k, v in said.items() if k == "AlarmName" or k.startswith("AlarmNames.")]
        boards = [v for k, v in said.items() if k.startswith("DashboardName")]
        resources = [f"arn:aws:cloudwatch:{_PLACE}:alarm:{name}" for name in alarms]
        resources += [f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{name}" for name in boards]
        if said["Action"].startswith("DescribeAlarm"):
            resources = ["*"]
        acts = [v for k, v in said.items() if re.match(r"(Alarm|OK|InsufficientData)Actions\.", k)]
        for resource in resources or [said["ResourceARN"]]:
            yield f"cloudwatch:{said['Action']}", resource, {"cloudwatch:AlarmActions": acts}
            yield from self._tags("cloudwatch", resource, said)

    def _logs(self, call: Call) -> Iterator[Permission]:
        said = call.json
        group = said.get("resourceArn") or f"arn:aws:logs:{_PLACE}:log-group:" + said.get(
            "logGroupName", ""
        )
        if call.target.startswith("Describe"):
            group = "*"
        yield f"logs:{call.target}", group, {}
        yield from self._tags("logs", group, said)

    def _ssm(self, call: Call) -> Iterator[Permission]:
        said = call.json
        name = said.get("Name") or said.get("ResourceId")
        resource = f"arn:aws:ssm:{_PLACE}:parameter{name}" if name else "*"
        yield f"ssm:{call.target}", resource, {}
        yield from self._tags("ssm", resource, said)

    def _tags(self, service: str, resource: str, said: Mapping[str, Any]) -> Iterator[Permission]:
        """What tags that come along need on top."""
        if any(name.startswith(("Tags", "tags")) for name in said):
            yield f"{service}:{_TAGGING.get(service, 'TagResource')}", resource, {}


@cache
def _lambda_operations() -> list[tuple[str, re.Pattern[str], str]]:
    model = botocore.session.get_session().get_service_model("lambda")
    operations = []
    for name in model.operation_names:
        http_part = model.operation_model(name).http
        path = http_part["requestUri"].partition("?")[0].rstrip("/")
        path = path.replace("{FunctionName}", "(?P<name>[^/]+)")
        path = re.sub(r"\{\w+\}", "[^/]+", path)
        operations.append((http_part["method"], re.compile(f"{path}/?"), name))
    return operations


def _lambda_operation(call: Call) -> tuple[str, str]:
    """The operation by its method and path, and the function that the path names."""
    for method, path, name in _lambda_operations():
        if method == call.method and (found := path.fullmatch(call.path)):
            return name, found.groupdict().get("name") or ""
    raise AssertionError(f"no operation of Lambda: {call}")
