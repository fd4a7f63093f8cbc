"""The resources of the API: one function for each route and method."""

import re

import store
from gateway import Request, Response, answer, json_answer
from idempotency import new_record
from pages import first_page, task_id_of
from tasks import Task, new_task, task_changes

_ENTITY_TAG = re.compile(r'(W/)?"([^"]*)"')
_VERSION = re.compile(r"0|[1-9][0-9]{0,14}")
_MAX_TAGS = 100  # operands of DynamoDB's IN


def health(request: Request) -> Response:
    """``GET /health``: 200 as long as the function runs; DynamoDB is not asked."""
    return answer(200, {"status": "ok"})


def list_tasks(request: Request) -> Response:
    """``GET /tasks?cursor=``: 200 and an array, newest first; the next page in ``Link``."""
    cursor = request.query.get("cursor")
    before = None if cursor is None else task_id_of(cursor)
    page = first_page(store.connect().newest_tasks(before))
    if page.cursor is None:
        return json_answer(200, page.text)
    return json_answer(200, page.text, Link=f'<tasks?cursor={page.cursor}>; rel="next"')


def create_task(request: Request) -> Response:
    """``POST /tasks``: 201 and the task; with ``Idempotency-Key`` only once."""
    task = new_task(request.json())
    key = request.headers.get("idempotency-key")
    if key is None:
        store.connect().create(task)
    else:
        record = new_record(key, task)
        task = store.connect().create_once(task, record).replay(record)
    # Relative, since only the client knows the stage or base path before it (RFC 9110, 10.2.2).
    return _task_answer(201, task, Location=f"tasks/{task.task_id}")


def show_task(request: Request, task_id: str) -> Response:
    """``GET /tasks/{task_id}``: 200 and the task."""
    return _task_answer(200, store.connect().read(task_id))


def update_task(request: Request, task_id: str) -> Response:
    """``PUT /tasks/{task_id}``: 200 and the task with the given fields changed."""
    changes = task_changes(request.json())
    return _task_answer(200, store.connect().update(task_id, changes, _expected(request)))


def delete_task(request: Request, task_id: str) -> Response:
    """``DELETE /tasks/{task_id}``: 204."""
    store.connect().delete(task_id, _expected(request))
    return answer(204)


def _task_answer(status: int, task: Task, **headers: str) -> Response:
    return json_answer(status, task.json(), ETag=task.etag, **headers)


def _expected(request: Request) -> tuple[int, ...] | None:
    """Return the versions that ``If-Match`` names, or None for any (RFC 9110, section 13.1.1)."""
    field = request.headers.get("if-match")
    if field is None or field.strip() == "*":
        return None
    # Weak tags and foreign ones match nothing.
    return tuple(
        int(tag) for weak, tag in _ENTITY_TAG.findall(field) if not weak and _VERSION.fullmatch(tag)
    )[:_MAX_TAGS]
