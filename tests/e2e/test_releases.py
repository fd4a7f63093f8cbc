"""Releases: first ones, then under load. A client sends 50 requests a second, and no bad release
reaches it.

The tests share one deployment, in this order: bad first releases, good releases, bad ones,
rollbacks, a canary.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import pytest
import requests

from .conftest import LOCAL, clients, make_backend
from .load import MARKER, Answer, Client

if TYPE_CHECKING:
    from .conftest import Clone


FUNCTION = "task-tracker-function"
RELEASE = ("deploy", "--code")
# Each passes the build, and fails only where it runs in Lambda.
BAD = {
    "raises on import": """
if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    raise RuntimeError("cannot start")
""",
    "answers garbage": """
def respond(event, context):
    return {"statusCode": 200, "headers": {}, "body": "}{"}
""",
    "health is 503": """
def respond(event, context, good=respond):
    answer = good(event, context)
    return {**answer, "statusCode": 503} if event["rawPath"] == "/health" else answer
""",
    "POST raises": """
def respond(event, context, good=respond):
    if event["requestContext"]["http"]["method"] == "POST":
        raise RuntimeError("cannot create")
    return good(event, context)
""",
    "list raises": """
def respond(event, context, good=respond):
    if event["rawPath"] == "/tasks" and event["requestContext"]["http"]["method"] == "GET":
        raise RuntimeError("cannot list")
    return good(event, context)
""",
}
_BREAKS = """
def respond(event, context, good=respond):
    if time.time() > {at}:
        raise RuntimeError("broken by now")
    return good(event, context)
"""
_MARKED = """

respond = lambda_handler
{change}

def lambda_handler(event, context):
    answer = respond(event, context)
    answer["headers"]["{header}"] = "{marker}"
    return answer
