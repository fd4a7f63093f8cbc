"""The API does what its description says: the package of a deploy, tried by schemathesis."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml

from tasktracker_ops.app import App
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.build import build

if TYPE_CHECKING:
    from .aws import Api, Aws, Function

ROOT = Path(__file__).parents[2]
DESCRIPTION = ROOT / "docs" / "openapi.yaml"
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
DRILLS = ("ANY /trigger-error", "ANY /trigger-slow")

Try = Callable[..., str]


@pytest.fixture(scope="module")
def tracker(
    aws: Aws, tmp_path_factory: pytest.TempPathFactory, table_definition: dict[str, Any]
) -> Function:
    """The service as a deploy packs it, with its table."""
    clone = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "lambda_function", clone / "lambda_function")
    aws.client("dynamodb").create_table(**table_definition)
    variables = {"TASKS_TABLE_NAME": "TaskTable", "TASKS_INDEX_NAME": "status-task_id-index"}
    settings = Settings(project_dir=clone)
    app = App(settings, Console(settings), approve=lambda question: False)
    return aws.function(build(app).path.read_bytes(), Environment={"Variables": variables})


@pytest.fixture(scope="module")
def public(aws: Aws, tracker: Function) -> Api:
    """An API that is public but for the fire drills."""
    api = aws.api(tracker)
    for route_key in DRILLS:
        aws.client("apigatewayv2").create_route(
            ApiId=api.id,
            RouteKey=route_key,
            Target=f"integrations/{api.integration_id}",
            AuthorizationType="AWS_IAM",
        )
    return api


@pytest.fixture
def schemathesis(tmp_path: Path) -> Try:
    """Run schemathesis, which has to find no fault, or some where it `fails`; return its output."""

    def run(api: Api, *options: str, description: Path = DESCRIPTION, fails: bool = False) -> str:
        hooks = str(Path(__file__).with_name("schemathesis_hooks.py"))
        config = Path(__file__).with_name("schemathesis.toml")
        command = [SCHEMATHESIS, "--config-file", config, "run", description, "--url", api.url]
        result = subprocess.run(
            [*command, "--request-timeout=20", *options],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": hooks, "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert result.returncode == int(fails), result.stdout + result.stderr
        return result.stdout

    return run


@pytest.mark.soak
def test_the_public_api_matches_its_description(
    public: Api, tracker: Function, schemathesis: Try
) -> None:
    """Every operation passes every check, alone and in sequences, and logs no error."""
    output = schemathesis(public, "--seed=4", "--max-examples=3")
    operations = len(_operations(_document()))
    assert f"{operations} selected / {operations} total" in output
    assert all(
        f"✅  {phase}" in output for phase in ("Examples", "Coverage", "Fuzzing", "Stateful")
    )
    assert not [line for line in tracker.log() if '"level": "ERROR"' in line]


@pytest.mark.parametrize("path", ["/tasks", "/health", "/openapi.json", "/tasks/nothing"])
def test_head_has_the_headers_of_get_and_no_body(public: Api, path: str) -> None:
    """Content-Length is that of GET (RFC 9110, section 8.6)."""
    address = urlsplit(public.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=30)
    responses = []
    for method in ("GET", "HEAD"):
        connection.request(method, address.path + path)
        response = connection.getresponse()
        responses.append((response.status, response.getheader("Content-Length")))
        body = response.read()
    connection.close()
    assert responses[0] == responses[1]
    assert int(responses[1][1] or 0) > 0
    assert body == b""


@pytest.mark.extended
@pytest.mark.timeout(1000)
def test_the_public_api_matches_its_description_with_many_examples(
    public: Api, schemathesis: Try
) -> None:
    """The requests are others each time; a failure names its seed."""
    schemathesis(public, "--max-examples=200")


@pytest.mark.extended
def test_an_api_with_tokens_matches_its_description(
    aws: Aws, tracker: Function, issuer: Any, tmp_path: Path, schemathesis: Try
) -> None:
    """Only /health works without a valid one."""
    routes = [f"{method} /{{proxy+}} for tasks:read" for method in ("GET", "HEAD")]
    authorizer = {"Issuer": issuer.url, "Audience": ["tasks"]}
    api = aws.api(tracker, "$default for tasks:write", *routes, auth="JWT", authorizer=authorizer)
    for method in ("GET", "HEAD"):
        aws.client("apigatewayv2").create_route(
            ApiId=api.id,
            RouteKey=f"{method} /health",
            Target=f"integrations/{api.integration_id}",
            AuthorizationType="NONE",
        )
    description = tmp_path / "openapi.json"
    description.write_text(json.dumps(_with_tokens(_document())))
    token = issuer.token("tasks:read tasks:write")
    options = ("--seed=4", "--phases=examples,coverage", "--exclude-tag=drills")
    schemathesis(api, *options, f"--header=Authorization: Bearer {token}", description=description)


@pytest.mark.soak
def test_a_wrong_description_fails(public: Api, tmp_path: Path, schemathesis: Try) -> None:
    """A missing response is reported."""
    document = _document()
    del document["paths"]["/tasks/{task_id}"]["get"]["responses"]["404"]
    description = tmp_path / "openapi.json"
    description.write_text(json.dumps(document))
    options = ("--include-operation-id=showTask", "--phases=examples")
    output = schemathesis(public, *options, description=description, fails=True)
    assert "Undocumented status code" in output


def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text())
    return document


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method != "parameters"
    ]


def _with_tokens(document: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a deployment that asks for tokens."""
    for part in (document, *_operations(document)):
        if "security" in part:
            part["security"] = [each for each in part["security"] if "token" in each]
    return document
