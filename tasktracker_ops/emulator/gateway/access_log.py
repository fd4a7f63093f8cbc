"""The access log of a stage, in its configured format.

Variables: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
"""

from __future__ import annotations

import re
import time
from json.encoder import encode_basestring
from typing import Any

from tasktracker_ops.emulator.logs import writer as log_writer
from tasktracker_ops.emulator.logs.writer import LogLine

from .answer import HttpAnswer
from .call import STAGE, Exchange

_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]*[A-Za-z0-9_])")


def write(exchange: Exchange, answer: HttpAnswer, latency_ms: float) -> None:
    """Append one line to the log group of the stage, if it has one.

    A variable without a value is `-`, and so is one that is not emulated.
    """
    settings = exchange.stage.access_log_settings
    if not (settings and settings.get("destinationArn") and settings.get("format")):
        return
    call = exchange.call
    variables = {
        "apiId": call.api_id,
        "authorizer.error": exchange.authorizer_error,
        "httpMethod": call.method,
        "identity.sourceIp": call.source_ip,
        "integrationErrorMessage": exchange.integration_error,
        "path": call.path,
        "requestId": call.request_id,
        "responseLatency": round(latency_ms),
        "routeKey": exchange.route_key,
        "status": answer.status,
    }
    text = _VARIABLE.sub(lambda match: _value(variables.get(match[1])), settings["format"])
    _, _, _, region, _, _, group, *_ = settings["destinationArn"].split(":")
    line = LogLine(time.time_ns() // 1_000_000, text)
    log_writer.write(region, group, f"{call.api_id}/{STAGE}", [line])


def _value(value: Any) -> str:
    if value is None or value == "":
        return "-"
    # A quotation mark or a line break in a path must not end its field.
    return encode_basestring(str(value))[1:-1]
