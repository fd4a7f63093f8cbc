"""What drift leaves out is what the provider's schema calls computed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tasktracker_ops.adapters.terraform.saved_plan import COMPUTED

STACK = Path(__file__).parents[2] / "terraform"
PROVIDER = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n'
# These are computed in one type and set in another; `arn` never changes on its own.
AMBIGUOUS = {"arn", "version"}


@pytest.mark.extended  # it changes with the provider alone
def test_what_aws_alone_decides_is_what_the_provider_computes(
    tmp_path: Path, terraform: Callable[..., CompletedProcess[str]]
) -> None:
    """Every attribute that can be set counts as drift when it changes."""
    # In the stack itself, Terraform would ask for the backend.
    (tmp_path / "main.tf").write_text(PROVIDER)
    shutil.copy(STACK / ".terraform.lock.hcl", tmp_path)
    init = terraform(tmp_path, "init", "-lockfile=readonly", "-no-color")
    assert init.returncode == 0, init.stderr
    schema = json.loads(terraform(tmp_path, "providers", "schema", "-json").stdout)
    (provider,) = schema["provider_schemas"].values()
    text = "".join(file.read_text() for file in STACK.glob("*.tf"))
    computed, settable = set(), set()
    for kind in re.findall(r'(?m)^resource "(\w+)"', text):
        block = provider["resource_schemas"][kind]["block"]
        for name, attribute in block["attributes"].items():
            is_set = attribute.get("optional") or attribute.get("required")
            (settable if is_set else computed).add(name)
    assert computed & settable == AMBIGUOUS
    assert computed - AMBIGUOUS == COMPUTED
