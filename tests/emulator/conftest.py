"""The emulators of these tests, and what tests deploy to them.

- `aws`: an emulator in a process of its own, one for the whole session.
- `function`, `api`: a function in it, and an API in front of it, which tests leave as they are.
- `in_process_aws`: an emulator in the process of the test; its alarms are not evaluated.
- `alarm_aws`: another, which evaluates alarms all the time, by `clock`.
- `topic`: a topic in `alarm_aws` with a confirmed address; `name`: a name of the test's own.
- `cloudwatch`: shorthand for metrics of `aws`; `eventually`: wait until something holds.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tasktracker_ops.emulator import backends
from tasktracker_ops.emulator.application import compose
from tasktracker_ops.emulator.cloudwatch.alarms import EvaluationSchedule
from tasktracker_ops.emulator.http_server import serve_on
from tasktracker_ops.local import process
from tasktracker_ops.local.state import ServerState
from tasktracker_ops.models.emulator import RunningEmulator

from .alarms_and_metrics import CloudWatch
from .aws import Api, Aws, Function


@pytest.fixture(scope="session", autouse=True)
def no_proxies() -> Iterator[None]:
    """Hide the user's proxy variables from the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.lower().endswith("_proxy"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A running emulator on a free port."""
    directory = tmp_path_factory.mktemp("emulator")
    yield Aws(process.start(directory, 0))
    process.stop(directory)


@pytest.fixture(scope="session")
def function(aws: Aws) -> Function:
    """A function shared by tests that leave it as it is."""
    return aws.function()


@pytest.fixture(scope="session")
def api(aws: Aws, function: Function) -> Api:
    """An API with a `$default` route to the shared function."""
    return aws.api(function)


@contextmanager
def serve(directory: Path, **options: Any) -> Iterator[Aws]:
    """Serve the emulator in this process; `options` are those of `compose`."""
    # moto's decorator, in another test of this process, replaces them.
    backends.by_region.cache_clear()
    backends.backend.cache_clear()
    listener = socket.create_server(("127.0.0.1", 0))
    state = ServerState(
        os.getpid(), listener.getsockname()[1], "in process", datetime.now(UTC), "1"
    )
    parts = compose(state, directory, **options)
    server = serve_on(listener, parts.application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    running = RunningEmulator(state.url, state.port, state.pid, "", directory, "1", True)
    yield Aws(running, parts)
    server.shutdown()
    thread.join()
    parts.close()
    # Other tests of this process keep a table, or a bucket, of the same name in moto.
    for service in ("dynamodb", "s3"):
        for backend in backends.by_region(service).values():
            backend.reset()


@pytest.fixture
def in_process_aws(tmp_path: Path) -> Iterator[Aws]:
    """An emulator with one worker per function, stopped when idle, and alarms at rest."""
    never = EvaluationSchedule(interval_seconds=3600)
    with serve(tmp_path, environments=1, idle_seconds=0.2, schedule=never) as aws:
        yield aws


@dataclass
class Clock:
    """The real time, put forward at will."""

    ahead: float = 0.0
    readings: int = 0

    def __call__(self) -> float:
        """Return epoch seconds."""
        self.readings += 1
        return time.time() + self.ahead

    def wait_for_evaluations(self) -> None:
        """Wait until the alarms were evaluated at the present time, thirty seconds at most."""
        # An evaluation may have begun before: the second one from now on is wholly after.
        until, enough = time.monotonic() + 30, self.readings + 3
        while self.readings < enough:
            assert time.monotonic() < until, "no alarm was evaluated"
            time.sleep(0.01)


@pytest.fixture
def clock() -> Clock:
    """The clock of the alarms in `alarm_aws`."""
    return Clock()


@pytest.fixture
def alarm_aws(tmp_path: Path, clock: Clock) -> Iterator[Aws]:
    """An emulator that evaluates its alarms all the time, by `clock`."""
    schedule = EvaluationSchedule(interval_seconds=0.05, clock=clock)
    with serve(tmp_path, schedule=schedule) as aws:
        yield aws
        for backend in backends.by_region("cloudwatch").values():
            backend.alarms.clear()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds, five seconds at most."""

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not holds():
            assert time.monotonic() < deadline, "it did not hold within five seconds"
            time.sleep(0.02)

    return wait


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name of the test's own, for alarm, metric and topic."""
    return str(request.node.name).partition("[")[0]


@pytest.fixture
def topic(alarm_aws: Any, name: str) -> Any:
    """A topic with the policy that SNS gives to new ones, and a confirmed address."""
    sns = alarm_aws.client("sns")
    arn = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="me@example.com")
    requests.get(alarm_aws.parts.mailbox.mails()[0].letter.confirm_url, timeout=10)
    yield arn
    sns.delete_topic(TopicArn=arn)


@pytest.fixture
def cloudwatch(aws: Any) -> CloudWatch:
    """CloudWatch of the emulator."""
    return CloudWatch(aws.client("cloudwatch"))
