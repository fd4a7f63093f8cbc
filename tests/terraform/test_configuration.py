"""Rules for the Terraform files, checked without applying them."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tasktracker_ops.adapters.aws.inventory import _FINDERS, _ROUTES

ROOT = Path(__file__).parents[2]

Terraform = Callable[..., CompletedProcess[str]]


def _blocks(stack: Path, kind: str) -> Iterator[tuple[str, str]]:
    """Yield name and body of every top-level block; `terraform fmt` guarantees the layout."""
    for file in sorted(stack.glob("*.tf")):
        yield from re.findall(rf'(?ms)^{kind} "(\w+)" {{\n(.*?)^}}', file.read_text())


@pytest.fixture(scope="module")
def actions() -> set[str]:
    """Return every action that a policy of the main stack grants."""
    text = "\n".join(file.read_text() for file in (ROOT / "terraform").glob("*.tf"))
    return {
        action
        for listed in re.findall(r"(?ms)^\s+actions\s+= \[(.*?)\]", text)
        for action in re.findall(r'"([^"]+)"', listed)
    }


def test_files_are_formatted(stack: Path, terraform: Terraform) -> None:
    """`terraform fmt` has nothing to change."""
    result = terraform(stack, "fmt", "-check", "-diff", "-recursive")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.extended  # `make terraform` runs it, and so does .ci/run
def test_stack_is_valid_with_the_locked_provider(stack: Path, terraform: Terraform) -> None:
    """The stack initialises from its own lock file, unchanged, and Terraform finds it valid."""
    init = terraform(stack, "init", "-backend=false", "-lockfile=readonly", "-no-color")
    assert init.returncode == 0, init.stderr
    validate = terraform(stack, "validate", "-no-color")
    assert validate.returncode == 0, validate.stderr


def test_lock_file_serves_every_platform(stack: Path) -> None:
    """The lock file holds the checksums of every platform's zip, so any of them can init."""
    lock = (stack / ".terraform.lock.hcl").read_text()
    assert 'version     = "5.100.0"' in lock
    assert len(re.findall(r'"zh:[0-9a-f]{64}"', lock)) == 15
    assert len(re.findall(r'"h1:[A-Za-z0-9+/]{43}="', lock)) == 2


def test_all_stacks_lock_the_same_provider(stack: Path) -> None:
    """One provider serves every stack, so it is downloaded once."""
    main = ROOT / "terraform/.terraform.lock.hcl"
    assert (stack / main.name).read_text() == main.read_text()


def test_every_variable_is_typed_described_and_validated(stack: Path) -> None:
    """A variable has a type and a description, refuses null and validates its values."""
    variables = dict(_blocks(stack, "variable"))
    assert variables
    for name, body in variables.items():
        assert re.search(r'(?m)^  description = "\S', body), name
        assert re.search(r"(?m)^  nullable    = false$", body), name
        (kind,) = re.findall(r"(?m)^  type        = (\S+)$", body)
        # A bool's type is already the list of its values.
        assert kind == "bool" or re.search(r"(?m)^  validation \{$", body), name


def test_every_output_is_described(stack: Path) -> None:
    """Each output has a description."""
    for name, body in _blocks(stack, "output"):
        assert re.search(r'(?m)^  description = "\S', body), name


def test_outputs_are_the_deployment() -> None:
    """Terraform's outputs and the SSM parameter name the same things."""
    text = (ROOT / "terraform/deployment.tf").read_text()
    (deployment,) = re.findall(r"(?ms)^  deployment = {\n(.*?)^  }", text)
    keys = re.findall(r"(?m)^    (\w+)\s+= ", deployment)
    assert keys
    assert sorted(keys) == sorted(name for name, _ in _blocks(ROOT / "terraform", "output"))


def test_no_policy_grants_a_wildcard(actions: set[str]) -> None:
    """Every granted action is written out."""
    assert "dynamodb:GetItem" in actions
    assert not [action for action in actions if "*" in action]


def test_function_may_not_create_its_log_group(actions: set[str]) -> None:
    """Terraform makes the log group, with a retention; one made by the function has none."""
    assert "logs:PutLogEvents" in actions
    assert "logs:CreateLogGroup" not in actions


def test_every_resource_can_be_adopted() -> None:
    """Each resource of the main stack has its import block, and tt-ops looks for it."""
    folder = ROOT / "terraform"
    text = "\n".join(file.read_text() for file in folder.glob("*.tf"))
    resources = {".".join(pair) for pair in re.findall(r'(?m)^resource "(\w+)" "(\w+)" {', text)}
    imports = re.findall(r"(?m)^  to +=\s+(\w+\.\w+)", (folder / "adoption.tf").read_text())
    assert sorted(imports) == sorted(resources)
    assert {*_FINDERS, *_ROUTES} == resources
