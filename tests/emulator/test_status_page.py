"""The page for people, and who may see it."""

from __future__ import annotations

import re
from typing import Any

import requests


def _page(aws: Any) -> str:
    response = requests.get(f"{aws.server.url}/_tt-ops/", timeout=10)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    return response.text


def test_the_page_lists_what_is_deployed(aws: Any, api: Any) -> None:
    """It also says that it is an emulation."""
    table = aws.client("dynamodb")
    table.create_table(
        TableName="shown",
        KeySchema=[{"AttributeName": "task_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "task_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for number in range(3):
        table.put_item(TableName="shown", Item={"task_id": {"S": str(number)}})
    topic = aws.client("sns").create_topic(Name="alerts")["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="me@example.com")
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="TooManyErrors",
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    aws.client("s3").create_bucket(
        Bucket="shown", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
    )
    api.call("/")
    page = _page(aws)
    assert "This is an emulation." in page
    assert api.url in page
    assert "live \u2192 1" in page
    assert re.search(r"<td>shown</td><td>eu-west-3</td><td>3</td>", page)
    assert "email: me@example.com" in page
    assert "TooManyErrors" in page
    assert "START RequestId" in page


def test_the_page_loads_nothing(aws: Any) -> None:
    """It has no link, script or picture."""
    assert not re.search(r"<(script|link|img|iframe)|\bsrc=|\bhref=|url\(|@import", _page(aws))


def test_markup_in_a_log_line_is_escaped(aws: Any, function: Any) -> None:
    """It is shown, not run."""
    function.do("say", text="<script>alert(1)</script><img src=x onerror=alert(1)>")
    page = _page(aws)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page
