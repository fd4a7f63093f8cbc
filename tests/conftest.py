"""What every suite that runs Terraform needs: the Terraform that tt-ops itself would run."""

from __future__ import annotations

import os

import pytest

from tasktracker_ops import settings
from tasktracker_ops.adapters.toolchain import TerraformBinary, Toolchain


@pytest.fixture(scope="session")
def terraform_binary() -> TerraformBinary:
    """The Terraform of this machine, found as tt-ops finds it; nothing is downloaded."""
    found = settings.load({}, os.environ)
    return Toolchain(
        configured=found.terraform,
        environment=os.environ,
        cache=found.cache_dir,
        approve=lambda question: False,
    ).terraform()
