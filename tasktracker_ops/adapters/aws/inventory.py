"""For each address of terraform/*.tf: its resource in AWS, its import id, and why it is ours.

A name alone proves nothing. Ours is what carries our tags or belongs to what does; a role and a
dashboard, whose names are unique across regions, must also be those of this region.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NoReturn

from tasktracker_ops.environments import Environment
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.frozen import dataclass
from tasktracker_ops.models.adoption import AdoptableResource, HttpApi

from .apis import Apis
from .functions import ALIAS
from .session import AwsNotFound, AwsSession, aws_errors
from .tags import ResourceTags, Tags

_ADDRESS = re.compile(r"(?P<resource>[^\[]+)(?:\[(?P<key>.+)\])?")
_ROLE_POLICY = "tasks-and-logs"
_PERMISSION = "AllowApi"
_TOPIC_POLICY = "Alarms"

_Found = tuple[str, str]  # import id, why it is ours


@dataclass(frozen=True, slots=True)
class ResourceNames:
    """The names of a deployment's resources that can be configured, and its address for alarms.

    Without `alert_email` no subscription is found.
    """

    function: str
    table: str
    alert_email: str | None = None


class Inventory:
    """The resources of one deployment, found one by one; each is read at most once."""

    def __init__(
        self,
        session: AwsSession,
        environment: Environment,
        names: ResourceNames,
        *,
        described_api: str | None,
    ) -> None:
        """`described_api` is the id of the API in the deployment's description, if it has one."""
        self._session = session
        self._environment = environment
        self._names = names
        self._described_api = described_api
        self._tags = ResourceTags(session, environment)
        self._apis = Apis(session, environment)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the addresses to look at: those of the names, and of what the API has."""
        # A subscription ends with its topic, so nobody looks for it.
        others = (_ROUTE, _AUTHORIZER, _SUBSCRIPTION)
        fixed = [address for address in _FINDERS if not address.startswith(others)]
        keys = {route["RouteKey"] for route in self._routes}
        has_authorizer = any(route.get("AuthorizerId") for route in self._routes)
        authorizers = [f"{_AUTHORIZER}[0]"] if has_authorizer else []
        return (*fixed, *authorizers, *filter(None, map(_route_address, sorted(keys))))

    def find(self, address: str) -> AdoptableResource | None:
        """Return the resource of an address if it exists; None also for an unknown address.

        Raises TtOpsError `foreign-resource` for one of that name that is not ours.
        """
        parts = _ADDRESS.fullmatch(address)
        if parts is None or parts["resource"] not in _FINDERS:
            return None
        find = _FINDERS[parts["resource"]]
        found = find(self, str(json.loads(parts["key"])) if parts["key"] else "")
        return AdoptableResource(address, *found) if found else None

    @cached_property
    def api(self) -> HttpApi | None:
        """Return the API of the deployment, of all with our tags.

        It is the one of the deployment's description, else one with routes, else the oldest.
        """
        apis = self._apis.ours()
        described = [api for api in apis if api.id == self._described_api]
        if described or len(apis) < 2:
            return next(iter((*described, *apis)), None)
        return next((api for api in apis if self._apis.routes(api.id)), apis[0])

    @cached_property
    def _routes(self) -> list[dict[str, Any]]:
        return self._apis.routes(self.api.id) if self.api else []

    @cached_property
    def _role(self) -> _Found | None:
        name = self._role_name
        role = self._read("iam", "get_role", RoleName=name)
        if role is None:
            return None
        tags = {tag["Key"]: tag["Value"] for tag in role["Role"].get("Tags", [])}
        command = f"aws iam tag-role --role-name {name} --tags {self._pairs}"
        why = self._require_ours("role", name, tags, command)
        policy = json.dumps((self._role_policy or {}).get("PolicyDocument", {}))
        elsewhere = re.search(r"arn:[^:]+:dynamodb:([^:]+):", policy)
        if elsewhere and elsewhere[1] != self._region:
            if name != self._expected_role:
                return None
            _refuse(
                "role",
                name,
                f"it belongs to the deployment in {elsewhere[1]}",
                "choose another name: export TT_OPS_FUNCTION_NAME=NAME",
            )
        return name, why

    @cached_property
    def _role_name(self) -> str:
        """Return the name of the role; one from before it held the region may exist."""
        before, now = self._names.function, self._expected_role
        if before == now or self._read("iam", "get_role", RoleName=now):
            return now
        return before if self._read("iam", "get_role", RoleName=before) else now

    @property
    def _expected_role(self) -> str:
        return self._environment.global_name(self._names.function, self._region)

    @cached_property
    def _role_policy(self) -> dict[str, Any] | None:
        return self._read(
            "iam", "get_role_policy", RoleName=self._role_name, PolicyName=_ROLE_POLICY
        )

    def _find_role(self, _key: str) -> _Found | None:
        return self._role

    def _find_role_policy(self, _key: str) -> _Found | None:
        if not (self._role and self._role_policy):
            return None
        return f"{self._role_name}:{_ROLE_POLICY}", "it belongs to the role of the function"

    def _find_table(self, _key: str) -> _Found | None:
        name = self._names.table
        table = self._read("dynamodb", "describe_table", TableName=name)
        if table is None:
            return None
        arn = table["Table"]["TableArn"]
        command = f"aws dynamodb tag-resource --resource-arn {arn} --tags {self._pairs}"
        return name, self._require_ours("table", name, self._tags.of(arn), command)

    def _find_log_group(self, service: str) -> _Found | None:
        name = f"/aws/{service}/{self._names.function}"
        groups = self._read("logs", "describe_log_groups", logGroupNamePrefix=name)
        for group in groups["logGroups"] if groups else ():
            if group["logGroupName"] == name:
                arn = group["arn"].removesuffix(":*")
                command = f"aws logs tag-resource --resource-arn {arn} --tags {self._map}"
                return name, self._require_ours("log group", name, self._tags.of(arn), command)
        return None

    @cached_property
    def _function(self) -> _Found | None:
        name = self._names.function
        function = self._read("lambda", "get_function_configuration", FunctionName=name)
        if function is None:
            return None
        arn = function["FunctionArn"]
        command = f"aws lambda tag-resource --resource {arn} --tags {self._map}"
        return name, self._require_ours("function", name, self._tags.of(arn), command)

    def _find_function(self, _key: str) -> _Found | None:
        return self._function

    def _find_alias(self, _key: str) -> _Found | None:
        name = self._names.function
        if not self._function or not self._read(
            "lambda", "get_alias", FunctionName=name, Name=ALIAS
        ):
            return None
        return f"{name}/{ALIAS}", f"it belongs to the function {name!r}"

    def _find_permission(self, _key: str) -> _Found | None:
        name = self._names.function
        answer = self._function and self._read(
            "lambda", "get_policy", FunctionName=name, Qualifier=ALIAS
        )
        statements = json.loads(answer["Policy"])["Statement"] if answer else ()
        if not any(statement.get("Sid") == _PERMISSION for statement in statements):
            return None
        return f"{name}:{ALIAS}/{_PERMISSION}", f"it belongs to the function {name!r}"

    def _find_api(self, _key: str) -> _Found | None:
        if self.api is None:
            return None
        described = self.api.id == self._described_api
        why = "the deployment's description names it" if described else "it has our tags"
        return self.api.id, why

    def _find_integration(self, _key: str) -> _Found | None:
        items = self._apis.integrations(self.api.id) if self.api else ()
        end = f":function:{self._names.function}:{ALIAS}/invocations"
        targets = {route.get("Target") for route in self._routes}
        found = [item for item in items if item.get("IntegrationUri", "").endswith(end)]
        # An integration whose creation got no answer was created again; routes use the second.
        found.sort(key=lambda item: f"integrations/{item['IntegrationId']}" not in targets)
        return self._in_api(found[0]["IntegrationId"]) if found else None

    def _find_authorizer(self, _key: str) -> _Found | None:
        items = self._apis.authorizers(self.api.id) if self.api else ()
        found = [item["AuthorizerId"] for item in items if item["Name"] == "jwt"]
        return self._in_api(found[0]) if found else None

    def _find_stage(self, _key: str) -> _Found | None:
        items = self._apis.stages(self.api.id) if self.api else ()
        return next(
            (self._in_api(i["StageName"]) for i in items if i["StageName"] == "$default"), None
        )

    def _find_route(self, route_key: str) -> _Found | None:
        found = [route["RouteId"] for route in self._routes if route["RouteKey"] == route_key]
        return self._in_api(found[0]) if found else None

    def _in_api(self, name: str) -> _Found:
        assert self.api is not None  # nosec B101 # for the type checker
        return f"{self.api.id}/{name}", f"it belongs to the API {self.api.id!r}"

    def _find_dashboard(self, _key: str) -> _Found | None:
        name = self._environment.dashboard(self._region)
        answer = self._read("cloudwatch", "get_dashboard", DashboardName=name)
        if answer is None:
            return None
        widgets = json.loads(answer["DashboardBody"]).get("widgets", [])
        for widget in widgets:
            properties = widget.get("properties", {})
            here = properties.get("region") == self._region
            if here and f'"{self._names.function}"' in json.dumps(properties.get("metrics", [])):
                return name, f"it shows the metrics of {self._names.function!r} in {self._region}"
        # Dashboards have no tags.
        _refuse(
            "dashboard",
            name,
            f"it shows no metric of the function {self._names.function!r} in {self._region}",
            f"look at it, and delete it: aws cloudwatch get-dashboard --dashboard-name {name}",
        )

    def _find_alarm(self, name: str) -> _Found | None:
        name = self._environment.alarm(name)
        answer = self._read("cloudwatch", "describe_alarms", AlarmNames=[name])
        alarms = answer["MetricAlarms"] if answer else ()
        if not alarms:
            return None
        arn = alarms[0]["AlarmArn"]
        command = f"aws cloudwatch tag-resource --resource-arn {arn} --tags {self._pairs}"
        return name, self._require_ours("alarm", name, self._tags.of(arn), command)

    @cached_property
    def _topic(self) -> _Found | None:
        arn = f"{self._arn('sns')}:{self._environment.topic}"
        if self._topic_attributes is None:
            return None
        command = f"aws sns tag-resource --resource-arn {arn} --tags {self._pairs}"
        return arn, self._require_ours("topic", arn, self._tags.of(arn), command)

    @cached_property
    def _topic_attributes(self) -> dict[str, Any] | None:
        arn = f"{self._arn('sns')}:{self._environment.topic}"
        answer = self._read("sns", "get_topic_attributes", TopicArn=arn)
        return answer["Attributes"] if answer else None

    def _find_topic(self, _key: str) -> _Found | None:
        return self._topic

    def _find_topic_policy(self, _key: str) -> _Found | None:
        policy = (self._topic_attributes or {}).get("Policy", "")
        # Every topic has a policy, and Terraform's replaces the one that AWS made.
        if not self._topic or f'"{_TOPIC_POLICY}"' not in policy:
            return None
        return self._topic[0], "it belongs to the topic"

    def _find_subscription(self, _key: str) -> _Found | None:
        address = self._names.alert_email
        if not (self._topic and address):
            return None
        pages = self._session.client("sns").get_paginator("list_subscriptions_by_topic")
        with aws_errors(f"reading the subscriptions of {self._topic[0]!r}"):
            found = list(pages.paginate(TopicArn=self._topic[0]))
        for item in (item for page in found for item in page["Subscriptions"]):
            is_address = (item["Protocol"], item.get("Endpoint")) == ("email", address)
            # One that is pending has no ARN and cannot be imported; to repeat it is harmless.
            if is_address and item["SubscriptionArn"].startswith("arn:"):
                return item["SubscriptionArn"], "it belongs to the topic"
        return None

    def _find_description(self, _key: str) -> _Found | None:
        name = self._environment.deployment_parameter
        if not self._read("ssm", "get_parameter", Name=name):
            return None
        arn = f"{self._arn('ssm')}:parameter{name}"
        command = "aws ssm add-tags-to-resource --resource-type Parameter "
        command += f"--resource-id {name} --tags {self._pairs}"
        return name, self._require_ours("parameter", name, self._tags.of(arn), command)

    def _read(self, service: str, operation: str, **arguments: Any) -> dict[str, Any] | None:
        """Return AWS's answer; None where the thing does not exist."""
        words = operation.replace("_", " ").removeprefix("get ").removeprefix("describe ")
        names = ", ".join(map(repr, arguments.values()))
        try:
            with aws_errors(f"looking for the {words} {names}"):
                answer: dict[str, Any] = getattr(self._session.client(service), operation)(
                    **arguments
                )
        except AwsNotFound:
            return None
        return answer

    def _require_ours(self, kind: str, name: str, tags: Tags, command: str) -> str:
        """Return why it is ours. Raises TtOpsError `foreign-resource` otherwise."""
        if self._environment.owns(tags):
            return "it has our name and our tags"
        expected = self._environment.tags
        others = (key for key in expected if key in tags and tags[key] != expected[key])
        other = next(others, None)
        reason = f"its tag {other} is {tags[other]!r}" if other else "it lacks our tags"
        _refuse(kind, name, reason, f"if it belongs to this deployment, tag it: {command}")

    @property
    def _pairs(self) -> str:
        """Return our tags as most commands of the AWS CLI take them."""
        return " ".join(f"Key={key},Value={value}" for key, value in self._environment.tags.items())

    @property
    def _map(self) -> str:
        """Return our tags as the AWS CLI takes a map."""
        return ",".join(f"{key}={value}" for key, value in self._environment.tags.items())

    @property
    def _region(self) -> str:
        return self._session.environment.region

    def _arn(self, service: str) -> str:
        partition = self._session.client(service).meta.partition
        return f"arn:{partition}:{service}:{self._region}:{self._session.account_id}"


