"""HTTP APIs answer as API Gateway does: routes, events, answers, limits, logs."""

from __future__ import annotations

import base64
import json
import socket
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from tasktracker_ops.emulator.gateway.throttle import Throttle

from .queries import CloudWatch

NOT_FOUND = {"message": "Not Found"}
INTERNAL_ERROR = {"message": "Internal Server Error"}


def test_event_is_payload_format_2(api: Any) -> None:
    """The function gets the documented event, fields without a value left out."""
    before = time.time()
    response = api.call(
        "/my%20path/%C3%A9?b=2&a=1&a=x%20y&empty=",
        headers={
            "X-Mixed": "Value",
            "X-Empty": "",
            "User-Agent": "test/1",
            "Cookie": "one=1; two=2",
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
        "cookies": ["one=1", "two=2"],
        "isBase64Encoded": False,
    }
    assert headers["x-mixed"] == "Value"
    assert headers["x-empty"] == ""
    assert "content-type" not in headers
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["host"] == context["domainName"]
    assert "cookie" not in headers
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


def test_chunked_body_arrives_whole(api: Any) -> None:
    """A body sent in chunks is the same body."""
    headers = {"Content-Type": "text/plain"}
    event = api.call("/", "POST", data=iter([b"one", b"two"]), headers=headers).json()
    assert event["body"] == "onetwo"


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


def test_full_answer(api: Any) -> None:
    """Status, headers, cookies and a base64 body come out as the function says."""
    response = api.answer(
        {
            "statusCode": 201,
            "headers": {"Content-Type": "image/gif", "X-Number": 7, "X-True": True},
            "cookies": ["a=1; Path=/", "b=2"],
            "body": base64.b64encode(b"\x00\x01").decode(),
            "isBase64Encoded": True,
        }
    )
    assert response.status_code == 201
    assert response.content == b"\x00\x01"
    assert response.headers["content-type"] == "image/gif"
    assert (response.headers["x-number"], response.headers["x-true"]) == ("7", "true")
    assert response.raw.headers.getlist("set-cookie") == ["a=1; Path=/", "b=2"]
    assert response.headers["apigw-requestid"]


@pytest.mark.parametrize(
    ("value", "body"),
    [({"a": 1}, b'{"a": 1}'), ([1], b"[1]"), ("Hello", b"Hello"), (None, b"null"), (7, b"7")],
)
def test_answer_without_a_status_is_the_body_of_a_200(api: Any, value: Any, body: bytes) -> None:
    """Anything without a statusCode becomes application/json and 200."""
    response = api.answer(value)
    assert (response.status_code, response.content) == (200, body)
    assert response.headers["content-type"] == "application/json"


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
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "body": "%", "isBase64Encoded": True},
    ],
)
def test_malformed_answer_is_a_500(api: Any, value: Any) -> None:
    """An answer that is no HTTP response gives the gateway's 500."""
    response = api.answer(value)
    assert (response.status_code, response.json()) == (500, INTERNAL_ERROR)


def test_answer_without_a_body(api: Any) -> None:
    """A 204 has neither a body nor its length, and HEAD no body; the connection goes on."""
    response = api.answer({"statusCode": 204, "body": "ignored"})
    assert (response.status_code, response.content) == (204, b"")
    assert api.call("/", "HEAD").content == b""
    assert api.call("/").status_code == 200


def test_a_raising_function_is_a_500_and_the_next_request_works(api: Any) -> None:
    """A function error is the gateway's own answer, and harms nobody else."""
    response = api.call("/raise")
    assert (response.status_code, response.json()) == (500, INTERNAL_ERROR)
    assert api.call("/exit").status_code == 500
    assert api.call("/").status_code == 200


def test_a_function_that_times_out_is_a_500(aws: Any) -> None:
    """The function's own timeout is an error of the function."""
    api = aws.api(aws.function(Timeout=1))
    response = api.call("/spin")
    assert (response.status_code, response.json()) == (500, INTERNAL_ERROR)
    assert api.call("/").status_code == 200


def test_integration_timeout_is_a_503(aws: Any) -> None:
    """The gateway gives up at the integration's timeout; the function goes on."""
    function = aws.function()
    api = aws.api(function, integration={"TimeoutInMillis": 150})
    function.invoke({}, Qualifier="live")
    response = api.call("/slow")
    assert response.status_code == 503
    assert response.json() == {"message": "Service Unavailable"}


def test_a_throttled_function_is_a_429(aws: Any) -> None:
    """Without concurrency every request is refused, and counts as throttled and as a 4xx."""
    function = aws.function()
    aws.client("lambda").put_function_concurrency(
        FunctionName=function.name, ReservedConcurrentExecutions=0
    )
    api = aws.api(function)
    for _ in range(3):
        response = api.call("/")
        assert (response.status_code, response.json()) == (429, {"message": "Too Many Requests"})
    assert _sum(aws, "AWS/Lambda", "Throttles", FunctionName=function.name) == 3
    assert _sum(aws, "AWS/Lambda", "Invocations", FunctionName=function.name) in (0, None)
    assert _sum(aws, "AWS/ApiGateway", "4xx", ApiId=api.id) == 3


def _sum(aws: Any, namespace: str, name: str, **dimensions: str) -> float | None:
    return CloudWatch(aws.client("cloudwatch")).sum(namespace, name, **dimensions)


