"""The function's package as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tasktracker_ops.models.package import Package, PackagePart

PACKAGE = Package(
    path=Path("/p/function.zip"),
    sources={"api.py": "01", "handler.py": "02"},
    sources_sha256="cd34",
    platform="Python 3.12 on Lambda's arm64",
    parts=(PackagePart("numpy", "2.1", 1000, 9000), PackagePart("lambda_function/", None, 2, 300)),
    size=1234,
    unpacked_size=9300,
    sha256="ab12",
    changed=True,
)


def test_a_package_lists_what_makes_its_size(show: Callable[..., str]) -> None:
    """The largest first; the rest is summed up, and the digests follow."""
    text = show(PACKAGE)
    assert "function.zip built, with packages for Python 3.12 on Lambda's arm64" in text
    assert re.search(r"numpy +2\.1 +1,000 +9,000\nlambda_function/ +2 +300\n", text)
    for part in ("1,234 bytes", "ab12", "cd34"):
        assert part in text
    small = tuple(PackagePart(f"p{number}", "1", 1, 10) for number in range(12))
    other = replace(PACKAGE, changed=False, platform=None, parts=PACKAGE.parts + small)
    assert "function.zip up to date\n" in show(other)
    assert re.search(r"p7 +1 +1 +10\n4 more +4 +40\n", show(other))


def test_a_package_of_sources_alone_needs_no_table(show: Callable[..., str]) -> None:
    """What makes its size is one line."""
    text = show(replace(PACKAGE, platform=None, parts=PACKAGE.parts[1:]))
    assert text.splitlines()[:3] == ["function.zip built", "", "files    2"]
