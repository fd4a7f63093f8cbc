"""The log of a job as GitHub shows it."""

from __future__ import annotations


def folded(log: str) -> list[str]:
    """Return the lines outside of groups, and the groups' titles; no group is nested or open."""
    shown, inside = [], False
    for line in log.splitlines():
        if line.startswith("::group::"):
            assert not inside
            inside = True
            shown.append(line)
        elif line == "::endgroup::":
            assert inside
            inside = False
        elif not inside:
            shown.append(line)
    assert not inside
    return shown
