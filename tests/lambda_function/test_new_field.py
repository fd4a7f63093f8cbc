"""A field added to ``Task`` needs one declaration: everything else follows from it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FUNCTION = Path(__file__).parents[2] / "lambda_function"
STATUS = "    status: str = _writable(_one_of(STATUSES), default=STATUSES[0])\n"
PRIORITY = '    priority: str = _writable(_one_of(("low", "high")), default="low")\n'

# The function in a process of its own: one event on each line in, one response on each line out.
INVOKE = """
import contextlib, json, os, sys
import handler
for line in sys.stdin:
    with contextlib.redirect_stdout(sys.stderr):
        response = handler.lambda_handler(json.loads(line), None)
    print(json.dumps(response), flush=True)
"""


@pytest.fixture(scope="module")
def _process(
    function_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    copy = shutil.copytree(FUNCTION, tmp_path_factory.mktemp("function") / "function")
    declared = (copy / "tasks.py").read_text()
    assert declared.count(STATUS) == 1
    (copy / "tasks.py").write_text(declared.replace(STATUS, STATUS + PRIORITY))
    process = subprocess.Popen(
        [sys.executable, "-c", INVOKE],
        cwd=copy,
        env={**os.environ, **function_environment, "PYTHONPATH": str(copy)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        yield process
        assert process.stdin
        process.stdin.close()
        process.wait(10)


@pytest.fixture
def extended(api: Any, _process: Any) -> Any:
    """Return the API of a copy of the function with one more line, on the same table."""

    def send(method: str, path: str, body: object = None, **parts: Any) -> Any:
        event = json.dumps(api.event(method, path, body, **parts))
        print(event, file=_process.stdin, flush=True)
        response = json.loads(_process.stdout.readline())
        text = response["body"]
        return response["statusCode"], json.loads(text) if text else None

    return send


def test_one_declaration_adds_a_field(extended):
    """POST, GET, the list, PUT and PATCH take, store, validate and return it."""
    status, task = extended("POST", "/tasks", {"title": "t", "priority": "high"})
    assert (status, task["priority"]) == (201, "high")
    path = f"/tasks/{task['task_id']}"
    assert extended("GET", path) == (200, task)
    assert extended("GET", "/tasks") == (200, [task])
    assert extended("PUT", path, {"priority": "low"})[1]["priority"] == "low"
    assert extended("PUT", path, {"priority": "high"})[1]["priority"] == "high"
    merge_patch = {"content-type": "application/merge-patch+json"}
    assert extended("PATCH", path, {"priority": None}, headers=merge_patch)[1]["priority"] == "low"
    for method, where in (("POST", "/tasks"), ("PUT", path)):
        status, problem = extended(method, where, {"title": "t", "priority": "urgent"})
        assert (status, [e["pointer"] for e in problem["errors"]]) == (422, ["#/priority"])
    new_id = "019a9f5e-7a3c-7d10-9c55-2f0c6f3c1b7e"
    body, absent = {"title": "t", "priority": "high"}, {"If-None-Match": "*"}
    status, created = extended("PUT", f"/tasks/{new_id}", body, headers=absent)
    assert (status, created["priority"]) == (201, "high")


def test_an_added_field_counts_for_idempotency(extended):
    """A repeated POST is replayed with it, and a POST that differs only in it is rejected."""
    key = {"Idempotency-Key": "one"}
    body = {"title": "t", "priority": "high"}
    first = extended("POST", "/tasks", body, headers=key)
    assert first[0] == 201
    assert extended("POST", "/tasks", body, headers=key) == first
    assert extended("POST", "/tasks", {"title": "t"}, headers=key)[0] == 422


def test_tasks_and_records_without_the_field_are_read(api, extended):
    """Tasks and idempotency records without it have its default, also after another change."""
    key = {"Idempotency-Key": "one"}
    old = api("POST", "/tasks", {"title": "t"}, headers=key).json()
    expected = {**old, "priority": "low"}
    assert extended("POST", "/tasks", {"title": "t"}, headers=key) == (201, expected)
    path = f"/tasks/{old['task_id']}"
    assert extended("GET", path) == (200, expected)
    assert extended("GET", "/tasks") == (200, [expected])
    assert extended("PUT", path, {"title": "u"})[1]["priority"] == "low"


def test_a_version_without_the_field_reads_tasks_with_it(api, extended):
    """After a rollback tasks are read, and a repeated POST is replayed."""
    key = {"Idempotency-Key": "one"}
    _, task = extended("POST", "/tasks", {"title": "t"}, headers=key)
    del task["priority"]
    answer = api("POST", "/tasks", {"title": "t"}, headers=key)
    assert (answer.status, answer.json()) == (201, task)
    assert api("GET", f"/tasks/{task['task_id']}").json() == task
