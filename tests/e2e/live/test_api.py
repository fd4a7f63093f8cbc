"""The service as clients meet it: over HTTP, through the gateway, in the deployed function."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import boto3
import pytest
import requests

from .policies import actions, granted

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone

ROOT = Path(__file__).parents[2]
FUNCTION = ROOT / "lambda_function"
MERGE_PATCH = "application/merge-patch+json"
VARIABLES = {
    "TF_VAR_api_throttle_rate": "5000",
    "TF_VAR_api_throttle_burst": "5000",
    "TF_VAR_dynamodb_status_shards": "2",
}


@pytest.fixture(scope="module")
def live(clone: Clone) -> Clone:
    """A deployment with two partitions for each status, and no throttling to speak of."""
    clone.succeed("deploy", "--yes", **VARIABLES)
    return clone


@pytest.fixture(scope="module")
def tasks(live: Clone) -> str:
    """The address of the tasks."""
    return str(live.read("outputs")["api_url"]) + "/tasks"


@pytest.fixture(scope="module")
def aws(live: Clone) -> Callable[[str], Any]:
    """Make clients of the embedded AWS."""
    endpoint = live.read("local", "status")["url"]
    session = boto3.Session("a", "b", region_name="eu-west-3")
    return lambda service: session.client(service, endpoint_url=endpoint)


def _add(tasks: str, title: str = "t", **fields: str) -> requests.Response:
    return requests.post(tasks, json={"title": title, **fields}, timeout=30)


def test_no_increment_is_lost(tasks: str) -> None:
    """8 clients that add 1 to a number 25 times each, with If-Match and retry, end at 200."""
    task = f"{tasks}/{_add(tasks, '0').json()['task_id']}"

    def increment_25_times() -> None:
        with requests.Session() as http:
            for _ in range(25):
                status = 412
                while status == 412:
                    seen = http.get(task, timeout=30)
                    status = http.patch(
                        task,
                        data=json.dumps({"title": str(int(seen.json()["title"]) + 1)}),
                        headers={"Content-Type": MERGE_PATCH, "If-Match": seen.headers["ETag"]},
                        timeout=30,
                    ).status_code
                    if status == 412:
                        time.sleep(random.random() / 10)
                assert status == 200

    with ThreadPoolExecutor(8) as clients:
        for client in [clients.submit(increment_25_times) for _ in range(8)]:
            client.result()
    last = requests.get(task, timeout=30).json()
    assert (last["title"], last["version"]) == ("200", 201)


def test_twenty_parallel_posts_with_one_key_make_one_task(tasks: str) -> None:
    """20 POSTs with one Idempotency-Key at once get one answer."""

    def post(_: int) -> requests.Response:
        key = {"Idempotency-Key": "only once"}
        return requests.post(tasks, json={"title": "once"}, headers=key, timeout=30)

    with ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(post, range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    titles = [task["title"] for task in requests.get(tasks, timeout=30).json()]
    assert titles.count("once") == 1


def test_pages_are_followed_by_their_links(tasks: str) -> None:
    """The Link of a page, resolved against its address, leads through the whole list."""
    added = [_add(tasks, status="in_progress").json()["task_id"] for _ in range(7)]
    page = requests.get(tasks, {"status": "in_progress", "limit": "3"}, timeout=30)
    seen = [task["task_id"] for task in page.json()]
    while "next" in page.links:
        page = requests.get(urljoin(page.url, page.links["next"]["url"]), timeout=30)
        seen += [task["task_id"] for task in page.json()]
    assert seen == added[::-1]


@pytest.mark.parametrize("query", ["limit=5&limit=6", "status=done&status=pending", "limit=&x=1"])
def test_repeated_and_unknown_parameters_are_refused(tasks: str, query: str) -> None:
    """A parameter that is given twice, or does not exist, answers 400."""
    answer = requests.get(f"{tasks}?{query}", timeout=30)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_known_version_is_not_sent_again(tasks: str) -> None:
    """A conditional GET answers 304 with its tag and without a body, through the gateway too."""
    added = _add(tasks)
    address = urljoin(added.url, added.headers["Location"])
    tag = requests.get(address, timeout=30).headers["ETag"]
    answer = requests.get(address, headers={"If-None-Match": tag}, timeout=30)
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)


def test_delete_of_a_list_is_not_offered(tasks: str) -> None:
    """DELETE /tasks?status=done answers 405 and Allow."""
    answer = requests.delete(tasks, params={"status": "done"}, timeout=30)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "HEAD, GET, POST")


@pytest.fixture
def recorded(aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The DynamoDB calls of the function's code, run here on the deployed table."""
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

    calls: list[Any] = []

    def record(model: Any, params: Any, **_: Any) -> None:
        calls.append((model.name, json.loads(params["body"])))

    dynamodb.client.cache_clear()
    dynamodb.client().meta.events.register("before-call.dynamodb", record)
    yield calls
    dynamodb.client.cache_clear()


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
    assert {operation for operation, _ in recorded} == {
        name.title().replace("_", "") for name in written
    }
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
    boundary = (ROOT / "bootstrap/github/boundary.tf").read_text()
    assert set(re.findall(r'"((?:dynamodb|logs):\w+)"', boundary)) == actions([document])


def _listed_ids(tasks: str) -> list[str]:
    page = requests.get(tasks, {"limit": "100"}, timeout=30)
    return [task["task_id"] for task in page.json()]


def test_index_is_added_to_a_table_in_place(live: Clone, tasks: str) -> None:
    """A table from before the index gets it without being replaced, and its tasks are listed."""
    before = _listed_ids(tasks)
    assert before
    database = (live.path / "terraform/database.tf").read_text()
    (index,) = re.findall(r"(?ms)^  global_secondary_index {.*?^  }\n", database)
    attribute = '  attribute {\n    name = "status"\n    type = "S"\n  }\n'
    for block in (index, attribute):
        live.edit("terraform/database.tf", block, "")
    live.succeed("deploy", "--yes", "--no-smoke", **VARIABLES)
    assert requests.get(tasks, timeout=30).status_code == 500
    (live.path / "terraform/database.tf").write_text(database)
    planned = live.run("plan", "--output", "json", **VARIABLES)
    changes = {c["address"]: c["action"] for c in json.loads(planned.stdout)["changes"]}
    assert changes["aws_dynamodb_table.tasks"] == "update"
    assert set(changes.values()) == {"update"}
    live.succeed("deploy", "--yes", **VARIABLES)
    assert _listed_ids(tasks) == before


def test_partitions_are_added_by_a_variable(live: Clone, tasks: str) -> None:
    """Raising dynamodb_status_shards changes the function only; all tasks stay listed."""
    before = _listed_ids(tasks)
    grown = {**VARIABLES, "TF_VAR_dynamodb_status_shards": "3"}
    planned = live.run("plan", "--output", "json", **grown)
    assert {(c["address"], c["action"]) for c in json.loads(planned.stdout)["changes"]} == {
        ("aws_lambda_function.tracker", "update"),
        ("aws_lambda_alias.live", "update"),
    }
    live.succeed("deploy", "--yes", **grown)
    added = [_add(tasks).json()["task_id"] for _ in range(9)]
    assert _listed_ids(tasks) == [*added[::-1], *before]
