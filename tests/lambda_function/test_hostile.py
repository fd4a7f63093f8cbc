"""No HTTP request makes the handler raise or answer 5xx; all other events raise."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from http_events import NotAnHttpEvent
from pages import cursor_after
from tests.properties import HealthCheck, given, settings

TASK = "/tasks/0f8fad5b-d9cb-469f-a165-70867728950e"


def _http(method: str, path: str, **rest: Any) -> dict[str, Any]:
    return {"rawPath": path, "requestContext": {"http": {"method": method}}, **rest}


def _post(body: Any, **rest: Any) -> dict[str, Any]:
    return _http("POST", "/tasks", body=body, **rest)


HOSTILE: dict[str, tuple[Any, int]] = {
    "payload 1.0": ({"version": "1.0", "httpMethod": "GET", "path": "/tasks"}, 400),
    "load balancer": ({"httpMethod": "GET", "path": "/tasks", "requestContext": {"elb": {}}}, 400),
    "headers are null": (_http("GET", "/health", headers=None), 200),
    "headers are a list": (_http("GET", "/health", headers=["a", 1]), 200),
    "header is a number": (_http("GET", "/health", headers={"accept": 1}), 200),
    "query is a string": (_http("GET", "/tasks", queryStringParameters="a=b"), 200),
    "cursor is a list": (_http("GET", "/tasks", queryStringParameters={"cursor": ["x"]}), 200),
    "base64 flag is text": (_post('{"title": "x"}', isBase64Encoded="yes"), 201),
    "route key is null": (_http("GET", "/health", routeKey=None), 200),
    "no body": (_http("POST", "/tasks"), 400),
    "body is an object": (_post({"title": "x"}), 400),
    "patch without a type": (_http("PATCH", TASK, body="{}"), 415),
    "path traversal": (_http("GET", "/tasks/../health"), 404),
}


NOT_HTTP: dict[str, Any] = {
    "null": None,
    "number": 7,
    "string": "GET /tasks",
    "list": [{"rawPath": "/tasks"}],
    "empty object": {},
    "no method": {"rawPath": "/tasks", "requestContext": {"http": {}}},
    "method is a number": _http(1, "/tasks"),  # type: ignore[arg-type]
    "path is a list": _http("GET", ["/tasks"]),  # type: ignore[arg-type]
    "context is null": {"rawPath": "/tasks", "requestContext": None},
    "queue": {"Records": [{"eventSource": "aws:sqs", "body": '{"title": "x"}'}]},
    "bucket": {"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": "k"}}}]},
    "topic": {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "m"}}]},
    "schedule": {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}},
}


@pytest.mark.parametrize("name", NOT_HTTP)
def test_other_event_raises(api, capsys, name: str):
    """An event of a queue, bucket or timer raises, so that Lambda counts an error."""
    with pytest.raises(NotAnHttpEvent, match="payload format"):
        api.send(NOT_HTTP[name])
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["status"], line["reason"]) == ("ERROR", 500, "NotAnHttpEvent")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_request_is_answered(api, name: str):
    """A hostile request is answered with the right 2xx or 4xx, and the next one works."""
    event, status = HOSTILE[name]
    assert api.send(event).status == status
    assert api("GET", "/tasks").status == 200


TEXT = st.text(max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SURROGATES = st.text(st.characters(codec=None, categories=["Cs", "L", "Cc", "Zs"]), max_size=9)
PATHS = st.one_of(
    st.sampled_from(
        ["/health", "/tasks", TASK, "/tasks/x", "/trigger-error", "/tasks/idempotency#"]
    ),
    SURROGATES.map(lambda text: f"/tasks/{text}"),
    SURROGATES,
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) | TEXT
FIELDS = st.dictionaries(
    st.sampled_from(["title", "description", "status", "task_id"]) | SURROGATES,
    st.sampled_from(["x", "done", "\ud800"]) | SURROGATES | ANYTHING,
    max_size=4,
)
BODIES = st.one_of(FIELDS.map(json.dumps), ANYTHING.map(json.dumps), SURROGATES, ANYTHING)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["content-type", "Content-Type", "IF-MATCH", "if-none-match", "idempotency-key"]
    )
    | TEXT,
    st.sampled_from(
        ["application/json", "application/merge-patch+json", "*", '"1"', 'W/"1"', "key"]
    )
    | SURROGATES
    | ANYTHING,
    max_size=4,
)
CURSORS = st.builds(cursor_after, TEXT, st.sampled_from([None, "done"]))
QUERIES = st.dictionaries(
    st.sampled_from(["status", "limit", "cursor"]) | TEXT,
    st.sampled_from(["done", "50", "0"]) | CURSORS | SURROGATES | ANYTHING,
    max_size=2,
)
ENVELOPE = {
    "routeKey": st.just("$default") | ANYTHING,
    "headers": HEADERS | ANYTHING,
    "queryStringParameters": QUERIES | ANYTHING,
    "body": BODIES,
    "isBase64Encoded": st.booleans() | ANYTHING,
}
PAYLOAD_2 = st.fixed_dictionaries(
    {
        "rawPath": PATHS,
        "requestContext": st.fixed_dictionaries(
            {"http": st.fixed_dictionaries({"method": METHODS})},
            optional={"stage": st.just("$default") | ANYTHING},
        ),
    },
    optional=ENVELOPE,
)
DAMAGED = st.fixed_dictionaries(
    {},
    optional={
        "version": st.sampled_from(["1.0", "2.0"]) | ANYTHING,
        "rawPath": PATHS | ANYTHING,
        "requestContext": ANYTHING | st.fixed_dictionaries({"http": ANYTHING}),
        **ENVELOPE,
    },
)
PAYLOAD_1 = st.fixed_dictionaries(
    {"version": st.just("1.0"), "httpMethod": METHODS, "path": PATHS, "resource": PATHS},
    optional={"multiValueHeaders": ANYTHING, "requestContext": ANYTHING, **ENVELOPE},
)


def _checked(examples: int, events: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
    """Check ``examples`` generated events."""
    limits = settings(
        max_examples=examples,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given],
    )
    limits(given(event=events)(lambda event: check(event)))()


MANY = pytest.mark.parametrize(
    "examples", [25, pytest.param(10_000, marks=[pytest.mark.extended, pytest.mark.timeout(900)])]
)


@MANY
def test_any_http_event_is_answered(api, examples: int):
    """Any HTTP event gets a response below 500 that the runtime can encode."""

    def check(event: Any) -> None:
        answer = api.send(event)
        assert 200 <= answer.status < 500
        if answer.text:
            answer.json()

    _checked(examples, st.one_of(PAYLOAD_2, PAYLOAD_2, PAYLOAD_1), check)


@MANY
def test_any_other_event_raises(api, examples: int):
    """Any other event is answered as a request, or raises ``NotAnHttpEvent``."""

    def check(event: Any) -> None:
        try:
            assert 200 <= api.send(event).status < 500
        except NotAnHttpEvent:
            assert not isinstance(event, dict) or "httpMethod" not in event

    _checked(examples, st.one_of(DAMAGED, ANYTHING), check)
