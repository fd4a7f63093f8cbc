"""HTTP APIs answer as API Gateway does: routes, events, answers, limits, logs."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.emulator.alarms_and_metrics import CloudWatch

NOT_FOUND = {"message": "Not Found"}
INTERNAL_ERROR = {"message": "Internal Server Error"}


def test_the_event_has_payload_format_2(api: Any) -> None:
    """The function gets the documented event, fields without a value left out."""
    before = time.time()
    response = api.call(
        "/my%20path/%C3%A9?b=2&a=1&a=x%20y&empty=",
        headers={
            "X-Mixed": "Value",
            "X-Empty": "",
            "User-Agent": "test/1",
        },
    )
    event = response.json()
    context = event.pop("requestContext")
    headers = event.pop("headers")
    assert event == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my path/\u00e9",
        "rawQueryString": "b=2&a=1&a=x%20y&empty=",
        "queryStringParameters": {"b": "2", "a": "1,x y", "empty": ""},
        "isBase64Encoded": False,
    }
    assert headers["x-mixed"] == "Value"
    assert headers["x-empty"] == ""
    assert "content-type" not in headers
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["host"] == context["domainName"]
    assert before - 1 < context.pop("timeEpoch") / 1000 < time.time() + 1
    time.strptime(context.pop("time"), "%d/%b/%Y:%H:%M:%S +0000")
    assert context.pop("requestId") == response.headers["apigw-requestid"]
    assert context.pop("http") == {
        "method": "GET",
        "path": "/my path/\u00e9",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "test/1",
    }
    assert context == {
        "accountId": "123456789012",
        "apiId": api.id,
        "domainName": api.aws.server.url.removeprefix("http://"),
        "domainPrefix": api.id,
        "routeKey": "$default",
        "stage": "$default",
    }


def test_repeated_headers_are_joined(api: Any) -> None:
    """Two headers of one name arrive as one, with a comma."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", api.aws.server.port)
    connection.putrequest("GET", f"/_aws/execute-api/{api.id}/")
    connection.putheader("X-Twice", "1")
    connection.putheader("X-Twice", "2")
    connection.endheaders()
    assert json.load(connection.getresponse())["headers"]["x-twice"] == "1,2"
    connection.close()


@pytest.mark.parametrize(
    ("content_type", "body", "is_base64"),
    [
        ("application/json", b'{"a": "\xc3\xa9"}', False),
        ("text/plain; charset=utf-8", b"plain", False),
        ("application/octet-stream", b"\x00\xff", True),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("application/json", b"\xff", True),
    ],
)
def test_body_is_text_or_base64(api: Any, content_type: str, body: bytes, is_base64: bool) -> None:
    """Bodies of text types arrive as text, all others in base64."""
    event = api.call("/", "POST", data=body, headers={"Content-Type": content_type}).json()
    assert event["isBase64Encoded"] is is_base64
    received = base64.b64decode(event["body"]) if is_base64 else event["body"].encode()
    assert received == body


def test_routes_and_path_parameters(aws: Any, function: Any) -> None:
    """Routes are selected by method and path, and path parameters are decoded."""
    api = aws.api(function, "GET /tasks/{task_id}", "ANY /files/{name+}")
    event = api.call("/tasks/a%20b").json()
    assert event["routeKey"] == "GET /tasks/{task_id}"
    assert event["pathParameters"] == {"task_id": "a b"}
    assert api.call("/files/a/b.txt", "PUT").json()["pathParameters"] == {"name": "a/b.txt"}
    missing = api.call("/tasks/1", "DELETE")
    assert (missing.status_code, missing.json()) == (404, NOT_FOUND)
    assert api.call("/").status_code == 404


def test_unknown_api_is_not_found(aws: Any) -> None:
    """An id that belongs to no API is a 404."""
    response = requests.get(f"{aws.server.url}/_aws/execute-api/nothing/tasks", timeout=5)
    assert (response.status_code, response.json()) == (404, NOT_FOUND)


def test_the_client_gets_the_answer_of_the_function(api: Any) -> None:
    """The client gets status, headers and body of the function's answer."""
    headers = {"Content-Type": "text/csv", "X-Number": 7, "X-True": True}
    response = api.answer({"statusCode": 201, "headers": headers, "body": "a,b"})
    assert (response.status_code, response.text) == (201, "a,b")
    assert response.headers["content-type"] == "text/csv"
    assert (response.headers["x-number"], response.headers["x-true"]) == ("7", "true")
    assert response.headers["apigw-requestid"]


@pytest.mark.parametrize(
    "value",
    [
        {"statusCode": "created"},
        {"statusCode": 99},
        {"statusCode": True},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": {}}},
        {"statusCode": 200, "headers": {"a": "b\r\nset-cookie: c"}},
        {"statusCode": 200, "headers": {"a\r\nb": "c"}},
        {"statusCode": 200, "headers": {"set-cookie: a=b; x": "c"}},
        {"statusCode": 200, "headers": {"": "a"}},
        {"statusCode": float("inf")},
        {"statusCode": 200, "body": "YQ==", "isBase64Encoded": True},
    ],
)
def test_a_malformed_answer_is_a_500(api: Any, value: Any) -> None:
    """An answer that is not an HTTP response gives the gateway's 500."""
    response = api.answer(value)
    assert (response.status_code, response.json()) == (500, INTERNAL_ERROR)


