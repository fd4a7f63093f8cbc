"""For each address of terraform/*.tf: its resource in AWS, its import id, and why it is ours.

A name alone proves nothing. Ours is what carries our tags or belongs to what does; a role and a
dashboard, whose names are unique across regions, must also be those of this region.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from tasktracker_ops.environments import Environment
from tasktracker_ops.models.adoption import AdoptableResource, HttpApi

from .apis import Apis
from .functions import ALIAS
from .session import AwsNotFound, AwsSession, aws_errors
from .tags import ResourceTags, foreign_resource
from .topics import Topics

_ADDRESS = re.compile(r"(?P<resource>[^\[]+)(?:\[(?P<key>.+)\])?")
_ROLE_POLICY = "tasks-and-logs"
_PERMISSION = "AllowApi"
_TOPIC_POLICY = "Alarms"

_Found = tuple[str, str]  # import id, why it is ours


class Inventory:
    """The resources of one deployment, found one by one; each is read at most once."""

    def __init__(
        self,
        session: AwsSession,
        environment: Environment,
        *,
        function: str,
        table: str,
        alert_email: str | None,
        described_api: str | None,
    ) -> None:
        """Find the function and the table by these names, and the subscription of `alert_email`.

        `described_api` is the id of the API in the deployment's description, if it has one.
        """
        self._session = session
        self._environment = environment
        self._function_name = function
        self._table = table
        self._alert_email = alert_email
        self._described_api = described_api
        self._tags = ResourceTags(session, environment)
        self._apis = Apis(session, environment)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the addresses to look at: those of the names, and of what the API has."""
        # A subscription ends with its topic, so it is not looked for.
        fixed = [address for address in _FINDERS if address not in {_AUTHORIZER, _SUBSCRIPTION}]
        keys = {route["RouteKey"] for route in self._routes}
        has_authorizer = any(route.get("AuthorizerId") for route in self._routes)
        authorizers = [f"{_AUTHORIZER}[0]"] if has_authorizer else []
        return (*fixed, *authorizers, *filter(None, map(_route_address, sorted(keys))))

    def find(self, address: str) -> AdoptableResource | None:
        """Return the resource of an address if it exists; None also for an unknown address.

        Raises TtOpsError `foreign-resource` for one of that name that is not ours.
        """
        parts = _ADDRESS.fullmatch(address)
        if parts is None:
            return None
        resource, key = parts["resource"], json.loads(parts["key"] or "null")
        if resource in _ROUTES:
            found = self._find_route(_ROUTES[resource].format(key))
        else:
            found = _FINDERS[resource](self) if resource in _FINDERS else None
        return AdoptableResource(address, *found) if found else None

    @cached_property
    def api(self) -> HttpApi | None:
        """Return the API of the deployment, of all with our tags."""
        return self._apis.choose(self._described_api)

    @cached_property
    def _routes(self) -> list[dict[str, Any]]:
        return self._apis.routes(self.api.id) if self.api else []

    @cached_property
    def _role(self) -> _Found | None:
        role = self._role_answer
        if role is None:
            return None
        name: str = role["RoleName"]
        tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        why = self._tags.require_ours("role", name, role["Arn"], tags)
        policy = json.dumps((self._role_policy or {}).get("PolicyDocument", {}))
        elsewhere = re.search(r"arn:[^:]+:dynamodb:([^:]+):", policy)
        if elsewhere and elsewhere[1] != self._region:
            if name != self._expected_role:
                return None
            raise foreign_resource(
                "role",
                name,
                f"it belongs to the deployment in {elsewhere[1]}",
                "choose another name: export TT_OPS_FUNCTION_NAME=NAME",
            )
        return name, why

    @cached_property
    def _role_answer(self) -> dict[str, Any] | None:
        """Return the role, which may still have the name from before it held the region."""
        names = dict.fromkeys([self._expected_role, self._function_name])
        answers = (self._read("iam", "get_role", RoleName=name) for name in names)
        return next((answer["Role"] for answer in answers if answer), None)

    @property
    def _expected_role(self) -> str:
        return self._environment.global_name(self._function_name, self._region)

    @cached_property
    def _role_policy(self) -> dict[str, Any] | None:
        role = self._role_answer
        return role and self._read(
            "iam", "get_role_policy", RoleName=role["RoleName"], PolicyName=_ROLE_POLICY
        )

    def _find_role_policy(self) -> _Found | None:
        if not (self._role and self._role_policy):
            return None
        return f"{self._role[0]}:{_ROLE_POLICY}", "it belongs to the role of the function"

    def _find_table(self) -> _Found | None:
        name = self._table
        table = self._read("dynamodb", "describe_table", TableName=name)
        if table is None:
            return None
        return name, self._tags.require_ours("table", name, table["Table"]["TableArn"])

    def _find_log_group(self, service: str) -> _Found | None:
        name = f"/aws/{service}/{self._function_name}"
        groups = self._read("logs", "describe_log_groups", logGroupNamePrefix=name)
        for group in groups["logGroups"] if groups else ():
            if group["logGroupName"] == name:
                arn = group["arn"].removesuffix(":*")
                return name, self._tags.require_ours("log group", name, arn)
        return None

    @cached_property
    def _function(self) -> _Found | None:
        name = self._function_name
        function = self._read("lambda", "get_function_configuration", FunctionName=name)
        if function is None:
            return None
        return name, self._tags.require_ours("function", name, function["FunctionArn"])

    def _find_alias(self) -> _Found | None:
        name = self._function_name
        if not self._function or not self._read(
            "lambda", "get_alias", FunctionName=name, Name=ALIAS
        ):
            return None
        return f"{name}/{ALIAS}", f"it belongs to the function {name!r}"

    def _find_permission(self) -> _Found | None:
        name = self._function_name
        answer = self._function and self._read(
            "lambda", "get_policy", FunctionName=name, Qualifier=ALIAS
        )
        statements = json.loads(answer["Policy"])["Statement"] if answer else ()
        if not any(statement.get("Sid") == _PERMISSION for statement in statements):
            return None
        return f"{name}:{ALIAS}/{_PERMISSION}", f"it belongs to the function {name!r}"

    def _find_api(self) -> _Found | None:
        if self.api is None:
            return None
        described = self.api.id == self._described_api
        why = "the deployment's description names it" if described else "it has our tags"
        return self.api.id, why

    def _find_integration(self) -> _Found | None:
        items = self._apis.integrations(self.api.id) if self.api else ()
        end = f":function:{self._function_name}:{ALIAS}/invocations"
        targets = {route.get("Target") for route in self._routes}
        found = [item for item in items if item.get("IntegrationUri", "").endswith(end)]
        # An integration whose creation got no answer was created again; routes use the second.
        found.sort(key=lambda item: f"integrations/{item['IntegrationId']}" not in targets)
        return self._in_api(item["IntegrationId"] for item in found)

    def _find_authorizer(self) -> _Found | None:
        items = self._apis.authorizers(self.api.id) if self.api else ()
        return self._in_api(item["AuthorizerId"] for item in items if item["Name"] == "jwt")

    def _find_stage(self) -> _Found | None:
        items = self._apis.stages(self.api.id) if self.api else ()
        names = [item["StageName"] for item in items]
        return self._in_api(name for name in names if name == "$default")

    def _find_route(self, route_key: str) -> _Found | None:
        routes = [route for route in self._routes if route["RouteKey"] == route_key]
        return self._in_api(route["RouteId"] for route in routes)

    def _in_api(self, ids: Iterable[str]) -> _Found | None:
        """Return the first of some parts of the API."""
        found = next(iter(ids), None)
        if self.api is None or found is None:
            return None
        return f"{self.api.id}/{found}", f"it belongs to the API {self.api.id!r}"

    def _find_dashboard(self) -> _Found | None:
        name = self._environment.dashboard(self._region)
        answer = self._read("cloudwatch", "get_dashboard", DashboardName=name)
        if answer is None:
            return None
        widgets = json.loads(answer["DashboardBody"]).get("widgets", [])
        shown = [widget.get("properties", {}) for widget in widgets]
        here = [each.get("metrics") for each in shown if each.get("region") == self._region]
        if f'"{self._function_name}"' in json.dumps(here):
            return name, f"it shows the metrics of {self._function_name!r} in {self._region}"
        # Dashboards have no tags.
        raise foreign_resource(
            "dashboard",
            name,
            f"it shows no metric of the function {self._function_name!r} in {self._region}",
            f"look at it, and delete it: aws cloudwatch get-dashboard --dashboard-name {name}",
        )

    def _find_alarm(self, name: str) -> _Found | None:
        name = self._environment.alarm(name)
        answer = self._read("cloudwatch", "describe_alarms", AlarmNames=[name])
        alarms = answer["MetricAlarms"] if answer else ()
        if not alarms:
            return None
        return name, self._tags.require_ours("alarm", name, alarms[0]["AlarmArn"])

    @cached_property
    def _topic(self) -> _Found | None:
        if self._topic_attributes is None:
            return None
        arn = self._topic_arn
        return arn, self._tags.require_ours("topic", arn, arn)

    @cached_property
    def _topic_attributes(self) -> dict[str, Any] | None:
        answer = self._read("sns", "get_topic_attributes", TopicArn=self._topic_arn)
        return answer["Attributes"] if answer else None

    @property
    def _topic_arn(self) -> str:
        return f"{self._arn('sns')}:{self._environment.topic}"

    def _find_topic_policy(self) -> _Found | None:
        policy = (self._topic_attributes or {}).get("Policy", "")
        # Every topic has a policy, and Terraform's replaces the one that AWS made.
        if not self._topic or f'"{_TOPIC_POLICY}"' not in policy:
            return None
        return self._topic[0], "it belongs to the topic"

    def _find_subscription(self) -> _Found | None:
        if not (self._topic and self._alert_email):
            return None
        address = ("email", self._alert_email)
        for each in Topics(self._session).subscriptions(self._topic[0]):
            # One that is pending has no ARN and cannot be imported; to repeat it is harmless.
            if (each.protocol, each.endpoint) == address and each.arn:
                return each.arn, "it belongs to the topic"
        return None

    def _find_description(self) -> _Found | None:
        name = self._environment.deployment_parameter
        if not self._read("ssm", "get_parameter", Name=name):
            return None
        arn = f"{self._arn('ssm')}:parameter{name}"
        return name, self._tags.require_ours("parameter", name, arn)

    def _read(self, service: str, operation: str, **arguments: Any) -> dict[str, Any] | None:
        """Return AWS's answer; None where the thing does not exist."""
        words = operation.replace("_", " ").removeprefix("get ").removeprefix("describe ")
        names = ", ".join(map(repr, arguments.values()))
        call = getattr(self._session.client(service), operation)
        with suppress(AwsNotFound), aws_errors(f"looking for the {words} {names}"):
            answer: dict[str, Any] = call(**arguments)
            return answer
        return None

    @property
    def _region(self) -> str:
        return self._session.environment.region

    def _arn(self, service: str) -> str:
        partition = self._session.client(service).meta.partition
        return f"arn:{partition}:{service}:{self._region}:{self._session.account_id}"


