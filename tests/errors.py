"""The errors that tests expect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tasktracker_ops.errors import TtOpsError


@contextmanager
def raises(code: str, match: str | None = None) -> Iterator[pytest.ExceptionInfo[TtOpsError]]:
    """Expect the error with this code, and with a message that matches."""
    with pytest.raises(TtOpsError, match=match) as caught:
        yield caught
    assert caught.value.code == code
