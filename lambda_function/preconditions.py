"""Conditional requests: ``If-Match`` and ``If-None-Match`` (RFC 9110, section 13)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ENTITY_TAG = re.compile(r'(W/)?"([^"]*)"')
_VERSION = re.compile(r"0|[1-9][0-9]{0,14}")
_MAX_TAGS = 50  # of each header; DynamoDB's IN takes 100 operands


@dataclass(frozen=True, slots=True)
class Precondition:
    """The versions that a write accepts (None: any), and those that it rejects."""

    accepted: tuple[int, ...] | None = None
    rejected: tuple[int, ...] = ()

    def allows(self, version: int) -> bool:
        """Return whether a task of this version may be written."""
        accepted = self.accepted is None or version in self.accepted
        return accepted and version not in self.rejected


def precondition(headers: Mapping[str, str]) -> Precondition:
    """Return the precondition of a write to a task that exists."""
    match, none_match = headers.get("if-match"), headers.get("if-none-match", "")
    rejected = _versions(none_match)
    # "*" accepts no task that exists. Nor do more tags than can be compared: the one left out could
    # be the task's.
    if none_match.strip() == "*" or len(rejected) > _MAX_TAGS:
        return Precondition(accepted=())
    if match is None or match.strip() == "*":
        return Precondition(rejected=rejected)
    return Precondition(_versions(match, strong=True)[:_MAX_TAGS], rejected)


def is_create(headers: Mapping[str, str]) -> bool:
    """Return whether a PUT may only create (RFC 9110, section 13.1.2)."""
    return headers.get("if-none-match", "").strip() == "*" and "if-match" not in headers


def if_match_fails(headers: Mapping[str, str], etag: str) -> bool:
    """Return whether ``If-Match`` is given without the entity tag, by strong comparison."""
    field = headers.get("if-match", "*")
    return field.strip() != "*" and ("", etag.strip('"')) not in _ENTITY_TAG.findall(field)


def if_none_match_fails(headers: Mapping[str, str], etag: str) -> bool:
    """Return whether ``If-None-Match`` has the entity tag, by weak comparison."""
    field = headers.get("if-none-match", "")
    return field.strip() == "*" or etag in (f'"{tag}"' for _, tag in _ENTITY_TAG.findall(field))


def _versions(field: str, *, strong: bool = False) -> tuple[int, ...]:
    # Other tags match nothing; nor do weak ones in a strong comparison.
    versions = [
        int(tag)
        for weak, tag in _ENTITY_TAG.findall(field)
        if not (weak and strong) and _VERSION.fullmatch(tag)
    ]
    return tuple(dict.fromkeys(versions))
