"""A proxy that records calls to AWS, and the permissions that each call needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.forwarding import ForwardingHandler, rest_operation
from tests.http_server import serving

REGION, ACCOUNT = "eu-west-3", "123456789012"
_PLACE = f"{REGION}:{ACCOUNT}"


@dataclass(frozen=True)
class Call:
    """A request to AWS; `service` is the one that it is signed for."""

    service: str
    method: str
    path: str
    query: Mapping[str, str]
    target: str
    body: str

    @property
    def form(self) -> dict[str, str]:
        """Return the parameters of a Query API."""
        return {name: values[0] for name, values in parse_qs(self.body).items()}

    @property
    def json(self) -> dict[str, Any]:
        """Return the parameters of a JSON API."""
        return json.loads(self.body or "{}")  # type: ignore[no-any-return]


@dataclass
class Recorder:
    """A proxy at `url`, with the calls since the last `take`."""

    url: str
    calls: list[Call] = field(default_factory=list)

    def take(self) -> list[Call]:
        """Return the recorded calls and forget them."""
        taken, self.calls = self.calls, []
        return taken


@contextmanager
def recording(endpoint: str) -> Iterator[Recorder]:
    """Run a proxy in front of `endpoint`, which is on this machine."""
    address = urlsplit(endpoint)

    class Handler(ForwardingHandler):
        upstream = (str(address.hostname), int(address.port or 80))

        def record(self) -> None:
            """Record the request and return the emulator's answer."""
            body = self.read_body()
            recorder.calls.append(self._call(body))
            self.send_answer(*self.forward(body))

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = record

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

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder = Recorder(f"http://127.0.0.1:{listener.server_port}")
    with serving(listener):
        yield recorder


Permission = tuple[str, str, Mapping[str, str | list[str]]]

# The actions that read a bucket's settings, by the parameter of the request.
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
    "versions": "ListBucketVersions",
    "website": "GetBucketWebsite",
}
_OBJECT_ACTIONS = {
    "GET": "GetObject",
    "HEAD": "GetObject",
    "PUT": "PutObject",
    "DELETE": "DeleteObject",
}
_LAMBDA_ACTIONS = {"Invoke": "InvokeFunction"}
_TAGGING = {"iam": "TagRole", "ssm": "AddTagsToResource"}


