"""What the deployment consumed, and what that costs."""

from __future__ import annotations

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that AWS bills: `per` of its unit have one price.

    `monthly` is for what is kept, and billed for the time; `free` is how much of it an account has
    for nothing each month, at any age.
    """

    key: str
    label: str
    unit: str
    per: float = 1
    free: float = 0
    monthly: bool = False


_MILLION = 1_000_000
# Free of charge each month, for all deployments of the account together:
# https://docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/lambda.html
# https://aws.amazon.com/dynamodb/pricing/ https://aws.amazon.com/cloudwatch/pricing/
# https://aws.amazon.com/sns/pricing/
RESOURCES = (
    Resource("api_requests", "API Gateway: requests", "requests", per=_MILLION),
    Resource("invocations", "Lambda: invocations", "requests", per=_MILLION, free=_MILLION),
    Resource("compute_arm64", "Lambda: memory by time, arm64", "GB-seconds", free=400_000),
    Resource("compute_x86_64", "Lambda: memory by time, x86_64", "GB-seconds", free=400_000),
    Resource("write_units", "DynamoDB: writes", "units", per=_MILLION),
    Resource("read_units", "DynamoDB: reads", "units", per=_MILLION),
    Resource("table_storage", "DynamoDB: storage", "GB", free=25, monthly=True),
    Resource("recovery_storage", "DynamoDB: point-in-time recovery", "GB", monthly=True),
    Resource("logs_written", "CloudWatch Logs: written", "GB", free=5),
    Resource("logs_stored", "CloudWatch Logs: stored", "GB", free=5, monthly=True),
    Resource("alarms", "CloudWatch: alarms", "alarms", free=10, monthly=True),
    Resource("dashboards", "CloudWatch: dashboards", "dashboards", free=3, monthly=True),
    Resource("mails", "SNS: e-mails", "e-mails", per=100_000, free=1_000),
    Resource("state_storage", "S3: the state", "GB", monthly=True),
)


@dataclass(frozen=True, slots=True)
class Price:
    """A price in US dollars, the page that it is from, and the date of that."""

    price: float
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What was consumed of a resource; `quantity` is None where there is no figure of it.

    `cost` is at the list price, `cost_above_free` of what exceeds the free allowance; both are in
    US dollars for the whole window, None without a figure or a price.
    """

    resource: str
    label: str
    quantity: float | None
    unit: str
    free: float
    price: float | None
    price_per: float
    cost: float | None
    cost_above_free: float | None
    source: str | None
    date: str | None


@dataclass(frozen=True, slots=True)
class Quota:
    """The most that was used at once, and the account's quota."""

    label: str
    used: float | None
    quota: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class CostReport:
    """Consumption and costs of a window; `emulated` says that the figures are the emulator's.

    Sums are of the resources with a price and a figure, and None without any. The free allowances
    are the account's, here as if nothing else used them.
    """

    region: str
    since: str
    until: str
    currency: str
    emulated: bool
    costs: tuple[Cost, ...]
    total: float | None
    total_above_free: float | None
    quotas: tuple[Quota, ...]
    problem: Problem | None = None
