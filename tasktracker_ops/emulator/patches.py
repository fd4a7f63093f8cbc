"""Every change to moto, in one list.

To add an operation, write a function in `operations.py` of its service and add a line to the list;
on moto's own classes it serves every client and protocol. `partialmethod` gives it a part of the
emulator, after its own object. A `…Response` reads the request and answers, a `…Backend` or a model
holds the data. To refuse an operation that moto answers wrongly, use `_refuse(reason)`; what moto
does not have is refused without a line (`control_plane.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partialmethod
from typing import Any, NoReturn

from moto.apigatewayv2.models import Api, ApiGatewayV2Backend, Route
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage
from moto.awslambda.responses import LambdaResponse
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.common_models import BaseModel
from moto.core.parse import BaseJSONParser
from moto.core.responses import BaseResponse
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.logs.models import LogsBackend, LogStream
from moto.logs.responses import LogsResponse
from moto.s3.responses import S3Response
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from tasktracker_ops.emulator.cloudwatch.alarms import AlarmEvaluator
from tasktracker_ops.emulator.lambda_runtime.runtime import Runtime
from tasktracker_ops.emulator.mail.mailbox import Mailbox

from . import (
    dynamodb,
    dynamodb_requests,
    s3,
    serialization,
    systems_manager,
    table_history,
    table_index,
)
from .cloudwatch import operations as cloudwatch
from .gateway import operations as http_api
from .lambda_runtime import operations as functions
from .logs import operations as logs
from .mail import operations as sns


def install(*, runtime: Runtime, mailbox: Mailbox, alarms: AlarmEvaluator, url: str) -> None:
    """Apply every patch; `url` is the emulator's own address, for links and API endpoints."""
    systems_manager.import_without_ec2()  # which takes a second and a half
    patches = _patches(runtime, sns.Sender(mailbox, url), alarms, url)
    for owner, replacements in patches.items():
        for attribute, replacement in replacements.items():
            setattr(owner, attribute, replacement)


