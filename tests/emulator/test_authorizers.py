"""JWT authorizers and the routes that name them, as Terraform changes and removes them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def api(aws: Any, function: Any) -> Any:
    """An API with one route behind an authorizer."""
    authorizer = {"Issuer": "https://id.example.com", "Audience": ["tasks"]}
    return aws.api(function, "GET /tasks for tasks:read", auth="JWT", authorizer=authorizer)


@pytest.fixture
def route(api: Any) -> Any:
    """The route."""
    (found,) = api.aws.client("apigatewayv2").get_routes(ApiId=api.id)["Items"]
    return found


def test_a_route_may_lose_its_last_scope(api: Any, route: Any) -> None:
    """UpdateRoute takes an empty list for what it is."""
    gateway = api.aws.client("apigatewayv2")
    changed = gateway.update_route(ApiId=api.id, RouteId=route["RouteId"], AuthorizationScopes=[])
    assert changed["AuthorizationScopes"] == []


def test_an_authorizer_goes_after_the_last_route_that_names_it(api: Any, route: Any) -> None:
    """DeleteAuthorizer before that is a conflict."""
    gateway = api.aws.client("apigatewayv2")
    name = {"ApiId": api.id, "AuthorizerId": route["AuthorizerId"]}
    with pytest.raises(ClientError) as caught:
        gateway.delete_authorizer(**name)
    assert caught.value.response["Error"] == {
        "Code": "ConflictException",
        "Message": "Cannot delete authorizer 'jwt', is referenced in route: GET /tasks",
    }
    gateway.update_route(
        ApiId=api.id, RouteId=route["RouteId"], AuthorizationType="NONE", AuthorizerId=""
    )
    gateway.delete_authorizer(**name)
    with pytest.raises(ClientError, match="NotFoundException"):
        gateway.get_authorizer(**name)
