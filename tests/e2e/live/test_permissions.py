"""The function's role allows what its code does, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.policies import actions, granted

ROOT = Path(__file__).parents[3]
FUNCTION = ROOT / "lambda_function"
MERGE_PATCH = "application/merge-patch+json"


@pytest.fixture
def recorded(aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record the DynamoDB calls of the function's code, run here on the deployed table."""
    monkeypatch.syspath_prepend(str(FUNCTION))
    for name, value in {
        "AWS_ENDPOINT_URL": aws("dynamodb").meta.endpoint_url,
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "TASKS_TABLE_NAME": "TaskTable",
        "TASKS_INDEX_NAME": "status-task_id-index",
    }.items():
        monkeypatch.setenv(name, value)
    import dynamodb
    from dynamodb_client import Client

    calls: list[Any] = []

    class Recorder(Client):
        def call(self, operation: str, arguments: Any) -> dict[str, Any]:
            calls.append((operation, arguments))
            return super().call(operation, arguments)

    monkeypatch.setattr(dynamodb, "client", cache(Recorder))
    return calls


def _drive(table: Any) -> None:
    """Send requests through the handler until its code has made every call that it can make."""
    import handler

    def send(method: str, path: str, body: object = None, **headers: str) -> Any:
        kind = MERGE_PATCH if method == "PATCH" else "application/json"
        event = {
            "rawPath": path,
            "requestContext": {"http": {"method": method}},
            "headers": {"content-type": kind, **headers},
            "body": json.dumps(body),
        }
        return handler.lambda_handler(event, None)

    task = json.loads(send("POST", "/tasks", {"title": "t"})["body"])
    for _ in range(2):
        send("POST", "/tasks", {"title": "t"}, **{"idempotency-key": "permissions"})
    path = f"/tasks/{task['task_id']}"
    table.put_item(TableName="TaskTable", Item={"task_id": {"S": "damaged"}})
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        for each in (path, "/tasks/damaged", "/tasks/nothing"):
            assert send(method, each, {"status": "done"})["statusCode"] < 500
    send("GET", "/tasks")


def _permissions(table_arn: str, operation: str, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what IAM asks of a caller: TransactWriteItems needs the permissions of its parts."""
    if operation == "TransactWriteItems":
        for item in body["TransactItems"]:
            for part, details in item.items():
                name = {"ConditionCheck": "ConditionCheckItem"}.get(part, f"{part}Item")
                yield from _permissions(table_arn, name, details)
        return
    index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
    assert table_arn.endswith(f":table/{body['TableName']}")
    yield f"dynamodb:{operation}", table_arn + index


def test_role_allows_exactly_what_the_code_does(
    aws: Callable[[str], Any], recorded: list[Any]
) -> None:
    """Recorded calls are held against the deployed policy: none is refused, no action is unused.

    moto does not enforce policies, so this reads them: each call of the code, whose every
    operation has to occur, needs a statement with its action and its table or index. The boundary
    for deployments by GitHub allows the same actions.
    """
    _drive(aws("dynamodb"))
    text = (FUNCTION / "store.py").read_text()
    written = re.findall(r'(?:\.call|_write)\(\s*"(\w+)"', text)
    assert {operation for operation, _ in recorded} == set(written)
    table_arn = aws("dynamodb").describe_table(TableName="TaskTable")["Table"]["TableArn"]
    needed = {
        permission
        for operation, body in recorded
        for permission in _permissions(table_arn, operation, body)
    }
    role = aws("lambda").get_function(FunctionName="task-tracker-function")["Configuration"]["Role"]
    (name,) = aws("iam").list_role_policies(RoleName=role.rpartition("/")[2])["PolicyNames"]
    policy = aws("iam").get_role_policy(RoleName=role.rpartition("/")[2], PolicyName=name)
    document = policy["PolicyDocument"]
    for action, resource in needed:
        assert granted([document], action, resource), action
    assert {action for action, _ in needed} == {
        action for action in actions([document]) if action.startswith("dynamodb:")
    }
    boundary = (ROOT / "bootstrap/github/policies/boundary.json").read_text()
    assert set(re.findall(r'"((?:dynamodb|logs):\w+)"', boundary)) == actions([document])
