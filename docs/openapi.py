"""Write what is generated from `openapi.yaml`: `openapi.json`, `api.md` and `api.html`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tasktracker_ops.emulator.api_markdown import markdown
from tasktracker_ops.emulator.api_page import api_page

DOCS = Path(__file__).parent
SOURCE = DOCS / "openapi.yaml"
SERVED = DOCS.parent / "lambda_function" / "openapi.json"
PAGE = DOCS / "api.md"
WEB_PAGE = DOCS / "api.html"


def load() -> dict[str, Any]:
    """Return the description of the API."""
    document: dict[str, Any] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return document


def served(document: Mapping[str, Any]) -> str:
    """Return the description as JSON, on one line."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def page(document: Mapping[str, Any]) -> str:
    """Return the description as Markdown."""
    origin = "Generated from [openapi.yaml](openapi.yaml), which `GET /openapi.json` serves."
    return markdown(document, origin)


def web_page(document: Mapping[str, Any]) -> str:
    """Return the description as a page for a browser."""
    return api_page(document, "A deployed API serves this description: `GET /openapi.json`.")


if __name__ == "__main__":
    document = load()
    SERVED.write_text(served(document), encoding="utf-8")
    PAGE.write_text(page(document), encoding="utf-8")
    WEB_PAGE.write_text(web_page(document), encoding="utf-8")