class Permissions:
    """Derive the permissions of calls, which have to come in their order.

    `api_environments` has the environment of each API that has a tag with one, by its id.

    https://docs.aws.amazon.com/service-authorization/latest/reference/
    """

    def __init__(self, api_environments: Mapping[str, str] | None = None) -> None:
        self._api_environments = api_environments or {}
        self._boundaries: dict[str, str] = {}

    def needed(self, call: Call) -> list[Permission]:
        """Return action, resource and condition keys of each permission that a call needs."""
        if call.service == "sts":
            return []
        return list(getattr(self, f"_{call.service}")(call))

    def _s3(self, call: Call) -> Iterator[Permission]:
        bucket, _, key = unquote(call.path).strip("/").partition("/")
        if key:
            version = "Version" if "versionId" in call.query else ""
            yield f"s3:{_OBJECT_ACTIONS[call.method]}{version}", f"arn:aws:s3:::{bucket}/{key}", {}
            return
        settings = [_BUCKET_ACTIONS[name] for name in call.query if name in _BUCKET_ACTIONS]
        assert len(settings) == 1 or call.method == "HEAD", call
        yield f"s3:{settings[0] if settings else 'ListBucket'}", f"arn:aws:s3:::{bucket}", {}

    def _dynamodb(self, call: Call) -> Iterator[Permission]:
        parameters = call.json
        if call.target in {"BatchGetItem", "RestoreTableToPointInTime"}:
            yield from _of_several_tables(call.target, parameters)
            return
        table = parameters.get("TableName", parameters.get("ResourceArn", "")).rpartition("/")[2]
        resource = f"arn:aws:dynamodb:{_PLACE}:table/{table}"
        item = parameters.get("Key", parameters.get("Item", {}))
        keys = {"dynamodb:LeadingKeys": item["LockID"]["S"]} if "LockID" in item else {}
        yield f"dynamodb:{call.target}", resource, keys
        yield from self._tags("dynamodb", resource, parameters)

    def _iam(self, call: Call) -> Iterator[Permission]:
        parameters = call.form
        role = parameters.get("RoleName", "")
        resource = (
            parameters.get("PolicyArn") if not role else f"arn:aws:iam::{ACCOUNT}:role/{role}"
        )
        assert resource, call
        if "PermissionsBoundary" in parameters:
            self._boundaries[role] = parameters["PermissionsBoundary"]
        bound = {"iam:PermissionsBoundary": self._boundaries.get(role, "")}
        yield f"iam:{parameters['Action']}", resource, bound
        yield from self._tags("iam", resource, parameters)

    def _lambda(self, call: Call) -> Iterator[Permission]:
        found = rest_operation("lambda", call.method, call.path)
        assert found is not None, call
        operation, name = found
        if operation == "GetAccountSettings":
            yield f"lambda:{operation}", "*", {}
            return
        parameters = call.json if call.body else {}
        if "/tags/" in call.path:
            name = call.path.rpartition("/tags/")[2]
        name = unquote(name or parameters["FunctionName"])
        resource = name if name.startswith("arn:") else f"arn:aws:lambda:{_PLACE}:function:{name}"
        if "Qualifier" in call.query:
            resource += f":{call.query['Qualifier']}"
        yield f"lambda:{_LAMBDA_ACTIONS.get(operation, operation)}", resource, {}
        yield from self._tags("lambda", resource, parameters)
        if "Role" in parameters:
            yield (
                "iam:PassRole",
                parameters["Role"],
                {"iam:PassedToService": "lambda.amazonaws.com"},
            )

    def _apigateway(self, call: Call) -> Iterator[Permission]:
        resource = f"arn:aws:apigateway:{REGION}::{unquote(call.path).removeprefix('/v2')}"
        found = re.search("/apis/([^/]+)", resource)
        environment = self._api_environments.get(found[1], "") if found else ""
        tags = call.json.get("tags", {}) if call.body else {}
        context = {"aws:ResourceTag/Environment": environment} if environment else {}
        if "Environment" in tags:
            context["aws:RequestTag/Environment"] = tags["Environment"]
        yield f"apigateway:{call.method}", resource, context
        if tags:
            yield "apigateway:TagResource", resource, context
            yield "apigateway:POST", f"arn:aws:apigateway:{REGION}::/tags/{resource}", context

    def _sns(self, call: Call) -> Iterator[Permission]:
        parameters = call.form
        topic = parameters.get("TopicArn") or parameters.get("ResourceArn")
        if "Name" in parameters:
            topic = f"arn:aws:sns:{_PLACE}:{parameters['Name']}"
        yield f"sns:{parameters['Action']}", topic or "*", {}
        yield from self._tags("sns", topic or "*", parameters)

    def _monitoring(self, call: Call) -> Iterator[Permission]:
        # boto3 uses JSON here; Terraform's provider uses the Query API.
        parameters = {"Action": call.target, **call.json} if call.target else call.form
        alarms = [
            v for k, v in parameters.items() if k == "AlarmName" or k.startswith("AlarmNames.")
        ]
        rule = parameters.get("AlarmMuteRuleName") or (
            parameters["Name"] if parameters["Action"] == "PutAlarmMuteRule" else ""
        )
        alarms += parameters.get("MuteTargets", {}).get("AlarmNames", ())
        boards = [v for k, v in parameters.items() if k.startswith("DashboardName")]
        resources = [f"arn:aws:cloudwatch:{_PLACE}:alarm:{name}" for name in alarms]
        resources += [f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{name}" for name in boards]
        resources += [f"arn:aws:cloudwatch:{_PLACE}:alarm-mute-rule:{rule}"] if rule else []
        if parameters["Action"].startswith(("DescribeAlarm", "GetMetric", "ListAlarmMuteRules")):
            resources = ["*"]
        acts = [
            v for k, v in parameters.items() if re.match(r"(Alarm|OK|InsufficientData)Actions\.", k)
        ]
        for resource in resources or [parameters["ResourceARN"]]:
            yield f"cloudwatch:{parameters['Action']}", resource, {"cloudwatch:AlarmActions": acts}
            yield from self._tags("cloudwatch", resource, parameters)

    def _logs(self, call: Call) -> Iterator[Permission]:
        parameters = call.json
        group = parameters.get(
            "resourceArn"
        ) or f"arn:aws:logs:{_PLACE}:log-group:" + parameters.get("logGroupName", "")
        if call.target.startswith("Describe"):
            group = "*"
        yield f"logs:{call.target}", group, {}
        yield from self._tags("logs", group, parameters)

    def _ssm(self, call: Call) -> Iterator[Permission]:
        parameters = call.json
        named = (parameters.get(key) for key in ("Name", "ResourceId", "Path"))
        names = parameters.get("Names") or [next(filter(None, named), None)]
        for name in names:
            resource = f"arn:aws:ssm:{_PLACE}:parameter{name}" if name else "*"
            yield f"ssm:{call.target}", resource, {}
        yield from self._tags("ssm", resource, parameters)

    def _tagging(self, call: Call) -> Iterator[Permission]:
        yield f"tag:{call.target}", "*", {}

    def _tags(
        self, service: str, resource: str, parameters: Mapping[str, Any]
    ) -> Iterator[Permission]:
        """Yield the permission to tag, if the call has tags."""
        if any(name.startswith(("Tags", "tags")) for name in parameters):
            yield f"{service}:{_TAGGING.get(service, 'TagResource')}", resource, {}


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html
_INTO_A_RESTORED_TABLE = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan")
_INTO_A_RESTORED_TABLE += ("UpdateItem",)


def _of_several_tables(operation: str, parameters: Mapping[str, Any]) -> Iterator[Permission]:
    """Yield the permissions of a call that names several tables, or one in another place."""
    place = f"arn:aws:dynamodb:{_PLACE}:table/"
    if operation == "BatchGetItem":
        for table in parameters["RequestItems"]:
            yield f"dynamodb:{operation}", place + table, {}
        return
    yield f"dynamodb:{operation}", place + parameters["SourceTableName"], {}
    for action in (operation, *_INTO_A_RESTORED_TABLE):
        yield f"dynamodb:{action}", place + parameters["TargetTableName"], {}
