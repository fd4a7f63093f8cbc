"""A `gh` for rehearsals: `gh api` on the comments of one pull request, which are kept in a file.

GH_COMMENTS names the file. What GitHub's own program would refuse, or our workflows do not use,
ends with code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jq

BOT = "github-actions[bot]"
_LIMIT = 65_536  # characters of a comment
_LIST = re.compile(r"repos/[\w.-]+/[\w.-]+/issues/(\d+)/comments")
_ONE = re.compile(r"repos/[\w.-]+/[\w.-]+/issues/comments/(\d+)")


def main(arguments: Sequence[str]) -> None:
    """Run `gh` with these arguments."""
    store = Path(os.environ["GH_COMMENTS"])
    if not os.environ.get("GH_TOKEN"):
        sys.exit("gh: no GH_TOKEN")
    parser = argparse.ArgumentParser("gh", allow_abbrev=False)
    parser.add_argument("command", choices=["api"])
    parser.add_argument("path")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--method")
    parser.add_argument("--jq")
    parser.add_argument("-F", dest="field")
    asked = parser.parse_args(arguments)
    method = asked.method or ("POST" if asked.field else "GET")
    comments: list[dict[str, Any]] = json.loads(store.read_text())
    if method == "GET":
        _show(asked, comments)
        return
    body = _body(asked.field)
    _write(method, asked.path, body, comments)
    store.write_text(json.dumps(comments))
    if not asked.silent:
        sys.exit("gh: prints the comment into the log")


def _show(asked: argparse.Namespace, comments: list[dict[str, Any]]) -> None:
    address = urlsplit(asked.path)
    if not _LIST.fullmatch(address.path):
        sys.exit("gh: Not Found (HTTP 404)")
    size = min(int(parse_qs(address.query).get("per_page", ["30"])[0]), 100)
    pages = [comments[at : at + size] for at in range(0, max(len(comments), 1), size)]
    for page in pages if asked.paginate else pages[:1]:
        for value in jq.compile(asked.jq).input_value(page).all():
            print(value if isinstance(value, str) else json.dumps(value))


def _body(field: str) -> str:
    name, _, value = field.partition("=")
    if name != "body" or not value.startswith("@"):
        sys.exit("gh: Invalid request (HTTP 422)")
    body = Path(value[1:]).read_text(encoding="utf-8")
    if not 0 < len(body) <= _LIMIT:
        sys.exit("gh: Validation Failed: body is too long (HTTP 422)")
    return body


def _write(method: str, path: str, body: str, comments: list[dict[str, Any]]) -> None:
    if method == "POST" and _LIST.fullmatch(path):
        comments.append({"id": 1000 + len(comments), "user": {"login": BOT}, "body": body})
        return
    found = _ONE.fullmatch(path)
    comment = next((c for c in comments if found and c["id"] == int(found[1])), None)
    if method != "PATCH" or comment is None or comment["user"]["login"] != BOT:
        sys.exit("gh: Not Found (HTTP 404)")
    comment["body"] = body


if __name__ == "__main__":
    main(sys.argv[1:])