@pytest.mark.parametrize("permission", [None, "*/GET/other", "*/*/*"])
def test_without_permission_on_the_alias_it_is_a_500(
    aws: Any, function: Any, permission: str | None
) -> None:
    """The function's resource policy decides; `$default` has no method in its ARN."""
    response = aws.api(function, permission=permission).call("/")
    assert (response.status_code, response.json()) == (500, INTERNAL_ERROR)


def test_body_limits(api: Any) -> None:
    """More than 10 MB is too large for the gateway, more than 6 MB in the event for Lambda."""
    for size in (10 * 1024 * 1024 + 1, 6 * 1024 * 1024):
        response = api.call("/", "POST", data=b"x" * size, headers={"Content-Type": "text/plain"})
        assert response.status_code == 413
        assert response.json() == {"message": "Request Entity Too Large"}
    assert api.call("/large").status_code == 500


def test_stage_throttling(aws: Any, function: Any) -> None:
    """Beyond the burst a request is refused."""
    settings = {"ThrottlingRateLimit": 0.01, "ThrottlingBurstLimit": 2}
    api = aws.api(function, stage={"DefaultRouteSettings": settings})
    answers = [api.call("/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json() == {"message": "Too Many Requests"}


def test_throttled_requests_are_admitted_again_at_the_rate() -> None:
    """A bucket is filled by the rate, up to the burst."""
    settings = {"throttlingRateLimit": 5.0, "throttlingBurstLimit": 2}
    stage = SimpleNamespace(name="$default", default_route_settings=settings)
    now = 0.0
    throttle = Throttle(clock=lambda: now)
    assert [throttle.admits("api", stage) for _ in range(3)] == [True, True, False]
    now = 0.25
    assert [throttle.admits("api", stage) for _ in range(2)] == [True, False]
    now = 60.0
    assert [throttle.admits("api", stage) for _ in range(3)] == [True, True, False]
    assert throttle.admits("another", stage)


def test_access_log(aws: Any, function: Any) -> None:
    """Each request is a line in the stage's log group, in the stage's format."""
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


def test_new_code_answers_once_the_alias_has_moved(aws: Any) -> None:
    """Publishing changes nothing for the API until the alias points to the new version."""
    function = aws.function()
    api = aws.api(function)
    assert api.call("/").json()["version"] == "2.0"
    version = function.update("def lambda_handler(event, context): return 'new'")
    assert api.call("/").json()["version"] == "2.0"
    aws.client("lambda").update_alias(
        FunctionName=function.name, Name="live", FunctionVersion=version
    )
    assert api.call("/").text == "new"
    aws.client("lambda").update_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    assert api.call("/").json()["version"] == "2.0"


def test_parallel_clients(aws: Any, record_property: Any) -> None:
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


def test_observers_receive_each_request(embedded: Any) -> None:
    """One record for each, refused ones included."""
    aws, parts = embedded
    records: list[Any] = []
    parts.gateway.observers.add(records.append)
    api = aws.api(aws.function(), "GET /", "GET /raise")
    for path in ("/", "/raise", "/nowhere"):
        api.call(path)
    assert [(each.route_key, each.status) for each in records] == [
        ("GET /", 200),
        ("GET /raise", 500),
        (None, 404),
    ]
    good, _, refused = records
    assert (good.region, good.api_id, good.stage) == ("eu-west-3", api.id, "$default")
    assert 0 < good.integration_latency_ms < good.latency_ms
    assert refused.integration_latency_ms is None


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        (b"Transfer-Encoding: chunked", b"zz\r\n", b"400"),
        (b"Transfer-Encoding: chunked", b"5\r\nab", b"400"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"0\r\n\r\n", b"400"),
        (b"Transfer-Encoding: gzip, chunked", b"0\r\n\r\n", b"501"),
        (b"Content-Length: 1\r\nContent-Length: 2", b"ab", b"400"),
        (b"Content-Length: 9", b"short", b"400"),
    ],
)
def test_bodies_without_one_clear_end_are_refused(
    aws: Any, head: bytes, body: bytes, status: bytes
) -> None:
    """A body whose end is damaged or stated twice gets one answer, and the connection ends."""
    request = b"POST /_tt-ops/health HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n" + body
    with socket.create_connection(("127.0.0.1", aws.server.port), timeout=10) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1") == 1


def test_bytes_that_are_no_request_are_refused(aws: Any) -> None:
    """A length that is no number gives a 400 and an end, not a wait."""
    for length in (b"-1", b"x", b"1e9"):
        with socket.create_connection(("127.0.0.1", aws.server.port), timeout=5) as connection:
            head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length
            connection.sendall(head + b"\r\n\r\n")
            assert b" 400 " in connection.recv(100)


def test_expect_100_continue_is_answered_before_the_body(aws: Any) -> None:
    """boto3 waits for the interim answer."""
    with socket.create_connection(("127.0.0.1", aws.server.port), timeout=5) as connection:
        head = b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
        connection.sendall(head + b"Expect: 100-continue\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"x")
        assert connection.recv(100).startswith(b"HTTP/1.1 ")


def test_warm_latency(api: Any, record_property: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A warm request takes milliseconds; the median is reported, not judged."""
    times = []
    for _ in range(200):
        begin = time.perf_counter()
        assert api.call("/").status_code == 200
        times.append((time.perf_counter() - begin) * 1000)
    median = statistics.median(times)
    record_property("warm_median_ms", median)
    with capsys.disabled():
        print(f" [warm request: median {median:.1f} ms, p99 {sorted(times)[-3]:.1f} ms]", end="")
