"""The task: its fields, their rules, and what clients may write."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from problems import FieldError, InvalidParameter, InvalidTask, ParameterError
from uuid7 import uuid7

STATUSES = ("pending", "in_progress", "done")
MAX_TITLE = 200  # characters
MAX_DESCRIPTION = 4_000  # characters

Rule = Callable[[object], str]  # returns the text to store, or raises ValueError("must be …")

# No white space, control character, Default_Ignorable_Code_Point or blank Braille pattern.
# Limited to the first plane, so that it means the same in every dialect of JSON Schema patterns.
_VISIBLE = re.compile(
    r"[^\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    r"\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8]"
)
# Version 7 is the present one; the first implementation of this service made version 4.
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_UUID_RULE = "must be a UUID of version 4 or 7 in lower case"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _title(value: object) -> str:
    title = _string(value)
    if len(title) > MAX_TITLE or not _VISIBLE.search(title):
        raise ValueError(f"must have 1 to {MAX_TITLE} characters, at least one of them visible")
    return title.strip()


def _text(longest: int) -> Rule:
    def rule(value: object) -> str:
        text = _string(value)
        if len(text) > longest:
            raise ValueError(f"must have at most {longest} characters")
        return text

    return rule


def _one_of(values: tuple[str, ...]) -> Rule:
    def rule(value: object) -> str:
        if value not in values:
            raise ValueError(f"must be one of {', '.join(values)}")
        return str(value)

    return rule


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must be valid Unicode, without lone surrogates")
    return value


def _writable(rule: Rule, default: Any = MISSING) -> Any:
    """Return a text field that clients may write, required unless it has a ``default``."""
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task; times are RFC 3339 in UTC with milliseconds, ``version`` counts from 1.

    Add a field here and nowhere else in the function. It needs a default, for tasks and
    idempotency records that were stored before it was added.
    """

    task_id: str
    title: str = _writable(_title)
    description: str = _writable(_text(MAX_DESCRIPTION), default="")
    status: str = _writable(_one_of(STATUSES), default=STATUSES[0])
    created_at: str
    updated_at: str
    version: int

    @property
    def etag(self) -> str:
        """Return the strong entity tag of this version (RFC 9110, section 8.8.3)."""
        return f'"{self.version}"'

    def json(self) -> str:
        """Return the task as a JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def content(self) -> dict[str, str]:
        """Return the fields that clients may write, without those at their defaults."""
        texts: dict[str, str] = {name: getattr(self, name) for name in _RULES}
        return {name: text for name, text in texts.items() if text != _DEFAULTS.get(name)}


_RULES: dict[str, Rule] = {
    each.name: each.metadata["rule"] for each in fields(Task) if "rule" in each.metadata
}
_DEFAULTS: dict[str, str] = {
    each.name: each.default for each in fields(Task) if each.default is not MISSING
}


def known_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are fields of ``Task``; a newer version may have stored more."""
    return {each.name: values[each.name] for each in fields(Task) if each.name in values}


def new_task(body: object, task_id: str | None = None) -> Task:
    """Return the new task in a body, under a new id or the one given.

    ``created_at`` is the time in an id of UUID version 7 if that is past, else now. Raise
    ``InvalidTask``, or ``InvalidParameter`` for an id that no new task can have.
    """
    if task_id is not None and not _UUID.fullmatch(task_id):
        raise InvalidParameter(
            f"The id of a new task {_UUID_RULE}.",
            errors=[ParameterError(parameter="task_id", detail=_UUID_RULE)],
        )
    required = [name for name in _RULES if name not in _DEFAULTS]
    texts = {**_DEFAULTS, **_validated(body, required)}
    now = timestamp()
    created = now if task_id is None else min(_id_time(task_id) or now, now)
    return Task(task_id=task_id or uuid7(), created_at=created, updated_at=now, version=1, **texts)


def task_changes(body: object) -> dict[str, str]:
    """Return the fields to change, at least one; raise ``InvalidTask``."""
    changes = _validated(body)
    if not changes:
        raise InvalidTask(f"Give at least one of {', '.join(_RULES)}.")
    return changes


def task_patch(body: object) -> dict[str, str]:
    """Return the fields that a merge patch changes, possibly none; raise ``InvalidTask``.

    A null sets a field to its default (RFC 7396).
    """
    if isinstance(body, dict):
        body = {
            name: _DEFAULTS.get(name) if value is None else value for name, value in body.items()
        }
    return _validated(body)


def timestamp() -> str:
    """Return the current time as RFC 3339, e.g. ``2026-01-02T03:04:05.678Z``."""
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


def _validated(body: object, required: list[str] | None = None) -> dict[str, str]:
    if not isinstance(body, dict):
        raise InvalidTask("A task is a JSON object.", errors=[_error("must be an object")])
    valid: dict[str, str] = {}
    errors = [_error("is required", name) for name in required or () if name not in body]
    for name, value in body.items():
        try:
            valid[name] = _RULES.get(name, _unknown)(value)
        except ValueError as error:
            errors.append(_error(str(error), name))
    if errors:
        raise InvalidTask("Some fields are missing, unknown or not valid.", errors=errors)
    return valid


def _unknown(value: object) -> str:
    raise ValueError(f"is not a field that can be written; use {', '.join(_RULES)}")


def _error(detail: str, name: str | None = None) -> FieldError:
    if name is None:
        return FieldError(pointer="#", detail=detail)
    escaped = name.replace("~", "~0").replace("/", "~1").encode(errors="replace")
    return FieldError(pointer="#/" + quote(escaped, safe="~"), detail=detail)
