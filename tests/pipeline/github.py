"""A `gh` for rehearsals: `gh api` on the issues, or the comments of one pull request, in a file.

GH_COMMENTS and GH_ISSUES name the files. What GitHub's own program would refuse, or our workflows
do not use, ends with code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jq

BOT = "github-actions[bot]"
_LIMIT = 65_536  # characters of a text
_REPOSITORY = r"repos/[\w.-]+/[\w.-]+/issues"


@dataclass(frozen=True)
class _Kind:
    """What is kept in a file: where GitHub has all of it and one, and what may be set."""

    store: str
    all: str
    one: str
    id: str
    fields: frozenset[str]


_KINDS = (
    _Kind(
        "GH_COMMENTS",
        rf"{_REPOSITORY}/\d+/comments",
        rf"{_REPOSITORY}/comments/(\d+)",
        "id",
        frozenset({"body"}),
    ),
    _Kind(
        "GH_ISSUES",
        _REPOSITORY,
        rf"{_REPOSITORY}/(\d+)",
        "number",
        frozenset({"title", "body", "state"}),
    ),
)


def main(arguments: Sequence[str]) -> None:
    """Run `gh` with these arguments."""
    if not os.environ.get("GH_TOKEN"):
        sys.exit("gh: no GH_TOKEN")
    parser = argparse.ArgumentParser("gh", allow_abbrev=False)
    parser.add_argument("command", choices=["api"])
    parser.add_argument("path")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--method")
    parser.add_argument("--jq")
    parser.add_argument("-F", dest="typed", action="append", default=[])
    parser.add_argument("-f", dest="raw", action="append", default=[])
    asked = parser.parse_args(arguments)
    fields = dict(_fields(asked))
    method = asked.method or ("POST" if fields else "GET")
    path = urlsplit(asked.path).path
    kind = next((k for k in _KINDS if re.fullmatch(f"{k.all}|{k.one}", path)), None)
    if kind is None or not fields.keys() <= kind.fields:
        sys.exit("gh: Not Found (HTTP 404)")
    store = Path(os.environ[kind.store])
    items: list[dict[str, Any]] = json.loads(store.read_text())
    if method == "GET":
        _show(asked, items)
        return
    _write(method, path, kind, fields, items)
    store.write_text(json.dumps(items))
    if not asked.silent:
        sys.exit("gh: prints the answer into the log")


def _fields(asked: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for field in asked.raw:
        name, _, value = field.partition("=")
        yield name, value
    for field in asked.typed:
        name, _, value = field.partition("=")
        if not value.startswith("@"):
            sys.exit("gh: Invalid request (HTTP 422)")
        yield name, Path(value[1:]).read_text(encoding="utf-8")


def _show(asked: argparse.Namespace, items: list[dict[str, Any]]) -> None:
    query = parse_qs(urlsplit(asked.path).query)
    state = query.get("state", [None])[0]
    found = [each for each in items if state is None or each["state"] == state]
    size = min(int(query.get("per_page", ["30"])[0]), 100)
    pages = [found[at : at + size] for at in range(0, max(len(found), 1), size)]
    for page in pages if asked.paginate else pages[:1]:
        for value in jq.compile(asked.jq).input_value(page).all():
            print(value if isinstance(value, str) else json.dumps(value))


def _write(
    method: str, path: str, kind: _Kind, fields: Mapping[str, str], items: list[dict[str, Any]]
) -> None:
    if "body" in fields and not 0 < len(fields["body"]) <= _LIMIT:
        sys.exit("gh: Validation Failed: body is too long (HTTP 422)")
    if method == "POST" and re.fullmatch(kind.all, path):
        made = {kind.id: 1000 + len(items), "user": {"login": BOT}, "state": "open"}
        items.append({**made, **fields})
        return
    found = re.fullmatch(kind.one, path)
    item = next((each for each in items if found and each[kind.id] == int(found[1])), None)
    if method != "PATCH" or item is None or item["user"]["login"] != BOT:
        sys.exit("gh: Not Found (HTTP 404)")
    item.update(fields)


if __name__ == "__main__":
    main(sys.argv[1:])
