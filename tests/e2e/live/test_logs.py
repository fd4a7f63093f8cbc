"""The function's log on the local target under load."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import requests

from tasktracker_ops.models.times import timestamp
from tests.e2e.conftest import Clone


def send(url: str, count: int, seconds: float) -> None:
    """Send requests at an even rate from eight clients."""
    own = threading.local()

    def request(at: float) -> None:
        if not hasattr(own, "session"):
            own.session = requests.Session()
            own.session.trust_env = False
        time.sleep(max(0.0, at - time.monotonic()))
        assert own.session.get(url, timeout=30).status_code == 200

    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(request, [begun + seconds * number / count for number in range(count)]))


def read(clone: Clone, *arguments: str) -> list[Any]:
    """Return the events that `tt-ops logs` prints."""
    lines = clone.succeed("logs", *arguments, "--output", "json").splitlines()
    return [json.loads(line) for line in lines]


def test_each_request_is_followed_once(live: Clone, api: str) -> None:
    """Of 200 requests in two seconds no line is lost or doubled; they come in the order of time."""
    count, seconds = 200, 2.0
    begun = timestamp(datetime.now(UTC))
    lines: list[str] = []
    with live.start("logs", "--follow", "--since", "1m", "--output", "json") as process:
        reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
        reader.start()
        try:
            send(f"{api}/health", count, seconds)
            deadline = time.monotonic() + 60
            while len(lines) < 4 * count and time.monotonic() < deadline:
                time.sleep(0.1)
            # Whatever is still to come would be one too many.
            time.sleep(3)
        finally:
            process.terminate()
            reader.join(30)
    events = [event for event in map(json.loads, lines) if event["at"] >= begun]
    requested = Counter(event["fields"]["request_id"] for event in events if event["fields"])
    assert (len(requested), set(requested.values())) == (count, {1})
    # START, the line, END and REPORT, and a line more for each cold start.
    assert len(events) - 4 * count in range(10)
    # On a busy machine a line may arrive after a younger one of another request.
    times = [datetime.fromisoformat(event["at"]) for event in events]
    newest = accumulate(times, max)
    assert all(seen - at < timedelta(seconds=1) for seen, at in zip(newest, times, strict=True))


def test_failure_is_found_by_kind_and_request(live: Clone, api: str) -> None:
    """By its kind, request and release, and in the access log; nothing else is."""
    since = ("--since", timestamp(datetime.now(UTC)))
    live.succeed("trigger-error")
    failed = read(live, "--errors", *since)
    (line,) = [event["fields"] for event in failed if event["fields"]]
    assert (line["route"], line["status"], line["level"]) == ("/trigger-error", 500, "ERROR")
    assert any("Traceback" in event["message"] for event in failed)
    whole = read(live, "--request-id", line["request_id"])
    assert whole[0]["message"].startswith("START ")
    assert whole[-1]["message"].startswith("REPORT ")
    assert all(event in whole for event in failed)
    # Streams are named YYYY/MM/DD/[RELEASE]ID.
    release = int(whole[0]["stream"].partition("[")[2].partition("]")[0])
    assert read(live, "--errors", "--release", str(release), *since) == failed
    assert read(live, "--release", str(release + 1)) == []
    access = [event["fields"] for event in read(live, "--api", "--errors", *since)]
    assert [(each["path"], each["status"]) for each in access] == [("/trigger-error", "500")]
