"""One deployment on the local target that all tests of this folder read, and leave as it was.

- `live`: the clone that it was deployed from, with two partitions per status and no throttling
  to speak of.
- `api`: its address.
- `aws`: makes boto3 clients of its emulator.

The tests may add tasks, send requests and start drills; they run one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.conftest import LOCAL, Clone, clients, make_backend


@pytest.fixture(scope="session")
def live(make_clone: Callable[..., Clone]) -> Iterator[Clone]:
    """Deploy once; the emulator ends with the session."""
    clone = make_clone(
        **LOCAL,
        TF_VAR_api_throttle_rate="5000",
        TF_VAR_api_throttle_burst="5000",
        TF_VAR_dynamodb_status_shards="2",
    )
    make_backend(clone)
    clone.succeed("deploy", "--yes")
    yield clone
    clone.run("local", "down")


@pytest.fixture(scope="session")
def api(live: Clone) -> str:
    """Return the API's address as `outputs` prints it."""
    return str(live.read("outputs")["api_url"])


@pytest.fixture(scope="session")
def aws(live: Clone) -> Callable[[str], Any]:
    """Make clients of the emulator."""
    return clients(live)