def test_a_204_and_head_have_no_body(api: Any) -> None:
    """A 204 has no length either; the connection stays open."""
    response = api.answer({"statusCode": 204, "body": "ignored"})
    assert (response.status_code, response.content) == (204, b"")
    assert api.call("/", "HEAD").content == b""
    assert api.call("/").status_code == 200


def test_a_function_that_fails_is_a_500_and_the_next_request_works(aws: Any) -> None:
    """The answer is the gateway's own, whether it raises, ends or times out."""
    api = aws.api(aws.function(Timeout=1))
    for path in ("/raise", "/exit", "/spin"):
        response = api.call(path)
        assert (response.status_code, response.json()) == (500, INTERNAL_ERROR)
        assert api.call("/").status_code == 200


def test_a_throttled_function_is_a_429(in_process_aws: Any, eventually: Any) -> None:
    """A request that waits too long for a worker counts as a throttle and as a 4xx only."""
    function = in_process_aws.function(Timeout=1)
    api = in_process_aws.api(function)
    api.call("/")
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(api.call, "/spin") for _ in range(3)]
    statuses = sorted(run.result().status_code for run in runs)
    assert statuses[0] == 429
    throttled = statuses.count(429)
    by = {"FunctionName": function.name}
    assert _sum(in_process_aws, "AWS/Lambda", "Throttles", **by) == throttled
    assert _sum(in_process_aws, "AWS/Lambda", "Invocations", **by) == 4 - throttled
    assert _sum(in_process_aws, "AWS/ApiGateway", "4xx", ApiId=api.id) == throttled


def _sum(aws: Any, namespace: str, name: str, **dimensions: str) -> float | None:
    return CloudWatch(aws.client("cloudwatch")).sum(namespace, name, **dimensions)


@pytest.mark.parametrize("permission", [None, "*/GET/other", "*/*/*"])
def test_without_permission_on_the_alias_it_is_a_500(
    aws: Any, function: Any, permission: str | None
) -> None:
    """The function's resource policy decides; `$default` has no method in its ARN."""
    response = aws.api(function, permission=permission).call("/")
    assert (response.status_code, response.json()) == (500, INTERNAL_ERROR)


def test_large_bodies_are_refused(api: Any) -> None:
    """More than 10 MB is too large for the gateway, more than 6 MB in the event for Lambda."""
    for size in (10 * 1024 * 1024 + 1, 6 * 1024 * 1024):
        response = api.call("/", "POST", data=b"x" * size, headers={"Content-Type": "text/plain"})
        assert response.status_code == 413
        assert response.json() == {"message": "Request Entity Too Large"}
    assert api.call("/large").status_code == 500


def test_each_request_is_logged(aws: Any, function: Any) -> None:
    """The line has the stage's format, in the stage's log group."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/api/access")
    arn = "arn:aws:logs:eu-west-3:123456789012:log-group:/api/access"
    line = (
        '{"id":"$context.requestId","status":$context.status,"route":"$context.routeKey",'
        '"method":"$context.httpMethod","path":"$context.path","ip":"$context.identity.sourceIp",'
        '"latency":$context.responseLatency,"why":"$context.integrationErrorMessage",'
        '"nothing":"$context.customDomain.basePathMatched"}'
    )
    api = aws.api(function, stage={"AccessLogSettings": {"DestinationArn": arn, "Format": line}})
    good = api.call("/a%22b%0D%0A")
    bad = api.call("/raise")
    events = logs.filter_log_events(logGroupName="/api/access")["events"]
    first, second = [json.loads(event["message"]) for event in events]
    assert isinstance(first.pop("latency"), int)
    assert first == {
        "id": good.headers["apigw-requestid"],
        "status": 200,
        "route": "$default",
        "method": "GET",
        "path": '/a"b\r\n',
        "ip": "127.0.0.1",
        "why": "-",
        "nothing": "-",
    }
    assert second["id"] == bad.headers["apigw-requestid"]
    assert second["status"] == 500
    assert second["why"] == "the function failed: ValueError"


def test_parallel_clients(aws: Any) -> None:
    """Eight clients at once get their own answers, and every invocation is logged once."""
    function = aws.function()
    api = aws.api(function)

    def client(number: int) -> list[bool]:
        with requests.Session() as session:
            return [
                session.get(f"{api.url}/{number}-{each}", timeout=30).json()["rawPath"]
                == f"/{number}-{each}"
                for each in range(20)
            ]

    with ThreadPoolExecutor(8) as pool:
        results = [right for each in pool.map(client, range(8)) for right in each]
    assert results == [True] * 160
    assert sum(line.startswith("REPORT") for line in function.log()) == 160
