"""UpdateStage changes what it names, and the gateway goes by it at once."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

STAGE = "$default"


def test_requests_beyond_the_limits_are_refused_until_they_are_raised(
    aws: Any, function: Any
) -> None:
    """New limits apply at once."""
    few = {"ThrottlingRateLimit": 0.01, "ThrottlingBurstLimit": 1}
    api = aws.api(function, stage={"DefaultRouteSettings": few})
    accepted, refused = api.call("/"), api.call("/")
    assert (accepted.status_code, refused.status_code) == (200, 429)
    assert refused.json() == {"message": "Too Many Requests"}
    many = {"ThrottlingRateLimit": 0.02, "ThrottlingBurstLimit": 3}
    aws.client("apigatewayv2").update_stage(
        ApiId=api.id, StageName=STAGE, DefaultRouteSettings=many
    )
    assert [api.call("/").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_update_stage_keeps_other_settings(aws: Any, function: Any) -> None:
    """Settings that an update does not have stay, and the answer is the stage."""
    log = {"DestinationArn": "arn:aws:logs:eu-west-3:123456789012:log-group:api", "Format": "$x"}
    api = aws.api(function, stage={"AccessLogSettings": log, "Description": "before"})
    gateway = aws.client("apigatewayv2")
    answer = gateway.update_stage(
        ApiId=api.id, StageName=STAGE, Description="after", AutoDeploy=False
    )
    stage = gateway.get_stage(ApiId=api.id, StageName=STAGE)
    for seen in (answer, stage):
        assert seen["AccessLogSettings"] == log
        assert (seen["Description"], seen["AutoDeploy"]) == ("after", False)
    assert stage["LastUpdatedDate"] >= stage["CreatedDate"]


def test_an_unknown_stage_is_not_found(aws: Any, api: Any) -> None:
    """UpdateStage answers NotFoundException."""
    with pytest.raises(ClientError) as caught:
        aws.client("apigatewayv2").update_stage(ApiId=api.id, StageName="missing")
    assert caught.value.response["Error"]["Code"] == "NotFoundException"


@pytest.fixture
def jwt_api(aws: Any, function: Any) -> Any:
    """An API with one route behind an authorizer."""
    authorizer = {"Issuer": "https://id.example.com", "Audience": ["tasks"]}
    return aws.api(function, "GET /tasks for tasks:read", auth="JWT", authorizer=authorizer)


@pytest.fixture
def route(jwt_api: Any) -> Any:
    """The route."""
    (found,) = jwt_api.aws.client("apigatewayv2").get_routes(ApiId=jwt_api.id)["Items"]
    return found


def test_update_route_removes_the_last_scope(jwt_api: Any, route: Any) -> None:
    """An empty list of scopes is kept."""
    gateway = jwt_api.aws.client("apigatewayv2")
    changed = gateway.update_route(
        ApiId=jwt_api.id, RouteId=route["RouteId"], AuthorizationScopes=[]
    )
    assert changed["AuthorizationScopes"] == []


def test_an_authorizer_in_use_is_not_deleted(jwt_api: Any, route: Any) -> None:
    """DeleteAuthorizer is a conflict until the last route that refers to it has changed."""
    gateway = jwt_api.aws.client("apigatewayv2")
    name = {"ApiId": jwt_api.id, "AuthorizerId": route["AuthorizerId"]}
    with pytest.raises(ClientError) as caught:
        gateway.delete_authorizer(**name)
    assert caught.value.response["Error"] == {
        "Code": "ConflictException",
        "Message": "Cannot delete authorizer 'jwt', is referenced in route: GET /tasks",
    }
    gateway.update_route(
        ApiId=jwt_api.id, RouteId=route["RouteId"], AuthorizationType="NONE", AuthorizerId=""
    )
    gateway.delete_authorizer(**name)
    with pytest.raises(ClientError, match="NotFoundException"):
        gateway.get_authorizer(**name)


def test_authorizers_are_listed(jwt_api: Any, route: Any) -> None:
    """GetAuthorizers returns those of the API."""
    (found,) = jwt_api.aws.client("apigatewayv2").get_authorizers(ApiId=jwt_api.id)["Items"]
    assert (found["AuthorizerId"], found["Name"]) == (route["AuthorizerId"], "jwt")
