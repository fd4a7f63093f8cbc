"""Compare `tt-ops deploy` with the Terraform commands that it replaces.

Each side has a clone and an emulator of its own, running before the clock starts, and the same
variables. The sides alternate, and so does which of them comes first.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Sequence

from clone import Clone, running_clone
from measure import Pair, run, seconds, show

from tasktracker_ops.adapters.terraform.providers import provider_environment
from tasktracker_ops.adapters.terraform.toolchain import Toolchain
from tasktracker_ops.targets import TerraformValues

# Names of the times that `_deploys` returns.
_DEPLOYS = (
    ("first deploy", "terraform init and apply, of two stacks"),
    ("deploy without changes", "terraform plan"),
    ("deploy of code only", "zip, terraform apply"),
)


class BareTerraform:
    """Terraform in a clone, with the same backend, variables and provider as with tt-ops."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._target = clone.target
        self._binary = Toolchain(
            configured=clone.settings.terraform,
            environment=clone.environment,
            cache=clone.settings.cache_dir,
            approve=lambda question: False,
            releases=clone.settings.terraform_releases_url,
        ).terraform()
        variables = {
            "alert_email": self._target.alert_email(),
            **self._target.bootstrap_variables(),
            **self._target.terraform_variables(),
        }
        self._environment = {
            **self._target.environment().variables,
            "HOME": clone.environment["HOME"],
            "CHECKPOINT_DISABLE": "1",
            **{f"TF_VAR_{name}": _text(value) for name, value in variables.items()},
            **provider_environment(
                clone.environment,
                lock_file=clone.path / "terraform" / ".terraform.lock.hcl",
                platform=self._binary.platform,
                directory=clone.path,
                plugin_cache=clone.settings.cache_dir / "providers",
                mirror=clone.settings.provider_mirror,
            ),
        }

    def first(self) -> None:
        """Deploy a fresh clone."""
        self._zip()
        for stack, backend in (("bootstrap", {}), ("terraform", self._target.backend_config())):
            self._run(stack, "init", "-input=false", *_backend_options(backend))
            self._run(stack, "apply", "-auto-approve", "-input=false")

    def nothing(self) -> None:
        """Plan without changes."""
        self._run("terraform", "plan", "-input=false")

    def code(self) -> None:
        """Deploy changed code."""
        self._zip()
        self._run("terraform", "apply", "-auto-approve", "-input=false")

    def _zip(self) -> None:
        shutil.make_archive(
            str(self._clone.path / "function"), "zip", self._clone.path / "lambda_function"
        )

    def _run(self, stack: str, *arguments: str) -> None:
        directory = self._clone.path / stack
        run([self._binary.path, *arguments], directory=directory, environment=self._environment)


def _backend_options(backend: TerraformValues) -> list[str]:
    return [f"-backend-config={name}={_text(value)}" for name, value in backend.items()]


def _text(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _ours(clone: Clone) -> Sequence[float]:
    def deploy() -> None:
        clone.tt_ops("deploy", "--yes")

    return _deploys(clone, deploy, deploy, deploy)


def _theirs(clone: Clone) -> Sequence[float]:
    bare = BareTerraform(clone)
    return _deploys(clone, bare.first, bare.nothing, bare.code)


def _deploys(
    clone: Clone, first: Callable[[], None], nothing: Callable[[], None], code: Callable[[], None]
) -> Sequence[float]:
    times = [seconds(first), seconds(nothing)]
    clone.edit()
    return [*times, seconds(code)]


def _measure(side: Callable[[Clone], Sequence[float]]) -> Sequence[float]:
    with running_clone() as clone:
        return side(clone)


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each side (default: 5)")
    runs = parser.parse_args().runs
    times: dict[Callable[[Clone], Sequence[float]], list[Sequence[float]]]
    times = {_ours: [], _theirs: []}
    for turn in range(runs):
        for side in (_ours, _theirs) if turn % 2 == 0 else (_theirs, _ours):
            times[side].append(_measure(side))
    columns = zip(
        _DEPLOYS, zip(*times[_ours], strict=True), zip(*times[_theirs], strict=True), strict=True
    )
    show([Pair(names[0], ours, names[1], theirs) for names, ours, theirs in columns])


if __name__ == "__main__":
    main()
