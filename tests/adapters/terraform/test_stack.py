"""A stack: init when needed, saved plans, progress, variables, and errors in plain words."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.terraform.command import Terraform
from tasktracker_ops.adapters.terraform.events import Transcript
from tasktracker_ops.errors import ConfigurationError, ExitCode, Finding, TtOpsError
from tasktracker_ops.models.plan import Plan, ResourceChange, TerraformEvent

ONE = 'resource "terraform_data" "one" {\n  input = 1\n}\n'
SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "sleep 2"
  }
}
"""


def made(name: str) -> ResourceChange:
    """A piece of data that would be created."""
    return ResourceChange(f"terraform_data.{name}", "create", "terraform_data")


def test_plan_lists_what_it_would_do(bench: Any) -> None:
    """Counts are Terraform's, each change has its address and its action."""
    bench.write(ONE)
    plan = bench.stack().plan(bench.plan_file)
    assert plan == Plan(1, 0, 0, (made("one"),))


def test_plan_file_is_private(bench: Any) -> None:
    """It holds the variables' values: 0600 in a 0700 folder, even if one was there before."""
    bench.write(ONE)
    bench.plan_file.parent.mkdir(mode=0o700)
    bench.plan_file.write_text("old")
    bench.plan_file.chmod(0o644)
    bench.stack().plan(bench.plan_file)
    assert stat.S_IMODE(bench.plan_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(bench.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((bench.data / "terraform.log").stat().st_mode) == 0o600


def test_forgotten_resource_is_not_destroyed(bench: Any) -> None:
    """A resource that is in no state any more is forgotten already."""
    bench.write(ONE)
    stack = bench.stack()
    stack.plan(bench.plan_file)
    stack.apply(bench.plan_file)
    for _ in range(2):
        stack.forget("terraform_data.one")
    assert stack.plan(bench.plan_file, destroy=True).empty


def test_tainted_resource_can_be_kept(bench: Any) -> None:
    """Terraform would make it anew after its provisioner has failed."""
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


def test_apply_does_what_was_planned_and_nothing_else(bench: Any) -> None:
    """What is written between plan and apply waits for the next plan."""
    bench.write(ONE + 'output "kept" {\n  value = 3\n}\n')
    stack = bench.stack()
    stack.plan(bench.plan_file)
    bench.write(ONE + 'resource "terraform_data" "two" {}\n')
    stack.apply(bench.plan_file)
    assert bench.outputs == {"kept": 3}
    assert stack.plan(bench.plan_file).changes == (made("two"),)


def test_no_change_is_an_empty_plan(bench: Any) -> None:
    """After an apply nothing is left to do."""
    bench.write(ONE)
    stack = bench.stack()
    stack.plan(bench.plan_file)
    stack.apply(bench.plan_file)
    assert stack.plan(bench.plan_file).empty


def test_changed_output_alone_is_a_change(bench: Any) -> None:
    """Terraform calls it one, so the plan must not look empty."""
    bench.write('output "it" {\n  value = 1\n}\n')
    plan = bench.stack().plan(bench.plan_file)
    assert plan.changes == (ResourceChange("output.it", "create"),)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("input = 1", "input = 2", ("update", 0, 1, 0)),
        ("triggers_replace = 1", "triggers_replace = 2", ("replace", 1, 0, 1)),
    ],
)
def test_updates_and_replacements_are_told_apart(
    bench: Any, before: str, after: str, expected: tuple[str, int, int, int]
) -> None:
    """A replacement adds and destroys, an update does neither."""
    stack = bench.stack()
    for body in (before, after):
        bench.write(f'resource "terraform_data" "it" {{\n  {body}\n}}\n')
        plan = stack.plan(bench.plan_file)
        stack.apply(bench.plan_file)
    assert (plan.changes[0].action, plan.add, plan.change, plan.destroy) == expected


def test_destroy_plan_takes_everything_away(bench: Any) -> None:
    """It is a saved plan like any other."""
    bench.write(ONE)
    stack = bench.stack()
    stack.plan(bench.plan_file)
    stack.apply(bench.plan_file)
    assert stack.plan(bench.plan_file, destroy=True).destroy == 1
    stack.apply(bench.plan_file)
    assert stack.plan(bench.plan_file, destroy=True).empty


