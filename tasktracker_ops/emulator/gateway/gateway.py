"""The data plane of HTTP APIs: finds stage, route and integration, invokes, answers.

Answers of its own: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.core.exceptions import JsonRESTError

from tasktracker_ops.emulator import backends
from tasktracker_ops.emulator.lambda_runtime import functions
from tasktracker_ops.emulator.lambda_runtime.execution import MAX_PAYLOAD_BYTES
from tasktracker_ops.emulator.lambda_runtime.pool import Throttled
from tasktracker_ops.emulator.lambda_runtime.runtime import Result, Runtime
from tasktracker_ops.local.credentials import ACCOUNT_ID

from . import access_log, answer, cors, event, routes
from .answer import HttpAnswer, message
from .authorization import Authorization, Denied
from .call import STAGE, ApiCall, Exchange
from .throttle import Throttle

_log = logging.getLogger(__name__)
_MAX_BODY_BYTES = 10 * 1024 * 1024


class _Refused(Exception):
    """The gateway answers instead of the function; the message is the reason."""

    def __init__(self, status: int, text: str, reason: str = "") -> None:
        super().__init__(reason or text)
        self.answer = message(status, text)


@dataclass(frozen=True)
class ApiRequest:
    """One request answered by an HTTP API, as its metrics need it; latencies in milliseconds."""

    region: str
    api_id: str
    stage: str
    status: int
    started_at: datetime
    latency_ms: float
    integration_latency_ms: float | None


class Gateway:
    """Answers calls to every HTTP API of the emulated account, on its stage `$default`.

    Each request is passed to `publish` when it has been answered.
    """

    def __init__(self, runtime: Runtime, publish: Callable[[ApiRequest], None]) -> None:
        self._publish = publish
        self._runtime = runtime
        self._authorization = Authorization()
        self._throttle = Throttle()

    def answer(self, call: ApiCall) -> HttpAnswer:
        """Return the response to a call; a failure behind the gateway becomes a 5xx."""
        begin = time.perf_counter()
        region, api = find_api(call.api_id)
        stage = None if api is None else api.stages.get(STAGE)
        if api is None or stage is None:
            return message(404, "Not Found")
        exchange = Exchange(call, region, api, stage)
        response = self._respond(exchange)
        identified = (*response.headers, ("apigw-requestid", call.request_id))
        response = HttpAnswer(response.status, identified, response.body)
        self._record(exchange, response, (time.perf_counter() - begin) * 1000)
        return response

    def _respond(self, exchange: Exchange) -> HttpAnswer:
        configuration, call = exchange.api.cors_configuration, exchange.call
        if not configuration:
            return self._answer(exchange)
        if not cors.is_preflight(call):
            return cors.decorate(configuration, call, self._answer(exchange))
        # A route for OPTIONS gets preflights as well, after its authorizer.
        routed = routes.select(_route_keys(exchange.api), call.method, call.path)
        answered = self._answer(exchange) if routed else HttpAnswer(204, (), b"")
        return cors.preflight(configuration, call, answered)

    def _answer(self, exchange: Exchange) -> HttpAnswer:
        call = exchange.call
        try:
            return self._integrate(exchange)
        except Denied as denied:
            _log.info("%s %r: %s", call.method, call.path, denied)
            exchange.authorizer_error = str(denied)
            return denied.answer
        except _Refused as refused:
            _log.info("%s %r: %s", call.method, call.path, refused)
            if refused.answer.status >= 500:
                exchange.integration_error = str(refused)
            return refused.answer
        except Exception as error:
            _log.exception("%s %r", call.method, call.path)
            exchange.integration_error = str(error)
            return message(500, "Internal Server Error")

    def _integrate(self, exchange: Exchange) -> HttpAnswer:
        call, api = exchange.call, exchange.api
        if len(call.body) > _MAX_BODY_BYTES:
            raise _Refused(413, "Request Entity Too Large")
        by_key = _route_keys(api)
        match = routes.select(by_key, call.method, call.path)
        if match is None:
            raise _Refused(404, "Not Found")
        exchange.route_key = match.route_key
        route = by_key[match.route_key]
        authorizer = self._authorization.authorize(call, api, route, exchange.region)
        if not self._throttle.take_token(call.api_id, exchange.stage):
            raise _Refused(429, "Too Many Requests")
        integration = _integration(api, route.target)
        payload = event.build(call, match, authorizer)
        source = f"arn:aws:execute-api:{exchange.region}:{ACCOUNT_ID}:{call.api_id}"
        result = self._invoke(exchange, integration, payload, f"{source}/{match.resource}")
        if result.error is not None:
            raise _Refused(500, "Internal Server Error", f"the function failed: {result.error}")
        try:
            return answer.interpret(result.payload)
        except answer.MalformedAnswer as error:
            raise _Refused(500, "Internal Server Error", f"malformed answer: {error}") from error

    def _invoke(
        self, exchange: Exchange, integration: Any, payload: Mapping[str, Any], source_arn: str
    ) -> Result:
        region, name, qualifier = functions.split_arn(integration.integration_uri)
        if not functions.api_may_invoke(region, name, qualifier, source_arn):
            reason = f"no permission on {integration.integration_uri} for {source_arn}"
            raise _Refused(500, "Internal Server Error", reason)
        body = json.dumps(payload).encode()
        if len(body) > MAX_PAYLOAD_BYTES:
            raise _Refused(413, "Request Entity Too Large")
        try:
            function = functions.resolve(region, name, qualifier)
        except JsonRESTError as error:
            raise _Refused(500, "Internal Server Error", str(error)) from error
        begin = time.perf_counter()
        try:
            return self._runtime.invoke(function, body, qualifier=qualifier)
        except Throttled as error:
            exchange.integration_error = str(error)
            raise _Refused(429, "Too Many Requests", "the function is throttled") from error
        finally:
            exchange.integration_latency_ms = (time.perf_counter() - begin) * 1000

    def _record(self, exchange: Exchange, response: HttpAnswer, latency_ms: float) -> None:
        call = exchange.call
        self._publish(
            ApiRequest(
                region=exchange.region,
                api_id=call.api_id,
                stage=STAGE,
                status=response.status,
                started_at=call.at,
                latency_ms=latency_ms,
                integration_latency_ms=exchange.integration_latency_ms,
            )
        )
        access_log.write(exchange, response, latency_ms)


def find_api(api_id: str) -> tuple[str, Any]:
    """Return an API with its region; ("", None) when no region has it."""
    return next(((region, api) for region, api in apis() if api.api_id == api_id), ("", None))


def apis() -> Iterable[tuple[str, Any]]:
    """Return every API of the account with its region."""
    for region, backend in list(backends.by_region("apigatewayv2").items()):
        for api in list(backend.apis.values()):
            yield region, api


def _route_keys(api: Any) -> dict[str, Any]:
    return {route.route_key: route for route in list(api.routes.values())}


def _integration(api: Any, target: str | None) -> Any:
    integration = api.integrations.get((target or "").removeprefix("integrations/"))
    if integration is None or integration.integration_type != "AWS_PROXY":
        raise _Refused(500, "Internal Server Error", f"no Lambda integration behind {target!r}")
    if integration.payload_format_version != "2.0":
        raise _Refused(500, "Internal Server Error", "only payload format 2.0 is emulated")
    return integration
