"""Every change to moto, in one list.

To add an operation, write a function in `operations.py` of its service and add a `Patch` to the
list; on moto's own classes it serves every client and protocol. A `…Response` reads the request
and answers, a `…Backend` or a model holds the data. To refuse an operation that moto answers
wrongly, use `_refuse(reason)`; what neither has is refused without a patch (`control_plane`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

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
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from tasktracker_ops.emulator.cloudwatch.alarms import Alarms
from tasktracker_ops.emulator.lambda_runtime.runtime import Runtime
from tasktracker_ops.emulator.mail.mailbox import Mailbox

from . import dynamodb
from .cloudwatch import operations as cloudwatch
from .gateway import operations as http_api
from .lambda_runtime import operations as functions
from .logs import operations as logs
from .mail import operations as sns


@dataclass(frozen=True)
class Patch:
    """An attribute of a class of moto, its replacement, and what is wrong with moto's own."""

    owner: Any
    attribute: str
    replacement: Any
    why: str


def install(*, runtime: Runtime, mailbox: Mailbox, alarms: Alarms, url: str) -> None:
    """Apply every patch; `url` is the emulator's own address, for links and API endpoints."""
    for patch in _patches(runtime, sns.Sender(mailbox, url), alarms, url):
        setattr(patch.owner, patch.attribute, patch.replacement)


def _patches(runtime: Runtime, sender: sns.Sender, alarms: Alarms, url: str) -> list[Patch]:
    return [
        # every service
        Patch(BaseModel, "__new__", _new, "keeps every object in memory for good"),
        # Lambda
        Patch(LambdaResponse, "invoke", functions.invoke_in(runtime), "needs Docker"),
        Patch(
            LambdaFunction,
            "update_function_code",
            functions.update_function_code,
            "ignores Architectures",
        ),
        Patch(
            LambdaStorage,
            "publish_version",
            functions.publish_version,
            "gives the number of a deleted version again",
        ),
        Patch(
            LambdaStorage,
            "del_function",
            functions.delete_function,
            "deletes versions that an alias points to",
        ),
        Patch(LambdaBackend, "create_alias", functions.create_alias, "ignores weights silently"),
        Patch(LambdaBackend, "update_alias", functions.update_alias, "ignores weights silently"),
        # API Gateway
        Patch(
            ApiGatewayV2Backend,
            "create_api",
            http_api.create_api_below(url),
            "names an endpoint at amazonaws.com",
        ),
        Patch(ApiGatewayV2Response, "update_stage", http_api.update_stage, "is not implemented"),
        Patch(Route, "update", http_api.update_route, "never removes the last scope"),
        Patch(
            Api,
            "delete_authorizer",
            http_api.delete_authorizer,
            "deletes authorizers that routes refer to",
        ),
        # DynamoDB
        Patch(
            DynamoHandler,
            "call_action",
            dynamodb.call_action,
            "lets two requests pass the same condition",
        ),
        Patch(Table, "__deepcopy__", dynamodb.copy_table, "copies every item per transaction"),
        Patch(Table, "query", dynamodb.query, "sorts the whole table for each page"),
        Patch(
            DynamoDBBackend,
            "update_item",
            dynamodb.update_item,
            "changes items in place, which copies of a table share",
        ),
        # SNS
        Patch(SNSBackend, "subscribe", sns.subscribe_with(sender), "confirms every address"),
        Patch(Subscription, "publish", sns.publish_with(sender), "sends no e-mail"),
        Patch(
            SNSResponse,
            "list_subscriptions_by_topic",
            sns.list_subscriptions_by_topic,
            "shows the ARN of pending subscriptions",
        ),
        Patch(
            SNSResponse,
            "confirm_subscription",
            _refuse("open the link in the mail: tt-ops local confirm"),
            "answers and confirms nothing",
        ),
        # CloudWatch
        Patch(
            CloudWatchResponse,
            "get_metric_data",
            cloudwatch.get_metric_data,
            "has no metrics of functions and APIs, and no percentiles",
        ),
        Patch(
            CloudWatchResponse,
            "put_metric_data",
            _refuse("there are metrics of functions and HTTP APIs only"),
            "stores what GetMetricData does not read",
        ),
        Patch(
            CloudWatchResponse,
            "get_metric_statistics",
            _refuse("use GetMetricData"),
            "answers from another store than GetMetricData",
        ),
        Patch(
            CloudWatchResponse,
            "list_metrics",
            _refuse("use GetMetricData"),
            "answers from another store than GetMetricData",
        ),
        Patch(
            CloudWatchResponse,
            "describe_alarm_history",
            cloudwatch.describe_alarm_history_of(alarms),
            "is not implemented",
        ),
        Patch(
            CloudWatchBackend,
            "put_metric_alarm",
            cloudwatch.put_metric_alarm_in(alarms),
            "evaluates no alarm",
        ),
        Patch(Alarm, "update_state", cloudwatch.set_alarm_state_in(alarms), "runs no actions"),
        # CloudWatch Logs
        Patch(LogStream, "put_log_events", logs.put_log_events, "keeps every event"),
        Patch(LogsBackend, "__deepcopy__", logs.share, "copies all logs for each version"),
        Patch(LogsResponse, "filter_log_events", logs.filter_log_events, "lacks filter patterns"),
        Patch(
            LogsResponse,
            "put_subscription_filter",
            _refuse("log events are delivered nowhere"),
            "delivers through Docker or not at all",
        ),
    ]


def _new(kind: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
    return object.__new__(kind)


def _refuse(reason: str) -> Callable[..., NoReturn]:
    """Return an operation that answers NotImplemented for `reason`."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError(reason)

    return refuse
