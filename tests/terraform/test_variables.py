"""Values that the stack's variables accept and refuse, checked by Terraform itself."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
JWT = {"api_auth": "JWT", "jwt_issuer": "https://id.example.com/", "jwt_audience": ["tasks"]}

Plan = Callable[[dict[str, Any]], str]


@pytest.fixture(scope="module")
def plan(
    tmp_path_factory: pytest.TempPathFactory,
    terraform: Callable[..., subprocess.CompletedProcess[str]],
) -> Plan:
    """Return a function that plans a stack of variables only, and returns Terraform's errors."""
    folder = tmp_path_factory.mktemp("variables")
    shutil.copy(ROOT / "terraform" / "variables.tf", folder)
    (folder / "function.zip").touch()
    good = {"alert_email": "you@example.com", "package_path": "function.zip"}

    def run(values: dict[str, Any]) -> str:
        (folder / "terraform.tfvars.json").write_text(json.dumps(good | values))
        result = terraform(folder, "plan", "-no-color", "-input=false")
        assert (result.returncode == 0) == (result.stderr == "")
        return result.stderr

    return run


@pytest.mark.parametrize(
    "values",
    [
        {},
        JWT,
        {**JWT, "jwt_issuer": "http://127.0.0.1:8080"},
        {**JWT, "jwt_scope_prefix": "https://tasks.example.com/"},
        {"cors_origins": ["*"]},
        {"cors_origins": ["https://app.example.com", "http://localhost:3000"]},
    ],
    ids=json.dumps,
)
def test_valid_values_are_accepted(plan: Plan, values: dict[str, Any]) -> None:
    """Terraform accepts valid values, and the defaults."""
    assert plan(values) == ""


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"api_auth": "jwt"}, "api_auth"),
        ({"jwt_issuer": JWT["jwt_issuer"]}, "jwt_issuer"),
        ({"api_auth": "AWS_IAM", "jwt_audience": ["tasks"]}, "jwt_audience"),
        ({**JWT, "jwt_issuer": ""}, "jwt_issuer"),
        ({**JWT, "jwt_issuer": "http://id.example.com"}, "jwt_issuer"),
        ({**JWT, "jwt_issuer": "https://id.example.com/?tenant=1"}, "jwt_issuer"),
        ({**JWT, "jwt_issuer": "http://localhost.example.com"}, "jwt_issuer"),
        ({**JWT, "jwt_audience": []}, "jwt_audience"),
        ({**JWT, "jwt_audience": [""]}, "jwt_audience"),
        ({**JWT, "jwt_scope_prefix": "a b"}, "jwt_scope_prefix"),
        ({"cors_origins": ["*", "https://app.example.com"]}, "cors_origins"),
        ({"cors_origins": ["https://app.example.com/"]}, "cors_origins"),
        ({"cors_origins": ["null"]}, "cors_origins"),
    ],
    ids=json.dumps,
)
def test_invalid_values_are_refused(plan: Plan, values: dict[str, Any], name: str) -> None:
    """Terraform refuses invalid values and names the variable."""
    assert f"{name} must" in plan(values) or f"{name} is needed" in plan(values)
