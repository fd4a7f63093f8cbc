"""The function's package as text."""

from __future__ import annotations

from tasktracker_ops.models.package import Package

from .results import summary_title, text
from .screen import Screen
from .text import pairs, table

_SHOWN = 10


@text.register
@summary_title("Build")
def _(result: Package, screen: Screen) -> str:
    state = "built" if result.changed else "up to date"
    platform = f", with packages for {result.platform}" if result.platform else ""
    files = sum(each.files for each in result.parts)
    whole = pairs(
        {
            "files": f"{files:,}",
            "size": f"{result.size:,} bytes",
            "sha256": result.sha256,
            "sources": result.sources_sha256,
        }
    )
    # The sources alone need no table, whose library is a tenth of the build's processor time.
    parts = [_parts(result)] if len(result.parts) > 1 else []
    return "\n\n".join([f"{result.path.name} {state}{platform}", *parts, whole])


def _parts(package: Package) -> str:
    shown, rest = package.parts[:_SHOWN], package.parts[_SHOWN:]
    rows = [(each.name, each.version, f"{each.files:,}", f"{each.size:,}") for each in shown]
    if rest:
        files, size = sum(each.files for each in rest), sum(each.size for each in rest)
        rows.append((f"{len(rest)} more", "", f"{files:,}", f"{size:,}"))
    return table(["part", "version", "files", "bytes"], rows, right=("files", "bytes"))
