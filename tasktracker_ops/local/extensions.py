"""What moto lacks, added to moto's own objects so that every client and protocol sees it."""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.common_models import BaseModel
from moto.dynamodb.responses import DynamoHandler
from moto.s3.models import FakeDeleteMarker

from tasktracker_ops.local import dynamodb, refusals
from tasktracker_ops.local.cloudwatch import api as cloudwatch_api
from tasktracker_ops.local.cloudwatch_logs import api as cloudwatch_logs_api
from tasktracker_ops.local.http_api import operations as http_api_operations
from tasktracker_ops.local.lambda_runtime import functions
from tasktracker_ops.local.lambda_runtime.execution import MAX_PAYLOAD_BYTES
from tasktracker_ops.local.lambda_runtime.functions import FunctionVersion
from tasktracker_ops.local.lambda_runtime.pool import Throttled
from tasktracker_ops.local.lambda_runtime.runtime import Result, Runtime

_log = logging.getLogger(__name__)

Response = tuple[int, dict[str, str], bytes]

# Name and qualifier: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
_FUNCTION_NAME = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:)?(?:[a-z]{2}(?:-[a-z]+)+-\d:)?(?:\d{12}:)?(?:function:)?"
    r"([\w-]+)(?::(\$LATEST|[\w-]+))?",
    re.ASCII,
)
# moto's own, however often ours are put around them.
_call_action = DynamoHandler.call_action
_update_code = LambdaFunction.update_function_code


class _TooManyRequests(LambdaClientError):
    code = 429

    def __init__(self, throttled: Throttled) -> None:
        super().__init__("TooManyRequestsException", str(throttled))
        self.description = json.dumps(
            {
                "__type": self.error_type,
                "Reason": throttled.reason,
                "Type": "User",
                "message": self.message,
            }
        )


class _RequestTooLarge(LambdaClientError):
    code = 413

    def __init__(self, size: int) -> None:
        super().__init__(
            "RequestTooLargeException",
            f"Request must be smaller than {MAX_PAYLOAD_BYTES} bytes for the InvokeFunction "
            f"operation, received {size} bytes",
        )


def install(runtime: Runtime, url: str) -> None:
    """Have every invocation run in `runtime`, not in Docker, and mend what else is missing.

    `url` is the server's own address, below which its APIs are.
    """
    refusals.install()
    dynamodb.install()
    _serialise_dynamodb()
    # moto keeps everything it ever made, also what was deleted, for a page that is not served here.
    BaseModel.__new__ = _untracked  # type: ignore[assignment, method-assign]
    # Deleting a version that is a delete marker asks the marker for what only contents have.
    FakeDeleteMarker.dispose = lambda marker: None  # type: ignore[attr-defined]
    LambdaResponse.invoke = _invoke_over_http(runtime)  # type: ignore[method-assign]
    LambdaFunction.invoke = _invoke_from_moto(runtime)  # type: ignore[method-assign]
    LambdaFunction.update_function_code = _update_function_code  # type: ignore[assignment, method-assign]
    cloudwatch_api.install()
    cloudwatch_logs_api.install()
    http_api_operations.install(url)


def _untracked(kind: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
    return object.__new__(kind)


def _serialise_dynamodb() -> None:
    """Let one request at a time in: moto checks a condition and writes in two steps."""
    turn = threading.Lock()

    def wait_and_call(handler: DynamoHandler) -> Any:
        with turn:
            return _call_action(handler)

    DynamoHandler.call_action = wait_and_call  # type: ignore[method-assign]


def _invoke_over_http(runtime: Runtime) -> Callable[[LambdaResponse], Response]:
    """Return the operation Invoke.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """

    def invoke(request: LambdaResponse) -> Response:
        name, qualifier = _named(unquote(request.path.rsplit("/", 2)[-2]))
        qualifier = qualifier or request._get_param("Qualifier")
        payload = _payload(request.body)
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise _RequestTooLarge(len(payload))
        function = functions.resolve(request.region, name, qualifier)
        # moto takes the status from a header of that name.
        match request.headers.get("X-Amz-Invocation-Type"):
            case "DryRun":
                return 204, {"status": "204"}, b""
            case "Event":
                _run_later(runtime, function, payload, qualifier)
                return 202, {"status": "202"}, b""
        try:
            result = runtime.invoke(function, payload, qualifier=qualifier)
        except Throttled as error:
            raise _TooManyRequests(error) from error
        tail = request.headers.get("X-Amz-Log-Type") == "Tail"
        return 200, _headers(result, tail=tail), result.payload

    return invoke


def _invoke_from_moto(runtime: Runtime) -> Callable[..., bytes]:
    """Return what moto's other services (topics, queues, streams) call on a function."""

    def invoke(
        function: LambdaFunction, body: Any, request_headers: Any, response_headers: Any
    ) -> bytes:
        version = functions.resolve(function.region, function.function_name, str(function.version))
        result = runtime.invoke(version, _payload(body))
        response_headers.update(_headers(result, tail=False))
        return result.payload

    return invoke


def _update_function_code(function: LambdaFunction, changes: dict[str, Any]) -> dict[str, Any]:
    """Do UpdateFunctionCode, which changes the processor too.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
    """
    if changes.get("Architectures") and not changes.get("DryRun"):
        function.architectures = changes["Architectures"]
    return _update_code(function, changes)


def _headers(result: Result, *, tail: bool) -> dict[str, str]:
    headers = {
        "content-type": "application/json",
        "x-amzn-requestid": result.request_id,
        "x-amz-executed-version": result.version,
    }
    if result.error is not None:
        headers["x-amz-function-error"] = "Unhandled"
    if tail:
        headers["x-amz-log-result"] = base64.b64encode(result.log_tail).decode()
    return headers


def _named(name_or_arn: str) -> tuple[str, str | None]:
    """Return the function's name and the qualifier in a name, partial ARN or ARN."""
    match = _FUNCTION_NAME.fullmatch(name_or_arn)
    return (match[1], match[2]) if match else (name_or_arn, None)


def _payload(body: Any) -> bytes:
    if isinstance(body, str):
        body = body.encode()
    return body or b"{}"


def _run_later(
    runtime: Runtime, function: FunctionVersion, payload: bytes, qualifier: str | None
) -> None:
    def run() -> None:
        try:
            runtime.invoke(function, payload, qualifier=qualifier)
        except Exception:
            _log.exception("asynchronous invocation of %s", function.arn)

    threading.Thread(target=run, name="event", daemon=True).start()
