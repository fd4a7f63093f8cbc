"""Route selection, by the example in API Gateway's documentation and at its edges."""

from __future__ import annotations

import pytest

from tasktracker_ops.emulator.gateway.routes import Match, select

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
DOCUMENTED = [
    "GET /pets/dog/1",
    "GET /pets/dog/{id}",
    "GET /pets/{proxy+}",
    "ANY /{proxy+}",
    "$default",
]


@pytest.mark.parametrize(
    ("method", "path", "route_key", "parameters"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("GET", "/pets/", "ANY /{proxy+}", {"proxy": "pets/"}),
        ("GET", "/", "$default", {}),
    ],
)
def test_the_documented_example_selects_its_routes(
    method: str, path: str, route_key: str, parameters: dict[str, str]
) -> None:
    """The most specific route wins, in the order the documentation gives."""
    assert select(DOCUMENTED, method, path) == Match(route_key, parameters)


@pytest.mark.parametrize(
    ("route_keys", "method", "path", "expected"),
    [
        (["ANY /tasks", "GET /tasks"], "GET", "/tasks", "GET /tasks"),
        (["ANY /tasks", "GET /tasks"], "PUT", "/tasks", "ANY /tasks"),
        (["GET /tasks"], "GET", "/tasks/", None),
        (["GET /tasks/{id}"], "GET", "/tasks/", None),
        (["GET /tasks/{id}"], "GET", "/tasks/1/2", None),
        (["GET /tasks"], "POST", "/tasks", None),
        (["GET /tasks"], "GET", "/TASKS", None),
        (["ANY /trigger-error", "$default"], "GET", "/trigger-error/", "$default"),
        (["ANY /trigger-error", "$default"], "GET", "//trigger-error", "$default"),
        (["ANY /a/{x}", "ANY /{y}/b"], "GET", "/a/b", "ANY /a/{x}"),
    ],
)
def test_a_path_matches_whole_segments(
    route_keys: list[str], method: str, path: str, expected: str | None
) -> None:
    """It matches segment by segment, exactly, or not at all."""
    match = select(route_keys, method, path)
    assert (match and match.route_key) == expected
