"""The access log of a stage, in its configured format.

Variables: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any

from tasktracker_ops.emulator.logs import writer as log_writer
from tasktracker_ops.emulator.logs.writer import LogLine

from .answer import HttpAnswer
from .call import ApiCall

_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]*[A-Za-z0-9_])")


def write(settings: Mapping[str, str], stage: str, variables: Mapping[str, Any]) -> None:
    """Append one line to the stage's log group, with `-` for a variable without a value."""
    text = _VARIABLE.sub(lambda match: _value(variables.get(match[1])), settings["format"])
    _, _, _, region, _, _, group, *_ = settings["destinationArn"].split(":")
    stream = f"{variables['apiId']}/{stage}"
    log_writer.write(region, group, stream, [LogLine(time.time_ns() // 1_000_000, text)])


def variables(
    call: ApiCall,
    answer: HttpAnswer,
    *,
    route_key: str | None,
    authorizer_error: str | None,
    integration_error: str | None,
    latency_ms: float,
) -> dict[str, Any]:
    """Return the `$context` variables of one request, those of the deployed format."""
    return {
        "apiId": call.api_id,
        "authorizer.error": authorizer_error,
        "httpMethod": call.method,
        "identity.sourceIp": call.source_ip,
        "integrationErrorMessage": integration_error,
        "path": call.path,
        "requestId": call.request_id,
        "responseLatency": round(latency_ms),
        "routeKey": route_key,
        "status": answer.status,
    }


def _value(value: Any) -> str:
    if value is None or value == "":
        return "-"
    # A quotation mark or a line break in a path must not end its field.
    return encode_basestring(str(value))[1:-1]
