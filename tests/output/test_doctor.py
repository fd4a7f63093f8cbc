"""A diagnosis, as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from tasktracker_ops.models.doctor import Check, Diagnosis

DIAGNOSIS = Diagnosis(
    (
        Check("python", "ok", "3.12.1", None, 0.0),
        Check("deploy lock", "warning", "locked by ann\x1b", "release it: tt-ops unlock", 0.21),
        Check("api", "failed", "answers 404", "create it again: tt-ops deploy", 1.2),
        Check("api health", "skipped", "needs 'api'", None, 0.0),
    ),
    1.5,
)


def test_each_check_has_a_line_and_its_fix_below(show: Callable[..., str]) -> None:
    """The commands name the target."""
    assert show(DIAGNOSIS, target="local").splitlines() == [
        "python       ok         3.12.1",
        "deploy lock  warning    locked by ann\\x1b (0.2 s)",
        "             release it: tt-ops --target local unlock --yes",
        "api          failed     answers 404 (1.2 s)",
        "             create it again: tt-ops --target local deploy",
        "api health   skipped    needs 'api'",
        "",
        "1 ok, 1 warning, 1 failed, 1 skipped, in 1.5 s.",
    ]


def test_the_fixes_in_json_name_the_target(show: Callable[..., str]) -> None:
    """So a script can run them as they are."""
    result = json.loads(show(DIAGNOSIS, output="json", target="local"))
    assert result["checks"][2] == {
        "name": "api",
        "state": "failed",
        "detail": "answers 404",
        "fix": "create it again: tt-ops --target local deploy",
        "seconds": 1.2,
    }
    assert (result["seconds"], result["checks"][0]["fix"]) == (1.5, None)
