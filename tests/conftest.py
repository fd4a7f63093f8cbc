"""What several suites need: Terraform, a server to talk to, the service, an issuer of tokens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from tasktracker_ops import settings
from tasktracker_ops.adapters.toolchain import TerraformBinary, Toolchain

from .http_server import server as server
from .issuer import issuer as issuer
from .issuer import signing_key as signing_key
from .service import dynamodb_client as dynamodb_client
from .service import service as service

# A busy machine makes no example wrong.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")
hypothesis.settings.register_profile("thorough")  # pytest --hypothesis-profile=thorough


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with deployments: they take longest, and wait more than they work."""
    items.sort(key=lambda item: not {"e2e", "pipeline"} & set(item.path.parts))


@pytest.fixture(scope="session", autouse=True)
def no_account() -> Iterator[None]:
    """Whatever the user's AWS or CI variables say, no test hears it unless it sets them itself."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name == "CI" or name.startswith(("AWS_", "GITHUB_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def terraform_binary() -> TerraformBinary:
    """The Terraform of this machine, found as tt-ops finds it; nothing is downloaded."""
    found = settings.load({}, os.environ)
    return Toolchain(
        configured=found.terraform,
        environment=os.environ,
        cache=found.cache_dir,
        approve=lambda question: False,
        releases=found.terraform_releases_url,
    ).terraform()


@pytest.fixture(scope="session")
def table_definition() -> dict[str, Any]:
    """The service's table as Terraform makes it, as arguments of CreateTable."""
    return {
        "TableName": "TaskTable",
        "KeySchema": [{"AttributeName": "task_id", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("task_id", "status")
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "status-task_id-index",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "task_id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


# A process of its own: in ours, the embedded AWS may have changed moto.
_MOTO = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A plain moto server on a free port, which ends with the module."""
    command = [sys.executable, "-c", _MOTO]
    streams: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True, **streams) as process:
        yield process.stdout.readline().strip()