def _patches(
    runtime: Runtime, sender: sns.Sender, alarms: AlarmEvaluator, url: str
) -> dict[type, dict[str, Any]]:
    """Return the replacements by moto's classes; each comment is what moto's own does."""
    return {
        BaseModel: {
            "__new__": _new,  # keeps every object in memory for good
        },
        BaseResponse: {
            # takes longer than many an operation
            "_enrich_response": staticmethod(serialization.enrich_response),
        },
        BaseJSONParser: {
            # looks for each kind of content in each attribute of DynamoDB
            "_parse_structure": dynamodb_requests.parse_structure,
        },
        BaseJSONSerializer: {
            # these two look for each attribute of DynamoDB under dozens of names
            "_serialize_type_structure": serialization.serialize_structure,
            "_serialize_type_map": serialization.serialize_map,
        },
        LambdaResponse: {
            "invoke": partialmethod(functions.invoke, runtime),  # needs Docker
            "publish_version": functions.publish_version,  # ignores CodeSha256 and RevisionId
            # these two accept any weights and revision
            "create_alias": functions.create_alias,
            "update_alias": functions.update_alias,
        },
        LambdaFunction: {
            "get_configuration": functions.get_configuration,  # has no states and revisions
            "get_code": partialmethod(functions.get_code, url),  # names an address of AWS, or none
        },
        LambdaStorage: {
            "put_function": functions.put_function,  # has no states
            "publish_version": functions.keep_version,  # reuses numbers of deleted versions
            "del_function": functions.delete_function,  # deletes versions that aliases lead to
        },
        LambdaBackend: {
            # these two ignore revisions, and the first one Architectures
            "update_function_code": partialmethod(functions.update_function_code, runtime),
            "update_function_configuration": functions.update_function_configuration,
        },
        ApiGatewayV2Backend: {
            "create_api": partialmethod(
                http_api.create_api, url
            ),  # names an endpoint at amazonaws.com
        },
        ApiGatewayV2Response: {
            # these two are not implemented
            "get_authorizers": http_api.get_authorizers,
            "update_stage": http_api.update_stage,
        },
        Route: {
            "update": http_api.update_route,  # never removes the last scope
        },
        Api: {
            "delete_authorizer": http_api.delete_authorizer,  # deletes it under its routes
        },
        ConditionExpressionParser: {
            "parse": dynamodb_requests.parse_condition,  # parses each condition twice
        },
        DynamoHandler: {
            "call_action": dynamodb.call_action,  # lets two requests pass one condition
            # restores what the table holds now
            "restore_table_to_point_in_time": table_history.restore_table_to_point_in_time,
        },
        Table: {
            "__deepcopy__": dynamodb.copy_table,  # copies every item for each transaction
            "query": dynamodb.query,  # sorts the whole table for each page
            "scan": dynamodb.scan,  # leaves out items between pages
            # these two keep no index
            "put_item": table_index.put_item,
            "delete_item": table_index.delete_item,
        },
        DynamoDBBackend: {
            "update_item": dynamodb.update_item,  # changes items that copies of a table share
            # these two keep no history
            "update_continuous_backups": table_history.update_continuous_backups,
            "describe_continuous_backups": table_history.describe_continuous_backups,
            "delete_table": table_history.delete_table,  # knows no table that is being restored
        },
        S3Response: {
            # let two requests pass one condition
            "put_object": s3.put_object,
            "delete_object": s3.delete_object,
        },
        SNSBackend: {
            "subscribe": partialmethod(sns.subscribe, sender),  # confirms every address
        },
        Subscription: {
            "publish": partialmethod(sns.publish, sender),  # sends no e-mail
        },
        SNSResponse: {
            # shows the ARN of pending subscriptions
            "list_subscriptions_by_topic": sns.list_subscriptions_by_topic,
            # answers, and confirms nothing
            "confirm_subscription": _refuse("open the link in the mail: tt-ops local confirm"),
        },
        CloudWatchResponse: {
            "get_metric_data": cloudwatch.get_metric_data,  # has no metrics of ours
            # these three use a store that GetMetricData does not read
            "put_metric_data": _refuse("there are metrics of functions and HTTP APIs only"),
            "get_metric_statistics": _refuse("use GetMetricData"),
            "list_metrics": _refuse("use GetMetricData"),
            # these are not implemented
            "describe_alarm_history": partialmethod(cloudwatch.describe_alarm_history, alarms),
            "put_alarm_mute_rule": partialmethod(cloudwatch.put_alarm_mute_rule, alarms),
            "list_alarm_mute_rules": partialmethod(cloudwatch.list_alarm_mute_rules, alarms),
            "get_alarm_mute_rule": partialmethod(cloudwatch.get_alarm_mute_rule, alarms),
            "delete_alarm_mute_rule": partialmethod(cloudwatch.delete_alarm_mute_rule, alarms),
        },
        CloudWatchBackend: {
            "put_metric_alarm": partialmethod(
                cloudwatch.put_metric_alarm, alarms
            ),  # evaluates no alarm
        },
        Alarm: {
            "update_state": partialmethod(cloudwatch.set_alarm_state, alarms),  # runs no actions
        },
        LogStream: {
            "put_log_events": logs.put_log_events,  # keeps every event
        },
        LogsBackend: {
            "__deepcopy__": logs.share,  # is copied with each function
        },
        LogsResponse: {
            "filter_log_events": logs.filter_log_events,  # lacks filter patterns
            "put_subscription_filter": _refuse("log events are delivered nowhere"),  # needs Docker
        },
    }


def _new(kind: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
    return object.__new__(kind)


def _refuse(reason: str) -> Callable[..., NoReturn]:
    """Return an operation that answers NotImplemented for `reason`."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError(reason)

    return refuse
