"""`costs`: what the deployment consumed, times prices, beside what is free and the quotas."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.costs import RESOURCES, Cost, CostReport, Price, Quota, Resource
from tasktracker_ops.models.dashboard import Metric, Query
from tasktracker_ops.models.times import epoch_timestamp

if TYPE_CHECKING:
    from tasktracker_ops.app import App
    from tasktracker_ops.models.deployment import Deployment

T = TypeVar("T")
_GB = 1e9
_MONTH = 30 * 86400.0  # seconds
_DAY, _HOUR = 86400, 3600


def costs(app: App, *, since: float, prices: Path | None) -> CostReport:
    """Return what the last `since` seconds consumed and cost, by whole hours.

    What has no price in the region makes a `problem` of the report. Raises TtOpsError
    `prices-invalid`.
    """
    from tasktracker_ops.adapters.host.prices import known_prices, read_prices

    region, _ = app.region
    own = read_prices(prices, region) if prices else {}
    known = {**known_prices(region), **own}
    app.ensure_ready()
    deployment = app.deployments.get()
    app.report.doing("reading what was consumed")
    end = int(time.time()) // _HOUR * _HOUR + _HOUR
    start = int(end - max(since, _HOUR)) // _HOUR * _HOUR
    months = (end - start) / _MONTH
    quantities, quotas = _quantities(app, deployment, start, end)
    rows = tuple(
        _cost(resource, quantities[resource.key], known.get(resource.key), months)
        for resource in RESOURCES
        if resource.key in quantities
    )
    return CostReport(
        region=region,
        since=epoch_timestamp(start),
        until=epoch_timestamp(min(end, time.time())),
        currency="USD",
        emulated=app.settings.target == "local",
        costs=rows,
        total=_sum([row.cost for row in rows]),
        total_above_free=_sum([row.cost_above_free for row in rows]),
        quotas=quotas,
        problem=_missing_prices(region, rows),
    )


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _cost(resource: Resource, quantity: float | None, price: Price | None, months: float) -> Cost:
    # What is kept is billed by the month; the allowance of what is consumed is one of a month, too.
    billed = resource.free if resource.monthly else resource.free * months
    factor = months if resource.monthly else 1.0

    def times_price(amount: float) -> float | None:
        return None if price is None else amount * factor / resource.per * price.price

    return Cost(
        resource=resource.key,
        label=resource.label,
        quantity=quantity,
        unit=resource.unit,
        free=billed,
        price=price.price if price else None,
        price_per=resource.per,
        cost=None if quantity is None else times_price(quantity),
        cost_above_free=None if quantity is None else times_price(max(quantity - billed, 0)),
        source=price.source if price else None,
        date=price.date if price else None,
    )


def _missing_prices(region: str, rows: tuple[Cost, ...]) -> Problem | None:
    from tasktracker_ops.adapters.host.prices import regions

    missing = [row.resource for row in rows if row.price is None and row.quantity]
    if not missing:
        return None
    return Problem(
        "prices-missing",
        f"no price is known in {region!r} of {', '.join(missing)}; tt-ops has some of "
        f"{', '.join(regions())}",
        "write those of your region into a file (docs/costs.md): tt-ops costs --prices prices.toml",
    )


def _quantities(
    app: App, deployment: Deployment, start: int, end: int
) -> tuple[dict[str, float | None], tuple[Quota, ...]]:
    """Return how much was consumed of each resource by its key, and what was used at once."""
    usage = app.usage
    table = usage.table(deployment.table_name)
    memory, architecture = usage.function(deployment.function_name)
    access = app.access_log(deployment).name
    log_groups = (deployment.log_group, access)
    metrics = _metrics(deployment, table.index_names, log_groups)
    groups = [_queries(each, end - start) for each in metrics.values()]
    answer = app.metric_data.get(groups, start=start, end=end)

    def total(name: str) -> float | None:
        group = answer.groups[list(metrics).index(name)]
        values = [v for series in group.values() for each in series for v in each.points.values()]
        return sum(values) if values else None

    milliseconds = total("compute")
    stored = table.table + table.indexes
    written = total("logs_written")
    bucket, key = app.settings.state_bucket, app.settings.state_key
    quantities: dict[str, float | None] = {
        "api_requests": total("api_requests"),
        "invocations": total("invocations"),
        f"compute_{architecture}": milliseconds and milliseconds / 1000 * memory,
        "write_units": total("write_units"),
        "read_units": total("read_units"),
        "table_storage": stored / _GB,
        "recovery_storage": table.table / _GB,
        "logs_written": written and written / _GB,
        "logs_stored": usage.log_bytes(log_groups) / _GB,
        "alarms": len(deployment.alarm_names),
        "dashboards": 1,
        "mails": total("mails"),
        "state_storage": _allowed(lambda: usage.object_bytes(bucket, key) / _GB),
    }
    quota = _allowed(usage.function_concurrency)
    concurrency = Quota("Lambda: invocations at once", total("concurrency"), quota, "invocations")
    return quantities, (concurrency,)


def _allowed(read: Callable[[], T]) -> T | None:
    """Return what is read; None for those who may not read it, and where it does not exist."""
    from tasktracker_ops.adapters.aws.session import UNKNOWN_OPERATION, AwsError

    try:
        return read()
    except TtOpsError as error:
        is_unknown = isinstance(error, AwsError) and error.aws_code in UNKNOWN_OPERATION
        if error.code != "aws-access-denied" and not is_unknown:
            raise
        return None


def _metrics(
    deployment: Deployment, indexes: tuple[str, ...], log_groups: tuple[str, ...]
) -> Mapping[str, list[tuple[Metric, str]]]:
    """Return the metrics that add up to each quantity, with their statistics."""
    api = (("ApiId", deployment.api_id),)
    function = (("FunctionName", deployment.function_name),)
    table = (("TableName", deployment.table_name),)
    # Sorted by name, as Metric has its dimensions.
    units = [table, *((("GlobalSecondaryIndexName", each), *table) for each in indexes)]
    topic = (("TopicName", deployment.topic_arn.rpartition(":")[2]),)

    def sums(
        namespace: str, name: str, *dimensions: tuple[tuple[str, str], ...]
    ) -> list[tuple[Metric, str]]:
        return [(Metric(namespace, name, each), "Sum") for each in dimensions]

    logs = [(("LogGroupName", name),) for name in log_groups]
    return {
        "api_requests": sums("AWS/ApiGateway", "Count", api),
        "invocations": sums("AWS/Lambda", "Invocations", function),
        "compute": sums("AWS/Lambda", "Duration", function),
        "write_units": sums("AWS/DynamoDB", "ConsumedWriteCapacityUnits", *units),
        "read_units": sums("AWS/DynamoDB", "ConsumedReadCapacityUnits", *units),
        "logs_written": sums("AWS/Logs", "IncomingBytes", *logs),
        "mails": sums("AWS/SNS", "NumberOfNotificationsDelivered", topic),
        "concurrency": [(Metric("AWS/Lambda", "ConcurrentExecutions", function), "Maximum")],
    }


def _queries(metrics: list[tuple[Metric, str]], length: int) -> list[Query]:
    # One period of the whole window, which CloudWatch takes in whole days or hours.
    period = length if length <= _DAY else -(-length // _DAY) * _DAY
    return [
        Query(f"m{number}", metric, None, statistic, period)
        for number, (metric, statistic) in enumerate(metrics)
    ]
