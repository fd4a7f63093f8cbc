"""Browsers of the configured origins may call an HTTP API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

from typing import Any

CONFIGURATION = {
    "AllowOrigins": ["https://app.example"],
    "AllowMethods": ["GET", "PUT"],
    "AllowHeaders": ["content-type"],
    "ExposeHeaders": ["location"],
    "MaxAge": 60,
}
ASK = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}
ALLOWED = {
    "access-control-allow-origin": "https://app.example",
    "access-control-allow-methods": "GET,PUT",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "60",
}


def cors_headers(response: Any) -> dict[str, str]:
    """Return the CORS headers of a response."""
    names = [name for name in response.headers if name.lower().startswith("access-control-")]
    return {name.lower(): response.headers[name] for name in names}


def test_the_gateway_answers_preflights_without_a_route(aws: Any, function: Any) -> None:
    """Routes of other methods make no difference, whatever their authorization."""
    api = aws.api(function, "PUT /tasks", auth="AWS_IAM", CorsConfiguration=CONFIGURATION)
    answer = api.call("/tasks", "OPTIONS", headers=ASK)
    assert (answer.status_code, answer.content) == (204, b"")
    assert cors_headers(answer) == ALLOWED
    refused = api.call("/tasks", "OPTIONS", headers={**ASK, "Origin": "https://evil.example"})
    assert cors_headers(refused) == {}


def test_a_route_for_options_receives_preflights(aws: Any, function: Any) -> None:
    """`$default` does: its function answers, and the gateway adds the headers."""
    api = aws.api(function, CorsConfiguration=CONFIGURATION)
    answer = api.call("/tasks", "OPTIONS", headers=ASK)
    assert (answer.status_code, answer.json()["routeKey"]) == (200, "$default")
    assert cors_headers(answer) == ALLOWED


def test_an_authorizer_checks_preflights_of_its_route(aws: Any, function: Any) -> None:
    """A browser signs no preflight, so a protected `$default` needs an open route beside it."""
    api = aws.api(function, auth="AWS_IAM", CorsConfiguration=CONFIGURATION)
    assert api.call("/tasks", "OPTIONS", headers=ASK).status_code == 403
    aws.client("apigatewayv2").create_route(
        ApiId=api.id,
        RouteKey="OPTIONS /{proxy+}",
        Target=f"integrations/{api.integration_id}",
    )
    answer = api.call("/tasks", "OPTIONS", headers=ASK)
    assert (answer.status_code, cors_headers(answer)) == (200, ALLOWED)


def test_the_functions_own_headers_are_replaced(aws: Any, function: Any) -> None:
    """The configuration alone counts, for the gateway's own refusals too."""
    api = aws.api(function, CorsConfiguration=CONFIGURATION)
    origin = {"Origin": "https://app.example"}
    own = {"statusCode": 200, "headers": {"access-control-allow-origin": "*"}}
    expected = {
        "access-control-allow-origin": "https://app.example",
        "access-control-expose-headers": "location",
    }
    assert cors_headers(api.call("/answer", "POST", json=own, headers=origin)) == expected
    assert cors_headers(api.call("/raise", headers=origin)) == expected


def test_every_origin_may_be_allowed(aws: Any, function: Any) -> None:
    """The answer to `*` is `*`, since no credentials are sent."""
    api = aws.api(function, CorsConfiguration={"AllowOrigins": ["*"]})
    answer = api.call("/", headers={"Origin": "https://anywhere.example"})
    assert cors_headers(answer) == {"access-control-allow-origin": "*"}
