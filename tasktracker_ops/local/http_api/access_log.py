"""The access log of a stage, in its configured format.

Variables: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from tasktracker_ops.local import logs
from tasktracker_ops.local.credentials import ACCOUNT_ID
from tasktracker_ops.local.http_api.answer import HttpAnswer
from tasktracker_ops.local.http_api.call import ApiCall
from tasktracker_ops.local.logs import LogLine

_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]*[A-Za-z0-9_])")


def write(settings: Mapping[str, str], stage: str, variables: Mapping[str, Any]) -> None:
    """Append one line to the stage's destination; a variable without a value becomes `-`."""
    text = _VARIABLE.sub(lambda found: _value(variables.get(found[1])), settings["format"])
    _, _, _, region, _, _, group, *_ = settings["destinationArn"].split(":")
    stream = f"{variables['apiId']}/{stage}"
    logs.write(region, group, stream, [LogLine(time.time_ns() // 1_000_000, text)])


def variables(
    call: ApiCall,
    answer: HttpAnswer,
    *,
    stage: str,
    route_key: str | None,
    authorizer: Mapping[str, Any] | None,
    denial: str | None,
    integration: Mapping[str, Any],
    latency_ms: float,
) -> dict[str, Any]:
    """Return the `$context` variables of one request.

    `authorizer` is that of the event, `denial` why there is none. `integration` has what is known
    of `$context.integration`: `latency` in ms, `requestId`, `status` as the function set it,
    `integrationStatus` as Lambda did, `error`.
    """
    identity = (authorizer or {}).get("iam")
    claims = (authorizer or {}).get("jwt", {}).get("claims", {})
    error = _message(answer) if answer.status >= 400 and "status" not in integration else None
    latency = integration.get("latency")
    integration = {**integration, "latency": latency and round(latency)}
    return {
        "accountId": ACCOUNT_ID,
        "apiId": call.api_id,
        "authorizer.error": denial,
        **{f"authorizer.claims.{name}": value for name, value in claims.items()},
        "dataProcessed": len(call.body) + len(answer.body),
        "domainName": call.host,
        "domainPrefix": call.api_id,
        "error.message": error,
        "error.messageString": error and f'"{error}"',
        "error.responseType": error and _response_type(answer.status),
        "extendedRequestId": call.request_id,
        "httpMethod": call.method,
        "identity.accountId": identity and identity["accountId"],
        "identity.caller": identity and identity["callerId"],
        "identity.sourceIp": call.source_ip,
        "identity.user": identity and identity["userId"],
        "identity.userAgent": call.headers.get("user-agent"),
        "identity.userArn": identity and identity["userArn"],
        "path": call.path,
        "protocol": call.protocol,
        "requestId": call.request_id,
        "requestTime": call.time,
        "requestTimeEpoch": int(call.at.timestamp()),
        "responseLatency": round(latency_ms),
        "responseLength": len(answer.body),
        "routeKey": route_key,
        "stage": stage,
        "status": answer.status,
        "integrationErrorMessage": integration.get("error"),
        "integrationLatency": integration.get("latency"),
        "integrationStatus": integration.get("integrationStatus"),
        **{f"integration.{name}": value for name, value in integration.items()},
    }


def _value(value: Any) -> str:
    if value is None or value == "":
        return "-"
    # A quotation mark or a line break in a path must not end the field it stands in.
    return json.dumps(str(value), ensure_ascii=False)[1:-1]


def _message(answer: HttpAnswer) -> str:
    return answer.body.decode("utf-8", "replace").removeprefix('{"message":"').removesuffix('"}')


def _response_type(status: int) -> str:
    types = {403: "ACCESS_DENIED", 404: "MISSING_ROUTE", 413: "REQUEST_TOO_LARGE", 429: "THROTTLED"}
    return types.get(status, "INTEGRATION_FAILURE")
