"""The function's entry point: routes an event, and turns each problem into a response."""

import json
import os
import re
import time
from collections.abc import Callable

import api
import dynamodb
from http_events import Request, Response, parse, problem_response, response
from problems import MethodNotAllowed, Problem, RouteNotFound
from tasks import timestamp

View = Callable[..., Response]  # takes the request and the named parts of the path

_TASK_ID = r"(?P<task_id>[A-Za-z0-9._~-]{1,128})"  # the characters that need no escaping
_ROUTES: dict[str, dict[str, View]] = {
    "/health": {"GET": api.health},
    "/openapi.json": {"GET": api.describe},
    "/tasks": {"GET": api.list_tasks, "POST": api.create_task},
    "/tasks/{task_id}": {
        "GET": api.show_task,
        "PUT": api.update_task,
        "PATCH": api.patch_task,
        "DELETE": api.delete_task,
    },
}
_PATTERNS = {
    route: re.compile(re.escape(route).replace(r"\{task_id\}", _TASK_ID)) for route in _ROUTES
}
# Routes of their own in API Gateway, where they accept only signed requests (AWS_IAM).
_DRILLS: dict[str, View] = {
    "/trigger-error": api.trigger_error,
    "/trigger-slow": api.trigger_slow,
}

_TIMEOUT = 10.0  # seconds, without a context that has the remaining time

if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    dynamodb.client()  # Lambda gives the start a whole CPU, requests only a share


def lambda_handler(event: object, context: object) -> Response:
    """Answer an HTTP API event (payload 2.0) and write one line of JSON to the log.

    Raise ``FireDrill`` on its route, ``NotAnHttpEvent`` for an event that is not an HTTP request,
    and errors that no request can cause, such as a missing table: Lambda counts all of them.
    """
    started = time.monotonic()
    line: dict[str, object] = {
        "time": timestamp(),
        "level": "INFO",
        "request_id": getattr(context, "aws_request_id", None),
        "method": None,
        "route": None,
        "status": 500,
    }
    try:
        result = _respond(event, started + _seconds_left(context), line)
        line["status"] = result["statusCode"]
    except Exception as error:
        line.update(level="ERROR", reason=type(error).__name__)
        raise
    finally:
        line["duration_ms"] = round((time.monotonic() - started) * 1000, 1)
        print(json.dumps(line))
    return result


def _seconds_left(context: object) -> float:
    left = getattr(context, "get_remaining_time_in_millis", None)
    return left() / 1000 if left else _TIMEOUT


def _respond(event: object, deadline: float, line: dict[str, object]) -> Response:
    try:
        request = parse(event, deadline)
        line["method"] = request.method[:16]
        line["route"], views, parts = _route(request)
        return _view(request, views)(request, **parts)
    except Problem as problem:
        line["reason"] = problem.slug
        if problem.status >= 500:
            # The first line names the fault; a whole response may be quoted below it.
            fault = str(problem.__cause__ or problem.detail).partition("\n")[0][:200]
            line.update(level="WARNING", reason=f"{problem.slug}: {fault}")
        return problem_response(problem)


def _route(request: Request) -> tuple[str, dict[str, View], dict[str, str]]:
    # API Gateway sets the route key; a path is whatever the client sent.
    verb, _, drill = request.route_key.partition(" ")
    if drill in _DRILLS and verb in ("ANY", request.method):
        return drill, {request.method: _DRILLS[drill]}, {}
    for route, pattern in _PATTERNS.items():
        match = pattern.fullmatch(request.path)
        if match:
            return route, _ROUTES[route], match.groupdict()
    raise RouteNotFound("The API has /tasks, /tasks/{task_id}, /health and /openapi.json.")


def _view(request: Request, views: dict[str, View]) -> View:
    # HEAD gets the body of GET: API Gateway drops it, but sends its length (RFC 9110, section 8.6).
    method = "GET" if request.method == "HEAD" and "GET" in views else request.method
    if method not in views:
        allowed = ", ".join([*(["HEAD"] if "GET" in views else []), *views, "OPTIONS"])
        if method == "OPTIONS":  # a browser's preflight request needs a 2xx
            return lambda request, **parts: response(204, Allow=allowed)
        raise MethodNotAllowed(f"Use one of {allowed}.", headers={"Allow": allowed})
    return views[method]
