"""Cursors for schemathesis: no schema describes which of them belong to which list."""

import sys
from pathlib import Path
from typing import Any

import schemathesis

sys.path.insert(0, str(Path(__file__).parents[2] / "lambda_function"))

from pages import cursor_after


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Turn the cursor of a request that is meant to be valid into one of its list."""
    if case.query and "cursor" in case.query and case.meta.generation.mode.is_positive:
        case.query["cursor"] = cursor_after(str(case.query["cursor"]), case.query.get("status"))
