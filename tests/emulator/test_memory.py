"""The emulator's memory stays within the bounds of its stores, however many requests it answers."""

from __future__ import annotations

import gc
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tasktracker_ops.emulator.cloudwatch import publisher
from tasktracker_ops.emulator.gateway.gateway import ApiRequest
from tasktracker_ops.emulator.lambda_runtime.runtime import Invocation
from tasktracker_ops.emulator.logs import writer
from tasktracker_ops.emulator.logs.writer import LogLine

REGION = "eu-west-3"
GROUP = "/aws/lambda/counted"
START = datetime(2026, 1, 1, tzinfo=UTC)


def _resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def _record(number: int) -> None:
    """Record what a request to the deployed API leaves behind."""
    at = START + timedelta(milliseconds=10 * number)
    publisher.publish_invocation(
        Invocation(REGION, "counted", "1", "live", at, number / 7, None, False, 1)
    )
    publisher.publish_request(
        ApiRequest(REGION, "counted", "$default", 200, at, number / 3, number / 5)
    )
    lines = [LogLine(1000 * number + each, f"line {number} {'x' * 100}\n") for each in range(4)]
    writer.write(REGION, GROUP, "stream", lines)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one heap for all threads")
def test_threads_share_one_heap(aws: Any) -> None:
    """No connection reserves one of its own, of 64 MB of addresses."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(requests.get, [f"{aws.server.url}/_tt-ops/contents"] * 16))
    maps = Path(f"/proc/{aws.server.pid}/maps").read_text()
    reserved = re.findall(r"^(\w+)-(\w+) ---p 0+ 00:00 0 *$", maps, re.M)
    assert max(int(end, 16) - int(start, 16) for start, end in reserved) < 2**25


@pytest.mark.extended
@pytest.mark.timeout(600)
def test_records_of_many_requests_stay_within_their_bounds(in_process_aws: Any) -> None:
    """Once the logs of a group are full, further requests add a few samples only."""
    in_process_aws.client("logs").create_log_group(logGroupName=GROUP)
    for number in range(26_000):  # more events than a group keeps
        _record(number)
    before = _resident_mb()
    for number in range(26_000, 50_000):
        _record(number)
    # Eight metrics of ever new values, 24 bytes each; and what the allocator leaves free. So many
    # requests to logs that are not full would add 45 MB.
    assert _resident_mb() - before < 5 + 13
    in_process_aws.client("logs").delete_log_group(logGroupName=GROUP)


@pytest.mark.extended
@pytest.mark.timeout(600)
def test_requests_leave_only_records_behind(in_process_aws: Any) -> None:
    """Nothing else that a request needs outlives it, be it of moto, of HTTP or of a worker."""
    aws = in_process_aws
    api = aws.api(aws.function(log_group=False))

    def objects_after(count: int) -> int:
        for _ in range(count):
            assert api.call("/").status_code == 200
        gc.collect()
        return len(gc.get_objects())

    objects_after(50)
    before = objects_after(50)
    assert objects_after(1000) - before < 500