"""


class Service:
    """A deployment whose code changes while `client` uses it."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self._handler = clone.path / "lambda_function" / "handler.py"
        self._original = self._handler.read_text()

    def write(self, marker: str, change: str = "") -> None:
        """Write a handler whose answers bear `marker`, changed by `change`."""
        text = _MARKED.format(change=change, header=MARKER, marker=marker)
        self._handler.write_text(self._original + text)

    def live(self) -> str:
        """Return the version that the alias points to."""
        alias = clients(self.clone)("lambda").get_alias(FunctionName=FUNCTION, Name="live")
        assert not (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        return str(alias["FunctionVersion"])


@pytest.fixture(scope="module")
def unreleased(make_clone: Callable[..., Clone]) -> Iterator[Service]:
    """Deploy a handler that cannot start: all exists, and nothing was released."""
    clone = make_clone(**LOCAL, TF_VAR_api_throttle_rate="5000", TF_VAR_api_throttle_burst="5000")
    make_backend(clone)
    service = Service(clone)
    service.write("bad", BAD["raises on import"])
    failed = clone.run("deploy", "--yes")
    assert failed.returncode == 1
    assert "does not work" in failed.stderr
    yield service
    clone.run("local", "down")


@pytest.fixture(scope="module")
def service(unreleased: Service) -> Service:
    """Release a handler that bears a marker."""
    unreleased.write("first")
    unreleased.clone.succeed(*RELEASE)
    return unreleased


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[Client]:
    """Send 50 requests a second as long as the tests run."""
    api = str(service.clone.read("outputs")["api_url"])
    created = requests.post(f"{api}/tasks", json={"title": "always there"}, timeout=20)
    with Client(api, created.json()["task_id"]).running() as client:
        yield client


def require_only_code_differs(service: Service) -> None:
    """Require a plan without changes of the infrastructure, whatever has become of releases."""
    plan = service.clone.read("plan")
    assert plan["changes"] == []
    assert plan["code"] is not None


def faulty(answers: Sequence[Answer]) -> Counter[tuple[str, int, str]]:
    """Count the answers that are none, or not those of a good release."""
    return Counter(
        (answer.request, answer.status, answer.marker)
        for answer in answers
        if answer.status not in (200, 201) or not answer.marker.startswith(("first", "good"))
    )


@pytest.mark.soak
def test_whole_deploy_does_not_forget_a_failure(unreleased: Service) -> None:
    """The same sources fail again, although nothing differs any more."""
    failed = unreleased.clone.run("deploy", "--yes")
    assert failed.returncode == 1
    assert "does not work" in failed.stderr


@pytest.mark.soak
@pytest.mark.parametrize("bad", ["raises on import", "POST raises"])
def test_bad_first_release_fails_twice(unreleased: Service, bad: str) -> None:
    """It exits 1 both times, and no release is live."""
    unreleased.write("bad", BAD[bad])
    for _ in range(2):
        failed = unreleased.clone.run(*RELEASE)
        assert failed.returncode == 1
        assert "does not work" in failed.stderr
        assert unreleased.live() == "$LATEST"


@pytest.mark.extended
def test_good_releases_lose_no_request(service: Service, client: Client) -> None:
    """Ten releases after each other: each one serves, and no request is lost or fails."""
    began = time.monotonic()
    for number in range(10):
        marker = f"good {number}"
        service.write(marker)
        service.clone.succeed(*RELEASE)
        answers = client.wait_for(20, since=time.monotonic())
        assert {answer.marker for answer in answers} == {marker}
    answers = client.since(began)
    assert not faulty(answers)
    assert {answer.marker for answer in answers} >= {f"good {number}" for number in range(10)}


@pytest.mark.extended
@pytest.mark.parametrize("bad", BAD)
def test_bad_release_answers_no_request(service: Service, client: Client, bad: str) -> None:
    """The deploy exits 1 and names the version; the release before answers every request."""
    began, live = time.monotonic(), service.live()
    service.write("bad", BAD[bad])
    failed = service.clone.run(*RELEASE)
    assert failed.returncode == 1
    assert "does not work" in failed.stderr
    assert "logs --errors --release" in failed.stderr
    assert service.live() == live
    client.wait_for(20, since=time.monotonic())
    assert not faulty(client.since(began))


@pytest.mark.extended
def test_rollbacks_lose_no_request(service: Service, client: Client) -> None:
    """Two rollbacks after each other reach the two releases before, and lose no request."""
    began, live = time.monotonic(), int(service.live())
    for back in (1, 2):
        service.clone.succeed("rollback", "--yes")
        assert int(service.live()) == live - back
        client.wait_for(20, since=time.monotonic())
    assert not faulty(client.since(began))
    require_only_code_differs(service)


@pytest.mark.extended
def test_failing_canary_goes_back(
    service: Service, client: Client, record_property: Callable[[str, object], None]
) -> None:
    """It has its share of the requests, and serves for 30 seconds at most after its first failure.

    It begins to fail while it bakes, so that its checks pass.
    """
    began, live = time.monotonic(), service.live()
    breaks_at = time.time() + 45
    service.write("canary", _BREAKS.format(at=breaks_at))
    failed = service.clone.run(*RELEASE, "--canary", "10%", "--bake", "5m")
    assert failed.returncode == 1
    assert service.live() == live
    client.wait_for(20, since=time.monotonic())
    answers = client.since(began)

    reached = [answer for answer in answers if answer.marker == "canary" or answer.status >= 500]
    first, last = reached[0].sent, reached[-1].sent
    first_failure = next(answer.sent for answer in reached if answer.status >= 500)
    meanwhile = [answer for answer in answers if first < answer.sent < last]
    share = (len(reached) - 2) / len(meanwhile)
    record_property("canary", f"{share:.3f} of {len(meanwhile)}, {last - first_failure:.1f} s")
    assert last - first_failure < 30
    # The interval of 99.9 percent: a correct share leaves that of 99 in one run of a hundred.
    assert abs(share - 0.1) < 3.29 * math.sqrt(0.1 * 0.9 / len(meanwhile))
    assert not faulty([answer for answer in answers if answer not in reached])
    require_only_code_differs(service)
