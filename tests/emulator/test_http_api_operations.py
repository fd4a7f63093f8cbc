"""UpdateStage changes what it names, and the gateway goes by it at once."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

STAGE = "$default"


def test_new_limits_hold_at_once(aws: Any, function: Any) -> None:
    """A stage that turned requests away admits them as soon as its limits are raised."""
    few = {"ThrottlingRateLimit": 0.01, "ThrottlingBurstLimit": 1}
    api = aws.api(function, stage={"DefaultRouteSettings": few})
    assert [api.call("/").status_code for _ in range(2)] == [200, 429]
    many = {"ThrottlingRateLimit": 0.02, "ThrottlingBurstLimit": 3}
    aws.client("apigatewayv2").update_stage(
        ApiId=api.id, StageName=STAGE, DefaultRouteSettings=many
    )
    assert [api.call("/").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_the_rest_of_a_stage_stays(aws: Any, function: Any) -> None:
    """What an update does not name is as it was, and the answer is the stage."""
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


def test_routes_and_variables_are_changed_one_by_one(aws: Any, function: Any) -> None:
    """Other routes and variables stay; a variable goes by the empty value."""
    one, other = {"ThrottlingBurstLimit": 1}, {"ThrottlingBurstLimit": 2}
    settings = {"RouteSettings": {"GET /a": one}, "StageVariables": {"kept": "1", "gone": "2"}}
    api = aws.api(function, stage=settings)
    stage = aws.client("apigatewayv2").update_stage(
        ApiId=api.id,
        StageName=STAGE,
        RouteSettings={"GET /b": other},
        StageVariables={"gone": "", "new": "3"},
    )
    assert stage["RouteSettings"] == {"GET /a": one, "GET /b": other}
    assert stage["StageVariables"] == {"kept": "1", "new": "3"}
    assert api.call("/").json()["stageVariables"] == {"kept": "1", "new": "3"}


def test_no_such_stage(aws: Any, api: Any) -> None:
    """It is not found."""
    with pytest.raises(ClientError) as caught:
        aws.client("apigatewayv2").update_stage(ApiId=api.id, StageName="missing")
    assert caught.value.response["Error"]["Code"] == "NotFoundException"