def test_plan_is_inspected_only_for_changed_values(bench: Any) -> None:
    """That starts the provider once more; what is only made, or only removed, was said already."""
    stack = bench.stack()
    bench.write(ONE + 'resource "terraform_data" "two" {}\noutput "x" {\n  value = 1\n}\n')
    stack.plan(bench.plan_file)
    stack.apply(bench.plan_file)
    stack.plan(bench.plan_file, destroy=True)
    assert "terraform show" not in bench.log
    bench.write(ONE + 'resource "terraform_data" "three" {}\n')
    changes = stack.plan(bench.plan_file).changes
    assert [change.action for change in changes] == ["delete", "create"]
    assert all((change.id != "") == (change.action == "delete") for change in changes)


def test_resource_removed_outside_of_terraform_is_inspected() -> None:
    """Although the plan only makes it again."""
    resource = {"addr": "a_x.y", "resource_type": "a_x"}
    planned, drift = (
        {"type": kind, "@message": "", "change": {"resource": resource, "action": action}}
        for kind, action in (("planned_change", "create"), ("resource_drift", "delete"))
    )
    transcript = Transcript(Path(), lambda text: None, lambda text: text)
    for message in (planned, {"type": "change_summary", "changes": {"add": 1}}):
        transcript.take(json.dumps(message))
    assert transcript.only("create")
    transcript.take(json.dumps(drift))
    assert not transcript.only("create")


def test_import_is_a_change(bench: Any) -> None:
    """Terraform counts it neither as added nor as changed."""
    bench.write(
        'resource "terraform_data" "it" {}\nimport {\n  to = terraform_data.it\n  id = "x"\n}\n'
    )
    plan = bench.stack().plan(bench.plan_file)
    imported = replace(made("it"), action="import", id="x", imported=True)
    assert plan == Plan(0, 0, 0, (imported,))


def test_progress_arrives_while_apply_runs(bench: Any) -> None:
    """The start of a slow resource is told seconds before its end."""
    bench.write(SLOW)
    times: dict[str, float] = {}

    def report(event: TerraformEvent) -> None:
        times[event.kind] = time.monotonic()

    stack = bench.stack(report=report)
    stack.plan(bench.plan_file)
    times.clear()
    stack.apply(bench.plan_file)
    assert set(times) == {"started", "complete"}
    assert times["complete"] - times["started"] > 1.5


def test_init_runs_only_when_needed(bench: Any) -> None:
    """Neither a second run nor a changed resource asks for it; a changed backend does."""
    bench.write("")
    (bench.module / "one.tf").write_text(ONE)
    assert bench.stack().initialise()
    (bench.module / "one.tf").write_text(ONE.replace("1", "2"))
    before = time.monotonic()
    assert not bench.stack().initialise()
    assert time.monotonic() - before < 0.05
    assert bench.stack(backend={"path": str(bench.folder / "other.tfstate")}).initialise()


def test_new_module_requires_init(bench: Any) -> None:
    """A `module` block is found in whatever file it stands."""
    bench.write(ONE)
    bench.stack().initialise()
    (bench.module / "child").mkdir()
    (bench.module / "child" / "main.tf").write_text('resource "terraform_data" "two" {}\n')
    (bench.module / "more.tf").write_text('module "child" {\n  source = "./child"\n}\n')
    assert bench.stack().plan(bench.plan_file).add == 2


def test_lost_data_directory_is_initialised_again(bench: Any) -> None:
    """When Terraform finds that init is required after all, it is run once and the plan again."""
    bench.write(ONE)
    stack = bench.stack()
    stack.initialise()
    (bench.data / "terraform.tfstate").unlink()
    assert stack.plan(bench.plan_file).add == 1


def test_root_module_stays_clean(bench: Any) -> None:
    """Everything Terraform keeps goes to the data directory."""
    bench.write(ONE)
    stack = bench.stack()
    stack.plan(bench.plan_file)
    stack.apply(bench.plan_file)
    assert [p.name for p in bench.module.iterdir()] == ["main.tf"]


