"""What moto lacks, added to moto's own backends so that every client and protocol sees it."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction

from tasktracker_ops.local import functions
from tasktracker_ops.local.execution import MAX_PAYLOAD_BYTES
from tasktracker_ops.local.pool import Throttled
from tasktracker_ops.local.runtime import Runtime

_log = logging.getLogger(__name__)


class _TooManyRequests(LambdaClientError):
    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


class _RequestTooLarge(LambdaClientError):
    code = 413

    def __init__(self, size: int) -> None:
        super().__init__(
            "RequestTooLargeException",
            f"Request must be smaller than {MAX_PAYLOAD_BYTES} bytes for the InvokeFunction "
            f"operation, received {size} bytes",
        )


def install(runtime: Runtime) -> None:
    """Have every Lambda `Invoke` run the deployed code in `runtime` instead of in Docker.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """

    def invoke(
        backend: LambdaBackend,
        function_name: str,
        qualifier: str | None,
        body: Any,
        headers: Mapping[str, str],
        response_headers: MutableMapping[str, str],
    ) -> bytes:
        payload = body.encode() if isinstance(body, str) else body or b"{}"
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise _RequestTooLarge(len(payload))
        if ":" in function_name:
            qualifier = function_name.rsplit(":function:")[-1].partition(":")[2] or qualifier
        function = functions.resolve(backend.region_name, function_name, qualifier)
        kind = headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return b""
        if kind == "Event":
            threading.Thread(
                target=_invoke_later, args=(runtime, function, payload, qualifier), daemon=True
            ).start()
            return b""
        try:
            result = runtime.invoke(function, payload, qualifier=qualifier)
        except Throttled as error:
            raise _TooManyRequests from error
        response_headers["x-amz-executed-version"] = result.version
        response_headers["x-amz-log-result"] = base64.b64encode(result.log_tail).decode()
        if result.error is not None:
            response_headers["x-amz-function-error"] = "Unhandled"
        return result.payload

    def invoke_function(
        function: LambdaFunction, body: Any, request_headers: Any, response_headers: Any
    ) -> bytes:
        backend = functions.backend(function.region)
        return invoke(
            backend, function.function_name, None, body, request_headers, response_headers
        )

    LambdaBackend.invoke = invoke  # type: ignore[assignment, method-assign]
    LambdaFunction.invoke = invoke_function  # type: ignore[assignment, method-assign]


def _invoke_later(
    runtime: Runtime, function: functions.FunctionVersion, payload: bytes, qualifier: str | None
) -> None:
    try:
        runtime.invoke(function, payload, qualifier=qualifier)
    except Exception:
        _log.exception("asynchronous invocation of %s", function.arn)
