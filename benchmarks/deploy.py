"""Compare `tt-ops deploy` with the Terraform commands that it replaces.

Each side has a clone and an emulator of its own, running before the clock starts, and the same
variables. The sides alternate, and so does which of them comes first. In the clone of bare
Terraform, the function's code is Terraform's: it publishes the version that the alias points to.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median

import requests

from tasktracker_ops.adapters.terraform.providers import provider_environment
from tasktracker_ops.adapters.terraform.toolchain import Toolchain
from tasktracker_ops.targets import TerraformValues

from .clone import Clone, edit, running_clone
from .measure import Work, run, say, seconds
from .rows import Measurement, Row

# All after the first take what those before have deployed.
ROWS = (
    Row(
        "first-deploy",
        "first deploy, --yes",
        "terraform init, apply -auto-approve: two stacks",
        0.95,
    ),
    Row("deploy-nothing", "deploy, nothing to do", "terraform plan", 0.95),
    Row("deploy-code", "deploy, code alone changed", "zip, terraform apply", 0.5),
    Row("code-alone", "deploy --code", "zip, terraform apply", 0.12),
    Row("watch", "deploy --code --watch, from a save to live", "zip, terraform apply", 0.12),
)
_SAVES = 5
_LONGEST_SAVE = 60  # seconds; a release that takes longer has failed
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


def _ours(clone: Clone) -> Sequence[Work]:
    def deploy(*options: str) -> None:
        clone.tt_ops("deploy", "--yes", *options)

    return (
        partial(seconds, deploy),
        partial(seconds, deploy),
        partial(_after_edit, clone, deploy),
        partial(_after_edit, clone, partial(deploy, "--code")),
        partial(_save_to_live, clone),
    )


def _theirs(clone: Clone) -> Sequence[Work]:
    bare = BareTerraform(clone)
    change = partial(_after_edit, clone, bare.code)
    return partial(seconds, bare.first), partial(seconds, bare.nothing), change, change, change


def _after_edit(clone: Clone, release: Callable[[], None]) -> float:
    edit(clone.path)
    return seconds(release)


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
                if time.perf_counter() - saved > _LONGEST_SAVE or watching.poll() is not None:
                    raise SystemExit(f"a save was not live after {_LONGEST_SAVE} seconds")
                time.sleep(0.01)
            times.append(time.perf_counter() - saved)
            watching.stdout.readline()
    return median(times)


def measure(rows: Sequence[Row], turns: int) -> Iterator[Measurement]:
    """Yield the measurement of each row: every turn has a fresh clone for each side."""
    sides = (_ours, _theirs, _ours)
    values: tuple[list[dict[str, float]], ...] = ([], [], [])
    for turn in range(turns):
        say(f"  deploys: turn {turn + 1} of {turns}")
        for place in range(len(sides)):
            side = (place + turn) % len(sides)
            values[side].append(_deploy(sides[side], rows))
    for row in rows:
        yield Measurement(row.name, *([each[row.name] for each in side] for side in values))


def _deploy(side: Callable[[Clone], Sequence[Work]], rows: Sequence[Row]) -> dict[str, float]:
    """Return the seconds of the rows; the first is part of every run."""
    with running_clone() as clone:
        works = zip(ROWS, side(clone), strict=True)
        return {row.name: work() for row, work in works if row is ROWS[0] or row in rows}