def test_variables_arrive_with_their_types(bench: Any) -> None:
    """Booleans, numbers and strings; None leaves the default."""
    bench.write(
        'variable "b" {\n  type = bool\n}\nvariable "n" {\n  type = number\n}\n'
        'variable "s" {\n  type = string\n}\nvariable "d" {\n  default = "kept"\n}\n'
        'output "all" {\n  value = [!var.b, var.n + 1, var.s, var.d]\n}\n'
    )
    stack = bench.stack(variables={"b": True, "n": 2, "s": 'a "b" ${c}', "d": None})
    stack.plan(bench.plan_file)
    stack.apply(bench.plan_file)
    assert bench.outputs["all"] == [False, 3, 'a "b" ${c}', "kept"]


def test_inherited_terraform_settings_cannot_change_a_command(bench: Any) -> None:
    """TF_CLI_ARGS and TF_WORKSPACE would plan something else than what is asked."""
    bench.write(ONE)
    hostile = {
        "TF_CLI_ARGS_plan": "-destroy",
        "TF_CLI_ARGS": "-no-such-option",
        "TF_WORKSPACE": "other",
        "TF_DATA_DIR": "/nonexistent",
        "TF_INPUT": "1",
    }
    stack = bench.stack(environment={**bench.environment, **hostile})
    assert stack.plan(bench.plan_file).add == 1


def test_missing_cli_configuration_is_only_a_warning(bench: Any) -> None:
    """Terraform warns on standard error, which ends in the log."""
    bench.write(ONE)
    environment = {**bench.environment, "TF_CLI_CONFIG_FILE": "/nonexistent/terraform.rc"}
    assert bench.stack(environment=environment).plan(bench.plan_file).add == 1
    assert "/nonexistent/terraform.rc" in bench.log


def test_secret_is_in_no_command_line_and_in_no_temporary_file(
    bench: Any, command_lines: Callable[[], list[str]]
) -> None:
    """It travels in the environment, and a running apply leaves no trace of it."""
    secret = "hush-4711-hush"
    bench.write('variable "secret" {\n  sensitive = true\n}\n' + SLOW)
    seen: list[str] = []

    def report(event: TerraformEvent) -> None:
        if event.kind == "started":
            seen.extend(command_lines())
            for file in bench.folder.rglob("*"):
                if file.is_file() and file != bench.plan_file:
                    seen.append(file.read_bytes().decode(errors="replace"))

    stack = bench.stack(variables={"secret": secret}, report=report)
    stack.plan(bench.plan_file)
    stack.apply(bench.plan_file)
    assert any("apply" in line for line in seen)
    assert not [line for line in seen if secret in line]


def test_secret_is_in_no_error(bench: Any) -> None:
    """Terraform itself quotes a sensitive value in a validation's error: it is masked."""
    bench.write(
        'variable "secret" {\n  sensitive = true\n  validation {\n'
        "    condition     = length(var.secret) > 99\n"
        '    error_message = "Too short: ${var.secret}"\n  }\n}\n'
    )
    with pytest.raises(TtOpsError) as caught:
        bench.stack(
            variables={"secret": "hush-4711"}, redact=lambda text: text.replace("hush-4711", "***")
        ).plan(bench.plan_file)
    assert caught.value.code == "terraform-failed"
    assert "Too short: ***" in caught.value.message
    assert "hush" not in caught.value.message + caught.value.hint + bench.log


def test_failure_names_the_resource_and_the_cause(bench: Any) -> None:
    """One line without colour codes; the rest is in the log, whose path is given."""
    bench.write(
        'resource "terraform_data" "bad" {\n  provisioner "local-exec" {\n'
        "    command = \"printf '\\\\033[31mred\\\\033[0m' && exit 3\"\n  }\n}\n"
    )
    stack = bench.stack()
    stack.plan(bench.plan_file)
    with pytest.raises(TtOpsError) as caught:
        stack.apply(bench.plan_file)
    error = caught.value
    assert (error.code, error.exit_code) == ("terraform-failed", ExitCode.FAILED)
    assert "exit status 3" in error.message
    assert "Output: red (terraform_data.bad)" in error.message
    assert str(bench.data / "terraform.log") in error.hint
    assert "\x1b" not in error.message + bench.log
    assert [e.address for e in bench.events if e.kind == "errored"] == ["terraform_data.bad"]


