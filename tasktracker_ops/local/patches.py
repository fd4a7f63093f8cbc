"""Every change to moto, in one list.

To add an operation, write a function that takes the place of one of moto's in the module of its
subject, and name it here. moto's own attributes then serve every client and protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.apigatewayv2.models import Api, ApiGatewayV2Backend, Route
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage
from moto.awslambda.responses import LambdaResponse
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.common_models import BaseModel
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.logs.models import LogsBackend, LogStream
from moto.logs.responses import LogsResponse
from moto.s3.models import FakeDeleteMarker
from moto.sns.models import SNSBackend, Subscription, Topic
from moto.sns.responses import SNSResponse

from tasktracker_ops.local import dynamodb
from tasktracker_ops.local.cloudwatch import alarm_operations
from tasktracker_ops.local.cloudwatch import api as cloudwatch_metrics
from tasktracker_ops.local.cloudwatch.alarms import Alarms
from tasktracker_ops.local.cloudwatch_logs import api as cloudwatch_logs
from tasktracker_ops.local.http_api import operations as http_api
from tasktracker_ops.local.lambda_runtime import operations as functions
from tasktracker_ops.local.lambda_runtime.runtime import Runtime
from tasktracker_ops.local.mail import subscriptions
from tasktracker_ops.local.mail.mailbox import Mailbox


@dataclass(frozen=True)
class Patch:
    """An attribute of one of moto's objects, what it becomes, and why."""

    owner: Any
    attribute: str
    replacement: Any
    why: str


def install(*, runtime: Runtime, mailbox: Mailbox, alarms: Alarms, url: str) -> None:
    """Apply every patch; `url` is the emulator's own address, for links and API endpoints."""
    for patch in _patches(runtime, mailbox, alarms, url):
        setattr(patch.owner, patch.attribute, patch.replacement)


def _patches(runtime: Runtime, mailbox: Mailbox, alarms: Alarms, url: str) -> list[Patch]:
    return [
        Patch(BaseModel, "__new__", _new, "moto keeps all it ever made, for a page of its own"),
        Patch(FakeDeleteMarker, "dispose", _dispose, "deleting a delete marker fails"),
        *_lambda(runtime),
        *_api_gateway(url),
        *_dynamodb(),
        *_sns(subscriptions.Sender(mailbox, url)),
        *_cloudwatch(alarms),
        *_cloudwatch_logs(),
    ]


def _lambda(runtime: Runtime) -> Iterator[Patch]:
    yield Patch(LambdaResponse, "invoke", functions.invoke_in(runtime), "moto needs Docker")
    yield Patch(LambdaFunction, "invoke", functions.refuse_invocation, "moto needs Docker")
    yield Patch(
        LambdaFunction,
        "update_function_code",
        functions.update_function_code,
        "moto ignores Architectures",
    )
    yield Patch(
        LambdaStorage, "publish_version", functions.publish_version, "moto gives numbers again"
    )
    yield Patch(
        LambdaStorage,
        "del_function",
        functions.delete_function,
        "moto deletes versions behind aliases",
    )
    yield Patch(LambdaBackend, "create_alias", functions.create_alias, "moto ignores weights")
    yield Patch(LambdaBackend, "update_alias", functions.update_alias, "moto ignores weights")


def _api_gateway(url: str) -> Iterator[Patch]:
    yield Patch(
        ApiGatewayV2Backend,
        "create_api",
        http_api.create_api_below(url),
        "moto's endpoint is one of AWS",
    )
    yield Patch(
        ApiGatewayV2Response, "update_stage", http_api.update_stage, "moto has no UpdateStage"
    )
    yield Patch(Route, "update", http_api.update_route, "moto keeps a route's last scope")
    yield Patch(
        Api,
        "delete_authorizer",
        http_api.delete_authorizer,
        "moto deletes authorizers that routes still name",
    )


def _dynamodb() -> Iterator[Patch]:
    yield Patch(
        DynamoHandler,
        "call_action",
        dynamodb.call_action,
        "moto checks a condition and writes in two steps",
    )
    yield Patch(Table, "__deepcopy__", dynamodb.copy_table, "a transaction copies every item")
    yield Patch(Table, "query", dynamodb.query, "a page of an index sorts the whole table")
    yield Patch(
        DynamoDBBackend, "update_item", dynamodb.update_item, "moto changes items that copies share"
    )


def _sns(sender: subscriptions.Sender) -> Iterator[Patch]:
    yield Patch(
        SNSBackend,
        "subscribe",
        subscriptions.subscribe_through(sender),
        "moto confirms addresses by itself, and calls HTTP endpoints",
    )
    yield Patch(Subscription, "publish", subscriptions.publish_through(sender), "moto mails nobody")
    yield Patch(Topic, "publish", subscriptions.publish, "moto keeps every message")
    yield Patch(
        SNSResponse, "subscribe", subscriptions.answer_subscribe, "moto knows no pending ones"
    )
    yield Patch(
        SNSResponse,
        "confirm_subscription",
        subscriptions.answer_confirm_subscription,
        "moto takes any token",
    )
    yield Patch(
        SNSResponse,
        "list_subscriptions_by_topic",
        subscriptions.answer_list_subscriptions_by_topic,
        "moto knows no pending ones",
    )


def _cloudwatch(alarms: Alarms) -> Iterator[Patch]:
    metrics: Any = CloudWatchResponse
    yield Patch(
        metrics,
        "get_metric_data",
        cloudwatch_metrics.get_metric_data,
        "moto has no percentiles, and no metrics of functions and APIs",
    )
    other_data = "moto would answer from other data than GetMetricData's"
    yield Patch(metrics, "put_metric_data", cloudwatch_metrics.refuse_custom_metrics, other_data)
    for operation in ("get_metric_statistics", "list_metrics"):
        yield Patch(metrics, operation, cloudwatch_metrics.refuse_for_get_metric_data, other_data)
    yield Patch(
        CloudWatchBackend,
        "put_metric_alarm",
        alarm_operations.put_metric_alarm(alarms),
        "moto evaluates no alarm",
    )
    yield Patch(
        Alarm, "update_state", alarm_operations.update_state(alarms), "moto carries out no action"
    )
    yield Patch(
        metrics,
        "describe_alarm_history",
        alarm_operations.describe_alarm_history(alarms),
        "moto has no DescribeAlarmHistory",
    )


def _cloudwatch_logs() -> Iterator[Patch]:
    yield Patch(
        LogStream,
        "put_log_events",
        cloudwatch_logs.put_log_events,
        "moto keeps every event, and searches them one by one",
    )
    yield Patch(
        LogsBackend, "__deepcopy__", cloudwatch_logs.share, "moto copies all logs per version"
    )
    yield Patch(
        LogsResponse,
        "filter_log_events",
        cloudwatch_logs.filter_log_events,
        "moto has no filter patterns of JSON",
    )
    yield Patch(
        LogsResponse,
        "put_subscription_filter",
        cloudwatch_logs.refuse_subscription,
        "moto would deliver to nothing",
    )


def _new(kind: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
    return object.__new__(kind)


def _dispose(marker: FakeDeleteMarker) -> None:
    """Do nothing: only contents have to be disposed of."""