_AUTHORIZER = "aws_apigatewayv2_authorizer.jwt"
_SUBSCRIPTION = "aws_sns_topic_subscription.email"
_FINDERS: Mapping[str, Callable[[Inventory], _Found | None]] = {
    "aws_iam_role.function": lambda inventory: inventory._role,
    "aws_iam_role_policy.function": Inventory._find_role_policy,
    "aws_dynamodb_table.tasks": Inventory._find_table,
    "aws_cloudwatch_log_group.function": lambda inventory: inventory._find_log_group("lambda"),
    "aws_cloudwatch_log_group.api": lambda inventory: inventory._find_log_group("apigateway"),
    "aws_lambda_function.tracker": lambda inventory: inventory._function,
    "aws_lambda_alias.live": Inventory._find_alias,
    "aws_lambda_permission.api": Inventory._find_permission,
    "aws_apigatewayv2_api.tracker": Inventory._find_api,
    "aws_apigatewayv2_integration.function": Inventory._find_integration,
    _AUTHORIZER: Inventory._find_authorizer,
    "aws_apigatewayv2_stage.default": Inventory._find_stage,
    "aws_cloudwatch_dashboard.tracker": Inventory._find_dashboard,
    "aws_cloudwatch_metric_alarm.errors": lambda inventory: inventory._find_alarm(
        "LambdaErrorAlarm"
    ),
    "aws_cloudwatch_metric_alarm.duration": lambda inventory: inventory._find_alarm(
        "LambdaDurationAlarm"
    ),
    "aws_sns_topic.alerts": lambda inventory: inventory._topic,
    "aws_sns_topic_policy.alerts": Inventory._find_topic_policy,
    _SUBSCRIPTION: Inventory._find_subscription,
    "aws_ssm_parameter.deployment": Inventory._find_description,
}
_ROUTE = "aws_apigatewayv2_route"
# By resource, the key of its route by the key of its for_each.
_ROUTES = {
    f"{_ROUTE}.default": "$default",
    f"{_ROUTE}.method": "{} /{{proxy+}}",
    f"{_ROUTE}.public": "{}",
    f"{_ROUTE}.drill": "ANY /{}",
}


def _route_address(route_key: str) -> str | None:
    method, _, path = route_key.partition(" ")
    if route_key == "$default":
        return f"{_ROUTE}.default"
    if path.startswith("/trigger-"):
        return f"{_ROUTE}.drill[{json.dumps(path[1:])}]"
    if path == "/health" or method == "OPTIONS":
        return f"{_ROUTE}.public[{json.dumps(route_key)}]"
    return f"{_ROUTE}.method[{json.dumps(method)}]" if path == "/{proxy+}" else None
