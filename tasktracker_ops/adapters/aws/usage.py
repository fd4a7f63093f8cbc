"""What the deployment keeps in the account, and the quotas of the account that limit it."""

from __future__ import annotations

from dataclasses import dataclass

from .session import AwsSession, aws_errors


@dataclass(frozen=True, slots=True)
class StoredTable:
    """The bytes of a table and of its indexes, by DynamoDB's count of some hours ago."""

    table: int
    indexes: int
    index_names: tuple[str, ...]


class Usage:
    """Reads sizes and settings that are billed for, and quotas."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def table(self, name: str) -> StoredTable:
        """Return the size of a table."""
        with aws_errors(f"reading the table {name!r}"):
            table = self._session.client("dynamodb").describe_table(TableName=name)["Table"]
        indexes = table.get("GlobalSecondaryIndexes", [])
        return StoredTable(
            table.get("TableSizeBytes", 0),
            sum(each.get("IndexSizeBytes", 0) for each in indexes),
            tuple(each["IndexName"] for each in indexes),
        )

    def log_bytes(self, names: tuple[str, ...]) -> int:
        """Return the bytes that log groups store."""
        logs, stored = self._session.client("logs"), 0
        for name in names:
            with aws_errors(f"reading the log group {name!r}"):
                groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
            # Another environment's log group may begin with this name.
            own = (each for each in groups if each["logGroupName"] == name)
            stored += sum(each.get("storedBytes", 0) for each in own)
        return stored

    def object_bytes(self, bucket: str, prefix: str) -> int:
        """Return the bytes of the objects below a prefix, older versions aside."""
        pages = self._session.client("s3").get_paginator("list_objects_v2")
        with aws_errors(f"listing the bucket {bucket!r}"):
            listed = list(pages.paginate(Bucket=bucket, Prefix=prefix))
        return sum(each["Size"] for page in listed for each in page.get("Contents", ()))

    def function(self, name: str) -> tuple[float, str]:
        """Return the memory of a function in GB, and its architecture."""
        with aws_errors(f"reading the function {name!r}"):
            answer = self._session.client("lambda").get_function_configuration(FunctionName=name)
        return answer["MemorySize"] / 1024, answer.get("Architectures", ["x86_64"])[0]

    def function_concurrency(self) -> int:
        """Return how many invocations run at once at most, of functions that reserve none."""
        with aws_errors("reading the quotas of Lambda"):
            answer = self._session.client("lambda").get_account_settings()
        return int(answer["AccountLimit"]["UnreservedConcurrentExecutions"])

    def api_rate(self) -> float:
        """Return how many requests a second all APIs of the account and region accept together."""
        with aws_errors("reading the quotas of API Gateway"):
            answer = self._session.client("apigateway").get_account()
        return float(answer["throttleSettings"]["rateLimit"])
