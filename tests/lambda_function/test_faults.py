"""DynamoDB throttles, fails or does not respond: 503 and Retry-After, and nothing is done twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import dynamodb
from dynamodb_client import Client

FAULTS = [
    "dropped",
    "slow",
    "500",
    "garbage",
    "ThrottlingException",
    pytest.param("ProvisionedThroughputExceededException", marks=pytest.mark.soak),
    pytest.param("RequestLimitExceeded", marks=pytest.mark.soak),
    "TransactionConflictException",
]
OPERATIONS = (
    "Query",
    "GetItem",
    "PutItem",
    "TransactWriteItems",
    "UpdateItem",
    "DeleteItem",
)
KEY = {"Idempotency-Key": "one"}


def _send(api: Any, operation: str, task_id: str) -> Any:
    """Send a request whose first call to DynamoDB is ``operation``."""
    path = f"/tasks/{task_id}"
    match operation:
        case "Query":
            return api("GET", "/tasks")
        case "GetItem":
            return api("GET", path)
        case "PutItem":
            return api("POST", "/tasks", {"title": "new"})
        case "TransactWriteItems":
            return api("POST", "/tasks", {"title": "new"}, headers=KEY)
        case "UpdateItem":
            return api("PUT", path, {"title": "changed"})
    return api("DELETE", path)


def _answers(api: Any, tasks: dict[str, Any]) -> dict[str, Any]:
    """Send one request for each operation, in parallel and each to its own task."""

    def send(operation: str) -> Any:
        return _send(api, operation, tasks[operation]["task_id"])

    with ThreadPoolExecutor(len(OPERATIONS)) as clients:
        return dict(zip(OPERATIONS, clients.map(send, OPERATIONS), strict=True))


@pytest.mark.parametrize("fault", FAULTS)
def test_permanent_fault_is_503(api, wire, fault: str):
    """A fault of any call answers 503 with Retry-After, hides its cause and changes nothing."""
    tasks = {operation: api.add(operation) for operation in OPERATIONS}
    wire.inject(fault)
    answers = _answers(api, tasks)
    assert all(wire.calls.count(operation) <= 2 for operation in OPERATIONS)
    wire.clear_faults()
    for answer in answers.values():
        assert (answer.status, answer.slug) == (503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["detail"] == "The database is not responding; try again."
    assert api("GET", "/tasks").json() == list(tasks.values())[::-1]


@pytest.mark.parametrize("fault", ["answer lost", "answer cut off"])
def test_lost_responses_are_503(api, wire, fault: str):
    """If every response of DynamoDB is lost, the answer is 503 and nothing is written twice."""
    tasks = {operation: api.add(operation) for operation in OPERATIONS}
    wire.inject(fault)
    answers = _answers(api, tasks)
    wire.clear_faults()
    assert {answer.status for answer in answers.values()} == {503}
    titles = [task["title"] for task in api("GET", "/tasks").json()]
    assert titles.count("new") == 2
    assert titles.count("changed") == 1
    assert "DeleteItem" not in titles
    updated = api("GET", f"/tasks/{tasks['UpdateItem']['task_id']}").json()
    assert updated["version"] == 2


@pytest.mark.parametrize(
    "fault",
    [
        "dropped",
        pytest.param("slow", marks=pytest.mark.soak),
        "500",
        "ThrottlingException",
        "answer lost",
        "answer cut off",
    ],
)
def test_transient_fault_is_retried(api, wire, fault: str):
    """After one fault, even a lost response, the call is retried and done exactly once."""
    tasks = {operation: api.add(operation) for operation in OPERATIONS}
    wire.inject(fault, times=1)
    answers = _answers(api, tasks)
    assert all(wire.calls.count(operation) >= 2 for operation in OPERATIONS)
    wire.clear_faults()
    listed = api("GET", "/tasks").json()
    assert [answers[operation].status for operation in OPERATIONS] == [200, 200, 201, 201, 200, 204]
    assert answers["UpdateItem"].json() in listed
    assert answers["UpdateItem"].headers["etag"] == '"2"'
    assert tasks["DeleteItem"] not in listed
    new = [task for task in listed if task["title"] == "new"]
    assert len(new) == 2
    assert all(answers[operation].json() in new for operation in ("PutItem", "TransactWriteItems"))


def test_unreachable_database_is_503(api, monkeypatch):
    """An endpoint that refuses connections answers 503."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(dynamodb, "client", Client)
    assert api("GET", "/tasks").status == 503


def test_slow_calls_do_not_exceed_the_deadline(api, wire, shards):
    """Nine calls of 1.3 s each do not fit into 8 s: the function answers 503 in time."""
    shards(3)
    wire.inject("late")
    answer = api.send(api.event("GET", "/tasks"), seconds_left=8)
    assert answer.status == 503


@pytest.mark.parametrize("seconds_left", [0.1, 3, 6])
def test_no_call_starts_too_late(api, wire, seconds_left: float):
    """With less time left than a call may take, the answer is 503 at once."""
    api.add()
    wire.clear_faults()
    answer = api.send(api.event("POST", "/tasks", {"title": "x"}), seconds_left=seconds_left)
    assert answer.status == 503
    assert wire.calls == []


def test_retried_update_does_not_conflict_with_itself(api, wire):
    """An update with If-Match succeeds although the response to its first attempt was lost."""
    path = f"/tasks/{api.add()['task_id']}"
    wire.inject("answer lost", times=1)
    answer = api("PUT", path, {"title": "new"}, headers={"If-Match": '"1"'})
    assert (answer.status, answer.headers["etag"]) == (200, '"2"')


def test_retried_delete_of_another_version_is_rejected(api, wire):
    """A retried DELETE still compares versions."""
    path = f"/tasks/{api.add()['task_id']}"
    wire.inject("dropped", times=1)
    assert api("DELETE", path, headers={"If-Match": '"7"'}).status == 412


def test_post_with_a_key_can_be_retried_after_503(api, wire):
    """A POST with Idempotency-Key that was written but answered 503 creates one task."""
    wire.inject("answer lost", times=2)
    assert api("POST", "/tasks", {"title": "x"}, headers=KEY).status == 503
    wire.clear_faults()
    answer = api("POST", "/tasks", {"title": "x"}, headers=KEY)
    assert answer.status == 201
    assert api("GET", "/tasks").json() == [answer.json()]


def test_throttled_transaction_is_503(api, wire):
    """A transaction that is cancelled by throttling is not a conflict."""
    wire.inject("ThrottlingError")
    answer = api("POST", "/tasks", {"title": "x"}, headers=KEY)
    assert (answer.status, answer.slug) == (503, "unavailable")


def test_unavailable_database_is_logged_as_a_warning(api, wire, capsys):
    """The log names the fault that the response hides."""
    wire.inject("ThrottlingException")
    api("GET", "/tasks")
    line = capsys.readouterr().out
    assert '"level": "WARNING"' in line
    assert "ThrottlingException" in line


@pytest.mark.parametrize("fault", ["AccessDeniedException", "ResourceNotFoundException"])
def test_permanent_error_raises(api, wire, fault: str):
    """An error that no request causes and no retry fixes raises, so that the error alarm fires."""
    wire.inject(fault)
    with pytest.raises(Exception, match=fault):
        api("GET", "/tasks")
