"""A function of the test's own with a version, in the process of the test.

- `function`: it has version 1, which is behind the alias `live`.
- `client`: the operations of Lambda.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.aws import Function

OLD = "def lambda_handler(event, context): return 'old'"
NEW = "def lambda_handler(event, context): return 'new'"


@pytest.fixture
def function(in_process_aws: Any) -> Function:
    """Return the function, whose code is `OLD`."""
    made: Function = in_process_aws.function(OLD)
    return made


@pytest.fixture
def client(in_process_aws: Any) -> Any:
    """Return a client of Lambda."""
    return in_process_aws.client("lambda")
