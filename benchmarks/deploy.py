"""Compare `tt-ops deploy` with the Terraform commands that it replaces.

Each side has a clone and an emulator of its own, running before the clock starts, and the same
variables. The sides alternate, and so does which of them comes first. In the clone of bare
Terraform, the function's code is Terraform's: it publishes the version that the alias points to.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable, Sequence
from statistics import median

import requests
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
    ("deploy --code", "zip, terraform apply"),
    ("deploy --code --watch: from a save to live", "zip, terraform apply"),
)
_SAVES = 5
_MARKER = "x-benchmark-save"
_MARKED = """
respond = lambda_handler


def lambda_handler(event, context):
    answer = respond(event, context)
    answer["headers"]["{header}"] = "{number}"
    return answer
"""
# What hands the function's code over to releases, and how a configuration without them has it.
_WITHOUT_RELEASES = (
    ("publish          = false", "publish          = true"),
    ("ignore_changes = [source_code_hash]", "ignore_changes = []"),
    ('function_version = "$LATEST"', "function_version = aws_lambda_function.tracker.version"),
    ("ignore_changes = [function_version, routing_config]", "ignore_changes = []"),
)


class BareTerraform:
    """Terraform in a clone, with the same backend, variables and provider as with tt-ops."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._target = clone.target
        for old, new in _WITHOUT_RELEASES:
            clone.replace("terraform/function.tf", old, new)
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

    def deploy_code() -> None:
        clone.tt_ops("deploy", "--code", "--yes")

    return [*_deploys(clone, deploy, deploy, deploy, deploy_code), _save_to_live(clone)]


def _theirs(clone: Clone) -> Sequence[float]:
    bare = BareTerraform(clone)
    return _deploys(clone, bare.first, bare.nothing, bare.code, bare.code, bare.code)


def _deploys(
    clone: Clone,
    first: Callable[[], None],
    nothing: Callable[[], None],
    *changes_of_code: Callable[[], None],
) -> list[float]:
    times = [seconds(first), seconds(nothing)]
    for change in changes_of_code:
        clone.edit()
        times.append(seconds(change))
    return times


def _save_to_live(clone: Clone) -> float:
    """Return the median of the seconds from a save until the API answers by its code."""
    api = json.loads(clone.tt_ops("outputs", "--output", "json"))["api_url"]
    handler = clone.path / "lambda_function" / "handler.py"
    original = handler.read_text()
    times = []
    with clone.running("deploy", "--code", "--watch", "--output", "json") as watching:
        assert watching.stdout is not None  # nosec B101 # it is a pipe
        watching.stdout.readline()  # of the release that is live
        for number in map(str, range(_SAVES)):
            saved = time.perf_counter()
            handler.write_text(original + _MARKED.format(header=_MARKER, number=number))
            while requests.get(f"{api}/health", timeout=60).headers.get(_MARKER) != number:
                time.sleep(0.01)
            times.append(time.perf_counter() - saved)
            watching.stdout.readline()
    return median(times)


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
