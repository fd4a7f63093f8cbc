"""Checks of what a deployment has to do: serve requests, and notify somebody when it fails."""

from __future__ import annotations

from datetime import UTC, datetime

from tasktracker_ops.errors import counted
from tasktracker_ops.models.doctor import FAILED, WARNING
from tasktracker_ops.workflows.notifications import (
    actions_disabled,
    missing_alarms,
    muted,
    pending_subscriptions,
)
from tasktracker_ops.workflows.status import unhealthy_hint

from .check import (
    CheckGroup,
    Examination,
    NotApplicable,
    Outcome,
    failed,
    of_problems,
    ok,
    only_where_supported,
    warning,
)

GROUP = CheckGroup()
_DRILL_DAYS = 30
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_CONCURRENCY_QUOTA = ("--service-code", "lambda", "--quota-code", "L-B99A9384")


@GROUP.check("alarms", "deployment")
def _alarms(examined: Examination) -> Outcome:
    names, alarms = examined.deployment.alarm_names, examined.alarms
    disabled = tuple(filter(None, map(actions_disabled, alarms)))
    return of_problems(
        (*missing_alarms(names, alarms), *disabled), f"{', '.join(names)}, with their actions"
    )


@GROUP.check("mute rules", "deployment")
def _mute_rules(examined: Examination) -> Outcome:
    app = examined.app
    alarms = app.alarms.with_mute_rules(examined.alarms)
    if any(alarm.muted_by is None for alarm in alarms):
        raise NotApplicable("this target has no ListAlarmMuteRules")
    problems = tuple(filter(None, (muted(app.target, alarm) for alarm in alarms)))
    return of_problems(problems, "no alarm is muted", state=WARNING)


@GROUP.check("drill", "deployment", "alarms")
def _drill(examined: Examination) -> Outcome:
    record = examined.app.drill_records.read()
    if record is None:
        raise NotApplicable("no drill of all alarms is recorded: tt-ops drill --all")
    days = (datetime.now(UTC) - datetime.fromisoformat(record.at)).days
    found = f"all alarms were proven {counted(days, 'day')} ago, by {record.who}"
    if days > _DRILL_DAYS:
        return warning(found, "prove them again: tt-ops drill --all")
    return ok(found)


@GROUP.check("subscription", "deployment")
def _subscription(examined: Examination) -> Outcome:
    from tasktracker_ops.adapters.aws.session import AwsNotFound

    app, topic = examined.app, examined.deployment.topic_arn
    temporary = examined.deployment.temporary
    try:
        subscriptions = app.topics.subscriptions(topic)
    except AwsNotFound:
        return failed(f"the topic {topic} does not exist", "create it again: tt-ops deploy")
    problems = pending_subscriptions(app.target, topic, subscriptions, temporary=temporary)
    # Right after a first deploy, nobody has confirmed yet.
    pending = all(problem.code == "subscription-pending" for problem in problems)
    confirmed = ", ".join(each.endpoint for each in subscriptions)
    detail = f"confirmed: {confirmed}" if subscriptions else "none, as the environment is temporary"
    return of_problems(problems, detail, state=WARNING if pending else FAILED)


@GROUP.check("api", "deployment")
def _api(examined: Examination) -> Outcome:
    app, deployment = examined.app, examined.deployment
    if app.apis.get(deployment.api_id) is None:
        return failed(
            f"the API {deployment.api_id!r} does not exist: {deployment.api_url} answers 404",
            "create it again: tt-ops deploy",
        )
    routes = app.apis.routes(deployment.api_id)
    found = next((r["AuthorizationType"] for r in routes if r["RouteKey"] == "$default"), None)
    if found != deployment.api_auth:
        is_opened = deployment.api_auth == "NONE"  # by the fix, which has to be allowed
        return failed(
            f"the route '$default' has the authorization {found!r} instead of "
            f"{deployment.api_auth!r}",
            f"deploy it away: tt-ops deploy{' --allow-public' if is_opened else ''}",
        )
    if found == "NONE":
        return ok("public: anyone with the URL can call it")
    return ok(f"requires authentication ({found})")


@GROUP.check("api health", "api")
def _api_health(examined: Examination) -> Outcome:
    deployment = examined.deployment
    response = examined.app.tasks(deployment).probe("health")
    status = response.status_code
    if status in deployment.healthy_statuses:
        return ok(f"{deployment.api_url} answers {status}")
    return failed(f"GET {response.url} returned {status} instead of 200", unhealthy_hint(status))


@GROUP.check("api address", "deployment")
def _api_address(examined: Examination) -> Outcome:
    settings, url = examined.app.settings, examined.deployment.api_url
    if settings.api_url is None or settings.api_url.rstrip("/") == url.rstrip("/"):
        return ok("that of the deployment")
    return failed(
        f"api_url (from {settings.origins['api_url']}) is {settings.api_url!r}, "
        f"and the deployment is at {url!r}",
        "use that of the deployment: unset TT_OPS_API_URL",
    )


@GROUP.check("quotas", "deployment", "api")
def _quotas(examined: Examination) -> Outcome:
    app = examined.app
    stage = next(iter(app.apis.stages(examined.deployment.api_id)), {})
    throttle = stage.get("DefaultRouteSettings", {})
    burst, rate = (int(throttle.get(f"Throttling{each}Limit", 0)) for each in ("Burst", "Rate"))
    with only_where_supported("GetAccountSettings"):
        concurrency, account_rate = app.usage.function_concurrency(), app.usage.api_rate()
    found = f"the API accepts {burst} requests at once, the account runs {concurrency} functions"
    if burst > concurrency:
        request = ("service-quotas", "request-service-quota-increase", *_CONCURRENCY_QUOTA)
        command = app.target.aws_command(*request, "--desired-value", "1000")
        return warning(found, f"request a higher quota: {command}")
    if rate > account_rate:
        return warning(
            f"the API accepts {rate} requests a second, the account's APIs {account_rate:.0f}",
            f"lower it, then deploy: export TF_VAR_api_throttle_rate={account_rate:.0f}",
        )
    return ok(f"{found} and accepts {account_rate:.0f} requests a second")
