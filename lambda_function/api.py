"""The resources of the API: one function for each route and method."""

import hashlib
import time
from functools import cache
from pathlib import Path

import store
from http_events import JSON, MERGE_PATCH, Request, Response, json_response, response
from idempotency import new_record
from pages import page_request
from preconditions import if_match_fails, if_none_match_fails, is_create, precondition
from problems import VersionMismatch
from tasks import Task, new_task, task_changes, task_patch

SLOW_SECONDS = 1.5  # above the 1,000 ms of LambdaDurationAlarm


class FireDrill(Exception):
    """An error on purpose, which Lambda counts."""


def health(request: Request) -> Response:
    """Answer ``GET /health``: 200 while the function runs; DynamoDB is not called."""
    return response(200, {"status": "ok"})


def describe(request: Request) -> Response:
    """Answer ``GET /openapi.json``: 200 and the API's description; DynamoDB is not called."""
    text = _description()
    return _conditional(request, json_response(200, text, ETag=_content_tag(text)))


def list_tasks(request: Request) -> Response:
    """Answer ``GET /tasks?status=&limit=&cursor=``: 200, an array, the next page in ``Link``."""
    wanted = page_request(request.query)
    table = store.connect(request.deadline)
    # One more than the limit, to know whether there is a next page.
    page = wanted.page(table.newest_tasks(wanted.status, wanted.before, wanted.limit + 1))
    headers = {} if page.next is None else {"Link": f'<{page.next}>; rel="next"'}
    tag = _content_tag(f"{page.next} {page.text}")
    return _conditional(request, json_response(200, page.text, ETag=tag, **headers))


def create_task(request: Request) -> Response:
    """Answer ``POST /tasks``: 201 and the task; with ``Idempotency-Key`` only once."""
    task = new_task(request.json(JSON))
    key = request.headers.get("idempotency-key")
    table = store.connect(request.deadline)
    if key is None:
        table.create(task)
    else:
        record = new_record(key, task)
        task = table.create_once(task, record).replay(record)
    # Relative, since only the client knows the stage or base path before it (RFC 9110, 10.2.2).
    return _task_response(201, task, Location=f"tasks/{task.task_id}")


def show_task(request: Request, task_id: str) -> Response:
    """Answer ``GET /tasks/{task_id}``: 200 and the task, or 304 if the client has this version."""
    task = store.connect(request.deadline).read(task_id)
    return _conditional(request, _task_response(200, task))


def update_task(request: Request, task_id: str) -> Response:
    """Answer ``PUT /tasks/{task_id}``: 200 and the task with the given fields changed.

    With ``If-None-Match: *`` create the task under this id instead: 201, or 412 if it exists.
    """
    if is_create(request.headers):
        return _create_under_id(request, task_id)
    changes = task_changes(request.json(JSON))
    table = store.connect(request.deadline)
    return _task_response(200, table.update(task_id, changes, precondition(request.headers)))


def patch_task(request: Request, task_id: str) -> Response:
    """Answer ``PATCH /tasks/{task_id}``: 200 and the task with a merge patch applied (RFC 7396)."""
    # Not application/json: the media type defines what a patch means (RFC 5789, section 2).
    changes = task_patch(request.json(MERGE_PATCH))
    table = store.connect(request.deadline)
    return _task_response(200, table.update(task_id, changes, precondition(request.headers)))


def delete_task(request: Request, task_id: str) -> Response:
    """Answer ``DELETE /tasks/{task_id}``: 204."""
    store.connect(request.deadline).delete(task_id, precondition(request.headers))
    return response(204)


def trigger_error(request: Request) -> Response:
    """Raise ``FireDrill``: a drill for ``LambdaErrorAlarm``."""
    raise FireDrill("/trigger-error was called: this is a drill.")


def trigger_slow(request: Request) -> Response:
    """Answer 200 after ``SLOW_SECONDS``: a drill for ``LambdaDurationAlarm``."""
    time.sleep(SLOW_SECONDS)
    return response(200, {"status": "ok", "slept_seconds": SLOW_SECONDS})


def _create_under_id(request: Request, task_id: str) -> Response:
    task = new_task(request.json(JSON), task_id)
    store.connect(request.deadline).create(task)
    return _task_response(201, task, Location=task_id)  # relative to this URL


@cache
def _description() -> str:
    return Path(__file__).with_name("openapi.json").read_text(encoding="utf-8")


def _content_tag(text: str) -> str:
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _task_response(status: int, task: Task, **headers: str) -> Response:
    return json_response(status, task.json(), ETag=task.etag, **headers)


def _conditional(request: Request, full: Response) -> Response:
    headers = full["headers"]
    # If-Match comes first, for reads too (RFC 9110, sections 13.1.1 and 13.2.2).
    if if_match_fails(request.headers, headers["ETag"]):
        raise VersionMismatch("If-Match names another version; read without it.")
    if not if_none_match_fails(request.headers, headers["ETag"]):
        return full
    del headers["Content-Type"]
    return response(304, **headers)
