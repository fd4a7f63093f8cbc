"""Partitions of the list's index: one for each status, or as many as ``TASKS_STATUS_SHARDS``.

DynamoDB takes 1,000 writes a second in a partition
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
"""

from zlib import crc32

from tasks import STATUSES

_MARK = "#"


def partition_of(status: str, task_id: str, shards: int) -> str:
    """Return the partition of a task: its status, with the shard's number after the first."""
    return _partition(status, crc32(task_id.encode()) % shards)


def partitions(status: str | None, shards: int) -> list[str]:
    """Return the partitions of a status, or of all."""
    statuses = STATUSES if status is None else (status,)
    return [_partition(status, shard) for status in statuses for shard in range(shards)]


def status_of(partition: str) -> str:
    """Return the status of a partition."""
    return partition.partition(_MARK)[0]


def _partition(status: str, shard: int) -> str:
    # The first is the plain status: items written without shards need no migration.
    return f"{status}{_MARK}{shard}" if shard else status
