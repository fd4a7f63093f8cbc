"""Every change to moto, in one list.

To add an operation, write a function in the module of its subject and name it here: on moto's own
classes it serves every client and protocol. A `…Response` reads the request and answers, a
`…Backend` or model holds the data.
"""

from __future__ import annotations

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

from tasktracker_ops.emulator.cloudwatch.alarms import Alarms
from tasktracker_ops.emulator.lambda_runtime.runtime import Runtime
from tasktracker_ops.emulator.mail.mailbox import Mailbox

from . import dynamodb
from .cloudwatch import alarm_operations
from .cloudwatch import api as metrics
from .gateway import operations as http_api
from .lambda_runtime import operations as functions
from .logs import api as logs
from .mail import subscriptions

_OTHER_DATA = "moto answers from other data than GetMetricData's"


@dataclass(frozen=True)
class Patch:
    """An attribute of a class of moto, what replaces it, and what moto does instead."""

    owner: Any
    attribute: str
    replacement: Any
    why: str


def install(*, runtime: Runtime, mailbox: Mailbox, alarms: Alarms, url: str) -> None:
    """Apply every patch; `url` is the emulator's own address, for links and API endpoints."""
    sender = subscriptions.Sender(mailbox, url)
    patches = [
        # every service
        Patch(BaseModel, "__new__", _new, "moto keeps all it ever made, for a page of its own"),
        # Lambda
        Patch(LambdaResponse, "invoke", functions.invoke_in(runtime), "moto needs Docker"),
        Patch(LambdaFunction, "invoke", functions.refuse_invocation, "moto needs Docker"),
        Patch(
            LambdaFunction,
            "update_function_code",
            functions.update_function_code,
            "moto ignores Architectures",
        ),
        Patch(LambdaStorage, "publish_version", functions.publish_version, "moto reuses numbers"),
        Patch(LambdaStorage, "del_function", functions.delete_function, "moto ignores aliases"),
        Patch(LambdaBackend, "create_alias", functions.create_alias, "moto ignores weights"),
        Patch(LambdaBackend, "update_alias", functions.update_alias, "moto ignores weights"),
        # API Gateway
        Patch(
            ApiGatewayV2Backend, "create_api", http_api.create_api_below(url), "moto names AWS's"
        ),
        Patch(ApiGatewayV2Response, "update_stage", http_api.update_stage, "moto lacks it"),
        Patch(Route, "update", http_api.update_route, "moto keeps a route's last scope"),
        Patch(Api, "delete_authorizer", http_api.delete_authorizer, "moto ignores its routes"),
        # DynamoDB
        Patch(DynamoHandler, "call_action", dynamodb.call_action, "moto checks, then writes"),
        Patch(Table, "__deepcopy__", dynamodb.copy_table, "moto copies every item"),
        Patch(Table, "query", dynamodb.query, "moto sorts the whole table for a page"),
        Patch(DynamoDBBackend, "update_item", dynamodb.update_item, "moto changes shared items"),
        # S3
        Patch(FakeDeleteMarker, "dispose", _dispose, "moto cannot delete a delete marker"),
        # SNS
        Patch(SNSBackend, "subscribe", subscriptions.subscribe_through(sender), "moto calls out"),
        Patch(Subscription, "publish", subscriptions.publish_through(sender), "moto mails nobody"),
        Patch(Topic, "publish", subscriptions.publish, "moto keeps every message"),
        Patch(SNSResponse, "subscribe", subscriptions.answer_subscribe, "moto has none pending"),
        Patch(
            SNSResponse,
            "confirm_subscription",
            subscriptions.answer_confirm_subscription,
            "moto takes any token",
        ),
        Patch(
            SNSResponse,
            "list_subscriptions_by_topic",
            subscriptions.answer_list_subscriptions_by_topic,
            "moto has none pending",
        ),
        # CloudWatch
        Patch(CloudWatchResponse, "get_metric_data", metrics.get_metric_data, "moto lacks ours"),
        Patch(CloudWatchResponse, "put_metric_data", metrics.refuse_custom_metrics, _OTHER_DATA),
        Patch(
            CloudWatchResponse,
            "get_metric_statistics",
            metrics.refuse_for_get_metric_data,
            _OTHER_DATA,
        ),
        Patch(CloudWatchResponse, "list_metrics", metrics.refuse_for_get_metric_data, _OTHER_DATA),
        Patch(
            CloudWatchResponse,
            "describe_alarm_history",
            alarm_operations.describe_alarm_history(alarms),
            "moto lacks it",
        ),
        Patch(
            CloudWatchBackend,
            "put_metric_alarm",
            alarm_operations.put_metric_alarm(alarms),
            "moto evaluates no alarm",
        ),
        Patch(Alarm, "update_state", alarm_operations.update_state(alarms), "moto takes no action"),
        # CloudWatch Logs
        Patch(LogStream, "put_log_events", logs.put_log_events, "moto keeps every event"),
        Patch(LogsBackend, "__deepcopy__", logs.share, "moto copies all logs for each version"),
        Patch(LogsResponse, "filter_log_events", logs.filter_log_events, "moto lacks patterns"),
        Patch(
            LogsResponse, "put_subscription_filter", logs.refuse_subscription, "moto ignores them"
        ),
    ]
    for patch in patches:
        setattr(patch.owner, patch.attribute, patch.replacement)


def _new(kind: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
    return object.__new__(kind)


def _dispose(marker: FakeDeleteMarker) -> None:
    """Do nothing: only contents have to be disposed of."""
