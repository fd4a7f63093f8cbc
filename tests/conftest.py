"""How the tests run, and the fixtures that several folders share.

- `terraform_binary`: the Terraform of this machine.
- `endpoint`: a plain moto server in a process of its own, empty for each module.
- `table_definition`: the service's table, as arguments of CreateTable.
- `server` (http_server.py): an HTTP server that gives the answers that a test has prepared.
- `service`, `dynamodb_client` (service.py): the function behind HTTP, on a table in moto.
- `issuer` (issuer.py): an issuer of JSON Web Tokens.

Every test has a limit of two minutes, and ten where it may wait for a deployment or downloads.
A file's tests run in one process, and so do those of tests/e2e/live, tests/e2e/pages and
tests/faults/deployed, each of which share a deployment.
Four sets of tests are left out by default: `soak`, `extended`, `browser` and `faults` (setup.cfg).
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from .http_server import server as server
from .issuer import issuer as issuer
from .issuer import signing_key as signing_key
from .service import dynamodb_client as dynamodb_client
from .service import service as service

if TYPE_CHECKING:
    from tasktracker_ops.adapters.terraform.toolchain import TerraformBinary

TESTS = Path(__file__).parent
# What waits longest comes first; short files come last, since they fill the processes to the end.
FIRST = (
    "e2e/test_deployment.py",
    "e2e/live",
    "pipeline/test_deploy.py",
    "faults/deployed",
    "faults/test_sequences.py",
    "e2e",
    "faults",
    "emulator/test_description.py",
    "clients",
    "pipeline",
    "workflows",
    "cli",
    "local",
    "emulator",
    "adapters",
)
SHARED = ("tests/e2e/live/", "tests/e2e/pages/", "tests/faults/deployed/")
LONG_SECONDS = 600


def pytest_configure() -> None:
    """Let Ctrl-C reach the tests and their child processes.

    A shell starts the background jobs of a script with SIGINT ignored, and children inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return three processes for two cores, since tests wait; none for one file or one test."""
    named = [config.invocation_params.dir / arg.partition("::")[0] for arg in config.args]
    if len(named) == 1 and named[0].is_file():
        return 0
    return max(2, 3 * (os.cpu_count() or 1) // 2)


class _OneProcessPerDeployment(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        """Return what has to run in one process: a file, or a folder that shares a deployment.

        Most faults need a deployment of their own.
        """
        for folder in SHARED:
            if nodeid.startswith(folder):
                return folder
        return nodeid if nodeid.startswith("tests/faults/") else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Distribute the tests over the processes by what they share."""
    return _OneProcessPerDeployment(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Import the tests in another order in each process.

    pytest rewrites the assertions of each file, which takes half a minute in all, and keeps the
    result: so no process repeats what another one has done.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    if workers > 1 and session.config.args == session.config.getini("testpaths"):
        files = sorted(TESTS.rglob("test_*.py"))
        first = len(files) * int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")) // workers
        for file in files[first:] + files[:first]:
            with suppress(Exception):  # the collection reports it
                import_module(".".join(file.relative_to(TESTS.parent).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """Leave out work that each test would repeat.

    What was imported and collected stays, so the garbage collector need not search it. botocore
    reads its service models for each session, which is nearly all that a client of boto3 costs.
    """
    gc.freeze()
    if "botocore.session" in sys.modules:  # to import it takes longer than many a test
        from botocore import session

        session.create_loader = cache(session.create_loader)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the deployments, and give them more time."""
    places = {item: item.path.relative_to(TESTS).as_posix() for item in items}

    def rank(item: pytest.Item) -> int:
        place = places[item]
        return next((i for i, first in enumerate(FIRST) if place.startswith(first)), len(FIRST))

    items.sort(key=rank)
    for item in items:
        if places[item].startswith(("clients/", "e2e/", "faults/", "pipeline/")):
            item.add_marker(pytest.mark.timeout(LONG_SECONDS))


@pytest.fixture(scope="session", autouse=True)
def no_account() -> Iterator[None]:
    """Hide the user's AWS and CI variables from the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name == "CI" or name.startswith(("AWS_", "GITHUB_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def terraform_binary() -> TerraformBinary:
    """Return the Terraform of this machine, found as tt-ops finds it; download nothing."""
    from tasktracker_ops import settings
    from tasktracker_ops.adapters.terraform.toolchain import Toolchain

    loaded = settings.load({}, os.environ)
    return Toolchain(
        configured=loaded.terraform,
        environment=os.environ,
        cache=loaded.cache_dir,
        approve=lambda question: False,
        releases=loaded.terraform_releases_url,
    ).terraform()


@pytest.fixture(scope="session")
def table_definition() -> dict[str, Any]:
    """Return the service's table as Terraform makes it, as arguments of CreateTable."""
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


# A process of its own: in this one, a test may have loaded the emulator, which changes moto.
_MOTO_SERVER = """
import sys
from functools import cache
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import ThreadedMotoServer
from tasktracker_ops.emulator.systems_manager import import_without_ec2
import_without_ec2()
# moto lists its folders for each request.
application = DomainDispatcherApplication
application.get_backend_for_host = cache(application.get_backend_for_host)
# Of the two services of one host, moto takes the other one, which needs packages of its own.
infer = application.infer_service_region_host
def host_of(self, environ, path):
    return "apigatewayv2" if path.startswith("/v2/apis") else infer(self, environ, path)
application.infer_service_region_host = host_of
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def _moto() -> Iterator[str]:
    """Yield the address of a plain moto server, which takes three seconds to start."""
    command = [sys.executable, "-c", _MOTO_SERVER]
    streams: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True, **streams) as process:
        yield process.stdout.readline().strip()
        process.kill()


@pytest.fixture(scope="module")
def endpoint(_moto: str) -> str:
    """Return the address of a plain moto server, which is empty when a module begins."""
    import requests

    requests.post(f"{_moto}/moto-api/reset", timeout=30).raise_for_status()
    return _moto
