"""Emulators that are processes of their own.

`aws` is one that tests share and leave as it is; `directory` is for one that a test starts itself,
`aws_in` starts it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasktracker_ops.local import process
from tests.emulator.aws import Aws
from tests.emulator.conftest import aws as aws
from tests.emulator.conftest import eventually as eventually


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Return a folder for an emulator of the test's own, which is stopped at the end."""
    yield tmp_path
    process.stop(tmp_path)


@pytest.fixture
def aws_in(directory: Path) -> Callable[[], Aws]:
    """Return what starts an emulator of the test's own."""
    return lambda: Aws(process.start(directory, 0))
