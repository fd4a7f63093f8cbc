"""DynamoDB throttles, fails or falls silent: 503 and Retry-After, and nothing done twice."""

from typing import Any

import pytest

FAULTS = [
    "dropped",
    "slow",
    "unreachable",
    "500",
    "garbage",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionConflictException",
]
KEY = {"Idempotency-Key": "one"}


def _requests(task_id: str) -> dict[str, tuple[Any, ...]]:
    path = f"/tasks/{task_id}"
    return {
        "Scan": ("GET", "/tasks"),
        "GetItem": ("GET", path),
        "PutItem": ("POST", "/tasks", {"title": "x"}),
        "TransactWriteItems": ("POST", "/tasks", {"title": "x"}),
        "UpdateItem": ("PUT", path, {"title": "x"}),
        "DeleteItem": ("DELETE", path),
    }


def _send(api: Any, operation: str, task_id: str) -> Any:
    headers = KEY if operation == "TransactWriteItems" else {}
    return api(*_requests(task_id)[operation], headers=headers)


@pytest.mark.parametrize("operation", list(_requests("")))
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_that_stays_is_503(api, faults, fault: str, operation: str):
    """A fault in any call answers 503 with Retry-After, says nothing of it, changes nothing."""
    task = api.add()
    faults.inject(fault, operation, times=99)
    answer = _send(api, operation, task["task_id"])
    assert (answer.status, answer.slug) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["detail"] == "The database does not answer now; try again."
    assert len(faults.calls) <= 2
    faults.inject("none", times=0)
    assert api("GET", "/tasks").json() == [task]


@pytest.mark.parametrize("operation", list(_requests("")))
@pytest.mark.parametrize("fault", ["dropped", "500", "ThrottlingException", "answer lost"])
def test_fault_that_passes_is_not_seen(api, faults, fault: str, operation: str):
    """After one fault, a lost answer included, the request is repeated and done exactly once."""
    task = api.add()
    faults.inject(fault, operation, times=1)
    answer = _send(api, operation, task["task_id"])
    assert faults.calls[:2] == [operation] * 2
    assert answer.status in (200, 201, 204)
    tasks = {listed["task_id"]: listed for listed in api("GET", "/tasks").json()}
    if operation == "UpdateItem":
        assert answer.headers["etag"] == '"2"'
        assert tasks == {task["task_id"]: answer.json()}
    elif operation == "DeleteItem":
        assert tasks == {}
    elif operation in ("PutItem", "TransactWriteItems"):
        assert answer.json() in tasks.values()
        assert len(tasks) == 2


def test_lost_answer_is_no_mismatch(api, faults):
    """An update with If-Match whose answer was lost is not refused by its own success."""
    path = f"/tasks/{api.add()['task_id']}"
    faults.inject("answer lost", "UpdateItem", times=1)
    answer = api("PUT", path, {"title": "new"}, headers={"If-Match": '"1"'})
    assert (answer.status, answer.headers["etag"]) == (200, '"2"')


def test_delete_of_another_version_is_refused_after_a_fault(api, faults):
    """A repeated DELETE still compares versions."""
    path = f"/tasks/{api.add()['task_id']}"
    faults.inject("dropped", "DeleteItem", times=1)
    assert api("DELETE", path, headers={"If-Match": '"7"'}).status == 412


def test_client_that_tries_again_after_503_makes_one_task(api, faults):
    """With a key, a POST that was written but answered 503 can be repeated."""
    faults.inject("answer lost", "TransactWriteItems", times=2)
    assert api("POST", "/tasks", {"title": "x"}, headers=KEY).status == 503
    answer = api("POST", "/tasks", {"title": "x"}, headers=KEY)
    assert answer.status == 201
    assert api("GET", "/tasks").json() == [answer.json()]


def test_database_away_is_a_warning_in_the_log(api, faults, capsys):
    """The log names the fault that the answer keeps to itself."""
    faults.inject("ThrottlingException", times=99)
    api("GET", "/tasks")
    line = capsys.readouterr().out
    assert '"level": "WARNING"' in line
    assert "ThrottlingException" in line


@pytest.mark.parametrize("fault", ["AccessDeniedException", "ResourceNotFoundException"])
def test_broken_deployment_is_raised(api, faults, fault: str):
    """What no request can cause and no waiting mends sets off the error alarm."""
    faults.inject(fault, times=99)
    with pytest.raises(Exception, match=fault):
        api("GET", "/tasks")
