"""What a task is, and which tasks clients may write."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from problems import FieldError, InvalidParameter, InvalidTask, ParameterError
from uuid7 import uuid7

STATUSES = ("pending", "in_progress", "done")
MAX_TITLE = 200  # characters
MAX_DESCRIPTION = 4_000  # characters

# No space, no control, nothing of Unicode's Default_Ignorable_Code_Point, no empty Braille pattern.
# Written so that it means the same to every dialect of JSON Schema's patterns, hence of the first
# plane only.
_VISIBLE = re.compile(
    r"[^\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    r"\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8]"
)
# What this service makes (version 7), and what its first implementation made (version 4).
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_UUID_RULE = "must be a UUID of version 4 or 7 in lower case"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEFAULTS = {"description": "", "status": STATUSES[0]}


@dataclass(frozen=True, slots=True)
class Task:
    """A task; times are RFC 3339 in UTC with milliseconds, ``version`` counts from 1."""

    task_id: str
    title: str
    description: str
    status: str
    created_at: str
    updated_at: str
    version: int

    @property
    def etag(self) -> str:
        """The strong entity tag of this version (RFC 9110, section 8.8.3)."""
        return f'"{self.version}"'

    def json(self) -> str:
        """Return the task as a JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False)


def new_task(body: object, task_id: str | None = None) -> Task:
    """Return a new task as a client described it, under a new id or the one given.

    ``created_at`` is the time in an id of UUID version 7 if that is past, else the present.
    Raises ``InvalidTask``, or ``InvalidParameter`` for an id that the service does not take.
    """
    if task_id is not None and not _UUID.fullmatch(task_id):
        raise InvalidParameter(
            f"A new task's id {_UUID_RULE}.",
            errors=[ParameterError(parameter="task_id", detail=_UUID_RULE)],
        )
    fields = {**_DEFAULTS, **_fields(body, required=("title",))}
    now = timestamp()
    created = now if task_id is None else min(_id_time(task_id) or now, now)
    return Task(task_id=task_id or uuid7(), created_at=created, updated_at=now, version=1, **fields)


def task_changes(body: object) -> dict[str, str]:
    """Return the fields that a client wants to change, at least one; raise ``InvalidTask``."""
    fields = _fields(body)
    if not fields:
        raise InvalidTask(f"Give at least one of {', '.join(_RULES)}.")
    return fields


def task_patch(body: object) -> dict[str, str]:
    """Return the fields that a merge patch changes, maybe none; raise ``InvalidTask``.

    A null removes a field: it gets the value that it has when it is not given (RFC 7396).
    """
    if isinstance(body, dict):
        body = {
            name: _DEFAULTS.get(name) if value is None else value for name, value in body.items()
        }
    return _fields(body)


def timestamp() -> str:
    """Return the present time as RFC 3339, e.g. ``2026-01-02T03:04:05.678Z``."""
    return _rfc3339(datetime.now(UTC))


def _id_time(task_id: str) -> str | None:
    """Return the time in an id of UUID version 7; None for another version, or past year 9999."""
    value = UUID(task_id)
    if value.version != 7:
        return None
    try:
        return _rfc3339(_EPOCH + timedelta(milliseconds=value.int >> 80))
    except OverflowError:
        return None


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _fields(body: object, required: tuple[str, ...] = ()) -> dict[str, str]:
    if not isinstance(body, dict):
        raise InvalidTask("A task is a JSON object.", errors=[_error("must be an object")])
    fields: dict[str, str] = {}
    errors = [_error("is required", name) for name in required if name not in body]
    for name, value in body.items():
        try:
            fields[name] = _RULES.get(name, _unknown)(value)
        except ValueError as error:
            errors.append(_error(str(error), name))
    if errors:
        raise InvalidTask("Some fields are missing, unknown or not valid.", errors=errors)
    return fields


def _title(value: object) -> str:
    title = _text(value)
    if len(title) > MAX_TITLE or not _VISIBLE.search(title):
        raise ValueError(f"must have 1 to {MAX_TITLE} characters, and one of them visible")
    return title.strip()


def _description(value: object) -> str:
    description = _text(value)
    if len(description) > MAX_DESCRIPTION:
        raise ValueError(f"must have at most {MAX_DESCRIPTION} characters")
    return description


def _status(value: object) -> str:
    if value not in STATUSES:
        raise ValueError(f"must be one of {', '.join(STATUSES)}")
    return str(value)


def _unknown(value: object) -> str:
    raise ValueError(f"is not a field that can be written; these are {', '.join(_RULES)}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must be valid Unicode, without lone surrogates")
    return value


_RULES: dict[str, Callable[[object], str]] = {
    "title": _title,
    "description": _description,
    "status": _status,
}


def _error(detail: str, name: str | None = None) -> FieldError:
    if name is None:
        return FieldError(pointer="#", detail=detail)
    escaped = name.replace("~", "~0").replace("/", "~1").encode(errors="replace")
    return FieldError(pointer="#/" + quote(escaped, safe="~"), detail=detail)