def test_warning_says_what_and_where(bench: Any) -> None:
    """With Terraform's own explanation, not its heading alone."""
    assertion = '    condition = terraform.workspace == "x"\n    error_message = "Odd."\n'
    bench.write(f'check "name" {{\n  assert {{\n{assertion}  }}\n}}\n')
    bench.stack().plan(bench.plan_file)
    (warning,) = {event for event in bench.events if event.kind == "warning"}
    assert warning.message == "Check block assertion failed: Odd."
    assert warning.findings == (Finding(warning.message, bench.module / "main.tf", 6),)


def test_stale_plan_is_refused(bench: Any) -> None:
    """A plan that another apply has overtaken says so and what to type."""
    bench.write(ONE)
    stack = bench.stack(command="bootstrap")
    other = bench.folder / "plans" / "other"
    stack.plan(bench.plan_file)
    stack.plan(other)
    stack.apply(other)
    with pytest.raises(TtOpsError) as caught:
        stack.apply(bench.plan_file)
    assert caught.value.code == "plan-stale"
    assert caught.value.hint.endswith("tt-ops bootstrap")


def test_second_run_names_the_holder_of_the_lock(bench: Any) -> None:
    """The other goes on undisturbed, outside the main thread where there are no handlers."""
    bench.write(SLOW)
    started = threading.Event()
    first = bench.stack(report=lambda event: started.set() if event.kind == "started" else None)
    first.plan(bench.plan_file)
    thread = threading.Thread(target=lambda: first.apply(bench.plan_file))
    thread.start()
    assert started.wait(20)
    with pytest.raises(TtOpsError) as caught:
        bench.stack().plan(bench.folder / "plans" / "other")
    thread.join()
    assert caught.value.code == "state-locked"
    assert re.search(
        rf"locked by \S*@{re.escape(socket.gethostname())} since [\d-]+ [\d:]+ UTC for its apply$",
        caught.value.message,
    )
    assert re.search(r"tt-ops unlock [0-9a-f-]{36}$", caught.value.hint)
    assert bench.stack().plan(bench.plan_file).empty


def test_failing_report_leaves_no_terraform_behind(bench: Any) -> None:
    """Terraform is stopped in good order before the exception goes on."""
    bench.write(SLOW.replace("sleep 2", "sleep 600"))

    def report(event: TerraformEvent) -> None:
        if event.kind == "started":
            raise BrokenPipeError

    stack = bench.stack(report=report)
    stack.plan(bench.plan_file)
    with pytest.raises(BrokenPipeError):
        stack.apply(bench.plan_file)
    assert bench.stack().plan(bench.plan_file).add == 1


@pytest.mark.parametrize("name", ["missing", "module"])
def test_executable_that_cannot_be_started_is_named(bench: Any, name: str) -> None:
    """Exit 4: nothing was started."""
    bench.write(ONE)
    executable = bench.folder / name
    with pytest.raises(ConfigurationError) as caught:
        bench.stack(executable=executable).initialise()
    assert caught.value.code == "terraform-missing"
    assert str(executable) in caught.value.message


def test_missing_root_module_is_named(bench: Any) -> None:
    """The folder is quoted, and the option that changes it."""
    with pytest.raises(ConfigurationError) as caught:
        bench.stack().plan(bench.plan_file)
    assert caught.value.code == "root-module-missing"
    assert "--project-dir" in caught.value.hint


def test_misspelt_command_is_an_attribute_error(bench: Any) -> None:
    """python-terraform would run `terraform aplly`."""
    terraform = Terraform(
        executable=Path("terraform"),
        directory=bench.folder,
        environment=os.environ,
        on_line=lambda stream, line: None,
        on_signal=lambda number: None,
    )
    with pytest.raises(AttributeError):
        terraform.aplly()