_ROUTE = "aws_apigatewayv2_route"
_AUTHORIZER = "aws_apigatewayv2_authorizer.jwt"
_SUBSCRIPTION = "aws_sns_topic_subscription.email"
# By resource; the second argument is the key of its for_each, or empty.
_FINDERS: Mapping[str, Callable[[Inventory, str], _Found | None]] = {
    "aws_iam_role.function": Inventory._find_role,
    "aws_iam_role_policy.function": Inventory._find_role_policy,
    "aws_dynamodb_table.tasks": Inventory._find_table,
    "aws_cloudwatch_log_group.function": lambda i, _: i._find_log_group("lambda"),
    "aws_cloudwatch_log_group.api": lambda i, _: i._find_log_group("apigateway"),
    "aws_lambda_function.tracker": Inventory._find_function,
    "aws_lambda_alias.live": Inventory._find_alias,
    "aws_lambda_permission.api": Inventory._find_permission,
    "aws_apigatewayv2_api.tracker": Inventory._find_api,
    "aws_apigatewayv2_integration.function": Inventory._find_integration,
    _AUTHORIZER: Inventory._find_authorizer,
    "aws_apigatewayv2_stage.default": Inventory._find_stage,
    f"{_ROUTE}.default": lambda i, _: i._find_route("$default"),
    f"{_ROUTE}.method": lambda i, key: i._find_route(f"{key} /{{proxy+}}"),
    f"{_ROUTE}.public": Inventory._find_route,
    f"{_ROUTE}.drill": lambda i, key: i._find_route(f"ANY /{key}"),
    "aws_cloudwatch_dashboard.tracker": Inventory._find_dashboard,
    "aws_cloudwatch_metric_alarm.errors": lambda i, _: i._find_alarm("LambdaErrorAlarm"),
    "aws_cloudwatch_metric_alarm.duration": lambda i, _: i._find_alarm("LambdaDurationAlarm"),
    "aws_sns_topic.alerts": Inventory._find_topic,
    "aws_sns_topic_policy.alerts": Inventory._find_topic_policy,
    _SUBSCRIPTION: Inventory._find_subscription,
    "aws_ssm_parameter.deployment": Inventory._find_description,
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


def _refuse(kind: str, name: str, reason: str, hint: str) -> NoReturn:
    raise TtOpsError(
        "foreign-resource",
        f"the {kind} {name!r} exists already and is not ours: {reason}",
        hint=hint,
    )
