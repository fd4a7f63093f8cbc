"""Stacks: plans that are saved, shown and applied, and changes of the state."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.terraform.events import Transcript
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.plan import Plan, ResourceChange
from tests.errors import raises

ONE = 'resource "terraform_data" "one" {\n  input = 1\n}\n'


def created(name: str) -> ResourceChange:
    """Return the creation of a `terraform_data` resource."""
    return ResourceChange(f"terraform_data.{name}", "create", "terraform_data")


def test_stack_is_created_and_destroyed(bench: Any) -> None:
    """Each apply leaves an empty plan, and the root module's folder unchanged."""
    bench.write(ONE)
    stack = bench.stack()
    assert stack.plan(bench.plan_file) == Plan(1, 0, 0, (created("one"),))
    stack.apply(bench.plan_file)
    assert stack.plan(bench.plan_file).empty
    assert stack.plan(bench.plan_file, destroy=True).destroy == 1
    stack.apply(bench.plan_file)
    assert stack.plan(bench.plan_file, destroy=True).empty
    assert [p.name for p in bench.module.iterdir()] == ["main.tf"]


def test_what_has_no_state_is_created_in_one_run(bench: Any) -> None:
    """The plan is shown before; one that does more than create stops Terraform."""
    bench.write(ONE)
    stack = bench.stack()
    shown: list[Plan] = []
    assert stack.create(shown.append) == Plan(1, 0, 0, (created("one"),))
    assert [plan.add for plan in shown] == [1]
    assert stack.plan(bench.plan_file).empty
    bench.write('resource "terraform_data" "one" {\n  input = 2\n}\n')
    with raises("plan-stale"):
        stack.create(pytest.fail)


def test_plan_file_is_private(bench: Any) -> None:
    """It holds secrets: mode 0600 in a 0700 folder, even if it replaces another file."""
    bench.write(ONE)
    bench.plan_file.parent.mkdir(mode=0o700)
    bench.plan_file.write_text("old")
    bench.plan_file.chmod(0o644)
    bench.stack().plan(bench.plan_file)
    assert stat.S_IMODE(bench.plan_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(bench.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((bench.data / "terraform.log").stat().st_mode) == 0o600


def test_forgotten_resource_is_not_destroyed(bench: Any) -> None:
    """A second `forget` does nothing."""
    bench.write(ONE)
    stack = bench.stack()
    bench.apply(stack)
    for _ in range(2):
        stack.forget("terraform_data.one")
    assert stack.plan(bench.plan_file, destroy=True).empty


def test_untainted_resource_is_not_replaced(bench: Any) -> None:
    """Terraform would replace a resource whose provisioner failed."""
    failing = '  provisioner "local-exec" {\n    command = "exit 1"\n  }\n'
    bench.write(f'resource "terraform_data" "one" {{\n{failing}}}\n')
    stack = bench.stack()
    stack.plan(bench.plan_file)
    with pytest.raises(TtOpsError, match="local-exec"):
        stack.apply(bench.plan_file)
    (change,) = stack.plan(bench.plan_file).changes
    assert (change.action, change.reason) == ("replace", "replace_because_tainted")
    stack.untaint(change.address)
    assert stack.plan(bench.plan_file).empty


def test_apply_ignores_changes_after_the_plan(bench: Any) -> None:
    """The next plan has them."""
    bench.write(ONE + 'output "kept" {\n  value = 3\n}\n')
    stack = bench.stack()
    stack.plan(bench.plan_file)
    bench.write(ONE + 'resource "terraform_data" "two" {}\n')
    stack.apply(bench.plan_file)
    assert bench.outputs == {"kept": 3}
    assert stack.plan(bench.plan_file).changes == (created("two"),)


def test_changed_output_alone_is_a_change(bench: Any) -> None:
    """A plan with a changed output is not empty."""
    bench.write('output "it" {\n  value = 1\n}\n')
    plan = bench.stack().plan(bench.plan_file)
    assert plan.changes == (ResourceChange("output.it", "create"),)


def test_plan_is_shown_only_if_values_change(bench: Any) -> None:
    """A plan that only creates, or only deletes, needs no `terraform show`."""
    stack = bench.stack()
    bench.write(ONE + 'resource "terraform_data" "two" {}\noutput "x" {\n  value = 1\n}\n')
    bench.apply(stack)
    stack.plan(bench.plan_file, destroy=True)
    assert "terraform show" not in bench.log
    bench.write(ONE + 'resource "terraform_data" "three" {}\n')
    changes = stack.plan(bench.plan_file).changes
    assert [change.action for change in changes] == ["delete", "create"]
    assert all((change.id != "") == (change.action == "delete") for change in changes)


def test_plan_with_drift_is_shown() -> None:
    """Although it only creates a resource, which was deleted outside of Terraform."""
    resource = {"addr": "a_x.y", "resource_type": "a_x"}
    planned, drift = (
        {"type": kind, "@message": "", "change": {"resource": resource, "action": action}}
        for kind, action in (("planned_change", "create"), ("resource_drift", "delete"))
    )
    transcript = Transcript(Path(), lambda text: None, lambda text: text)
    for message in (planned, {"type": "change_summary", "changes": {"add": 1}}):
        transcript.feed(json.dumps(message))
    assert transcript.has_only("create")
    transcript.feed(json.dumps(drift))
    assert not transcript.has_only("create")


def test_stale_plan_is_refused(bench: Any) -> None:
    """The state has changed since the plan; the hint plans again."""
    bench.write(ONE)
    stack = bench.stack(command="bootstrap")
    other = bench.folder / "plans" / "other"
    stack.plan(bench.plan_file)
    stack.plan(other)
    stack.apply(other)
    with raises("plan-stale") as caught:
        stack.apply(bench.plan_file)
    assert caught.value.hint.endswith("tt-ops bootstrap")
