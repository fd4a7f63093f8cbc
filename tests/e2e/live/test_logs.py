"""The function's log on the local target, while it is busy."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tasktracker_ops.observations import timestamp

from .conftest import Clone

REQUESTS, SECONDS = 1000, 10


@pytest.fixture(scope="module")
def deployed(make_clone: Callable[..., Clone]) -> Iterator[Clone]:
    """A deployment that takes more requests a second than the default."""
    clone = make_clone(
        TT_OPS_TARGET="local",
        TT_OPS_LOCAL_PORT="0",
        TF_VAR_api_throttle_rate="500",
        TF_VAR_api_throttle_burst="1000",
    )
    clone.succeed("deploy", "--yes")
    yield clone
    clone.run("local", "down")


@pytest.fixture(scope="module")
def api(deployed: Clone) -> str:
    """The API's address."""
    return str(deployed.read("outputs")["api_url"])


def send(url: str, count: int, seconds: float) -> float:
    """Send requests at an even rate from eight clients; returns how long it took."""
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
    return time.monotonic() - begun


def read(clone: Clone, *arguments: str) -> list[Any]:
    """The events that `tt-ops logs` shows."""
    lines = clone.succeed("logs", *arguments, "--output", "json").splitlines()
    return [json.loads(line) for line in lines]


def test_following_a_thousand_requests_shows_each_once(deployed: Clone, api: str) -> None:
    """In ten seconds: no line is lost or doubled, and they are in the order of time."""
    begun = timestamp(datetime.now(UTC))
    with deployed.start("logs", "--follow", "--since", "1m", "--output", "json") as process:
        lines: list[str] = []
        reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
        reader.start()
        # A busy machine may take longer; what is shown has to be right all the same.
        assert send(f"{api}/health", REQUESTS, SECONDS) < 3 * SECONDS
        deadline = time.monotonic() + 30
        while len(lines) < 4 * REQUESTS and time.monotonic() < deadline:
            time.sleep(0.1)
        # Whatever is still to come would be one too many.
        time.sleep(5)
        process.terminate()
        reader.join()
    events = [event for event in map(json.loads, lines) if event["at"] >= begun]
    requested = Counter(event["fields"]["request_id"] for event in events if event["fields"])
    assert (len(requested), set(requested.values())) == (REQUESTS, {1})
    # START, the line, END and REPORT, and a line more for each cold start.
    assert len(events) - 4 * REQUESTS in range(10)
    times = [event["at"] for event in events]
    assert times == sorted(times)


def test_a_failure_is_found(deployed: Clone, api: str) -> None:
    """By its kind, by its request, and in the access log; nothing else is."""
    deployed.succeed("trigger-error")
    failed = read(deployed, "--errors")
    (line,) = [event["fields"] for event in failed if event["fields"]]
    assert (line["route"], line["status"], line["level"]) == ("/trigger-error", 500, "ERROR")
    assert any("Traceback" in event["message"] for event in failed)
    whole = read(deployed, "--request-id", line["request_id"])
    assert whole[0]["message"].startswith("START ")
    assert whole[-1]["message"].startswith("REPORT ")
    assert all(event in whole for event in failed)
    access = [event["fields"] for event in read(deployed, "--api", "--errors")]
    assert [(each["path"], each["status"]) for each in access] == [("/trigger-error", "500")]


def test_a_pattern_of_cloudwatch_is_evaluated(deployed: Clone, api: str) -> None:
    """By the embedded AWS; one that is none is refused."""
    requests.get(f"{api}/nowhere", timeout=30)
    found = read(deployed, "--filter", "{ $.status = 404 }")
    assert {event["fields"]["status"] for event in found} == {404}
    refused = deployed.run("logs", "--filter", "{ $.status")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "must end with '}'" in refused.stderr
