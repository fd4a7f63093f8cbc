"""The jobs of check.yml and ci.yml without credentials, as a pull request of a fork starts them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tasktracker_ops.adapters.terraform.providers import ProviderSource
from tasktracker_ops.adapters.terraform.toolchain import TerraformBinary

from .actions import ROOT
from .events import pull_request
from .runner import Result, Runner, load

CHECK, CI = load("check.yml"), load("ci.yml")
FORK = pull_request(head="somebody/fork")


@pytest.fixture(scope="module")
def runner(make_runner: Callable[..., Runner]) -> Runner:
    """Return a machine for a repository without settings, which reaches no account."""
    return make_runner({})


@pytest.fixture(scope="module")
def end_to_end(runner: Runner) -> Result:
    """Run the job from clone to destroy, and stop its emulator."""
    stop = {"name": "Stop", "if": "success() || failure()", "run": "tt-ops local down"}
    job = CHECK["jobs"]["end-to-end"]
    job = {**job, "steps": [*job["steps"], stop]}
    return runner.run({**CHECK, "jobs": {"end-to-end": job}}, "end-to-end", FORK)


@pytest.mark.extended
def test_end_to_end_run_passes(end_to_end: Result) -> None:
    """Each step of the end-to-end job succeeds."""
    assert end_to_end.outcome == "success", end_to_end.log
    assert "Renew the certificate" in end_to_end["Tasks"].log
    assert "No changes" in end_to_end["Nothing is left to do"].log


@pytest.mark.parametrize("job", ["lint", "long-test"])
def test_gates_exist(
    job: str, provider: dict[str, str], make_runner: Callable[..., Runner]
) -> None:
    """The targets of make that the jobs name exist; make only prints their commands here."""
    ran = make_runner({**provider, "MAKEFLAGS": "--dry-run"}).run(CI, job, FORK)
    assert ran.outcome == "success", ran.log


@pytest.mark.extended
def test_suite_starts(provider: dict[str, str], make_runner: Callable[..., Runner]) -> None:
    """From a clean environment, the README's command collects the tests."""
    dry = {**provider, "PYTEST_ADDOPTS": "--collect-only --quiet --numprocesses=0"}
    ran = make_runner(dry).run(CI, "test", FORK, python="3.12")
    assert ran.outcome == "success", ran.log
    assert "test_suite_starts" not in ran["Test"].log  # the long ones are left out
    assert "test_gates_exist" in ran["Test"].log


@pytest.fixture
def provider(tmp_path: Path, terraform_binary: TerraformBinary) -> dict[str, str]:
    """Return variables by which Terraform alone finds the provider where tt-ops does."""
    source = ProviderSource.choose(
        os.environ,
        lock_file=ROOT / "terraform" / ".terraform.lock.hcl",
        platform=terraform_binary.platform,
        plugin_cache=tmp_path / "providers",
    )
    return dict(source.environment(tmp_path))
