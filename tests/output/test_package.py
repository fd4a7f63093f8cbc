"""The function's package, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tasktracker_ops.models.package import Package

PACKAGE = Package(
    path=Path("/p/function.zip"),
    sources={"api.py": "01", "handler.py": "02"},
    sources_sha256="cd34",
    size=1234,
    sha256="ab12",
    changed=True,
)


def test_json_keys_are_stable(show: Callable[..., str]) -> None:
    """Scripts read them: a key may be added, but not removed or renamed."""
    assert list(json.loads(show(PACKAGE, output="json"))) == [
        "path",
        "sources",
        "sources_sha256",
        "size",
        "sha256",
        "changed",
    ]


def test_a_package_lists_its_files(show: Callable[..., str]) -> None:
    """The size and the digest follow."""
    text = show(PACKAGE)
    for part in ("function.zip built", "  handler.py", "1,234 bytes", "ab12"):
        assert part in text
    assert "function.zip up to date" in show(replace(PACKAGE, changed=False))
