"""Terraform's commands: init when needed, variables, secrets, progress, and errors."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tasktracker_ops.errors import ConfigurationError, ExitCode, Finding, TtOpsError
from tasktracker_ops.models.plan import TerraformEvent
from tests.errors import raises

ONE = 'resource "terraform_data" "one" {\n  input = 1\n}\n'


def test_progress_arrives_while_apply_runs(bench: Any) -> None:
    """The resource completes only after its start was reported."""
    bench.write(bench.waiting)
    kinds: list[str] = []

    def report(event: TerraformEvent) -> None:
        kinds.append(event.kind)
        if event.kind == "started":
            bench.release()

    stack = bench.stack(report=report)
    stack.plan(bench.plan_file)
    kinds.clear()
    stack.apply(bench.plan_file)
    assert (kinds[0], kinds[-1]) == ("started", "complete")


def test_init_runs_only_when_needed(bench: Any) -> None:
    """A changed backend needs it; a second run or a changed resource does not."""
    bench.write("")
    (bench.module / "one.tf").write_text(ONE)
    assert bench.stack().runner.initialise()
    (bench.module / "one.tf").write_text(ONE.replace("1", "2"))
    assert not bench.stack().runner.initialise()
    assert bench.log.count("terraform init") == 1
    assert bench.stack(backend={"path": str(bench.folder / "other.tfstate")}).runner.initialise()


def test_new_module_requires_init(bench: Any) -> None:
    """A `module` block is detected in any file."""
    bench.write(ONE)
    bench.stack().runner.initialise()
    (bench.module / "child").mkdir()
    (bench.module / "child" / "main.tf").write_text('resource "terraform_data" "two" {}\n')
    (bench.module / "more.tf").write_text('module "child" {\n  source = "./child"\n}\n')
    assert bench.stack().plan(bench.plan_file).add == 2


def test_damaged_data_directory_is_initialised_again(bench: Any) -> None:
    """When Terraform asks for init, init and plan run again."""
    bench.write(ONE)
    stack = bench.stack()
    stack.runner.initialise()
    (bench.data / "terraform.tfstate").unlink()
    assert stack.plan(bench.plan_file).add == 1


def test_variables_keep_their_types(bench: Any) -> None:
    """Booleans, numbers and strings are passed; None keeps the default."""
    bench.write(
        'variable "b" {\n  type = bool\n}\nvariable "n" {\n  type = number\n}\n'
        'variable "s" {\n  type = string\n}\nvariable "d" {\n  default = "kept"\n}\n'
        'output "all" {\n  value = [!var.b, var.n + 1, var.s, var.d]\n}\n'
    )
    stack = bench.stack(variables={"b": True, "n": 2, "s": 'a "b" ${c}', "d": None})
    bench.apply(stack)
    assert bench.outputs["all"] == [False, 3, 'a "b" ${c}', "kept"]


def test_inherited_terraform_variables_are_ignored(bench: Any) -> None:
    """TF_CLI_ARGS and TF_WORKSPACE would change the plan."""
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


def test_missing_cli_configuration_is_a_warning(bench: Any) -> None:
    """Terraform warns on standard error, which goes to the log."""
    bench.write(ONE)
    environment = {**bench.environment, "TF_CLI_CONFIG_FILE": "/nonexistent/terraform.rc"}
    assert bench.stack(environment=environment).plan(bench.plan_file).add == 1
    assert "/nonexistent/terraform.rc" in bench.log


def test_secret_is_in_no_command_line_and_in_no_temporary_file(
    bench: Any, command_lines: Callable[[], list[str]]
) -> None:
    """It travels in the environment, and a running apply leaves no trace of it."""
    secret = "hush-4711-hush"
    bench.write('variable "secret" {\n  sensitive = true\n}\n' + bench.waiting)
    texts: list[str] = []

    def report(event: TerraformEvent) -> None:
        if event.kind == "started":
            texts.extend(command_lines())
            for file in bench.folder.rglob("*"):
                if file.is_file() and file != bench.plan_file:
                    texts.append(file.read_bytes().decode(errors="replace"))
            bench.release()

    stack = bench.stack(variables={"secret": secret}, report=report)
    bench.apply(stack)
    assert any("apply" in line for line in texts)
    assert not [line for line in texts if secret in line]


def test_secret_is_in_no_error(bench: Any) -> None:
    """Terraform quotes a sensitive value in the error of a validation; it is masked."""
    bench.write(
        'variable "secret" {\n  sensitive = true\n  validation {\n'
        "    condition     = length(var.secret) > 99\n"
        '    error_message = "Too short: ${var.secret}"\n  }\n}\n'
    )
    with raises("terraform-failed") as caught:
        bench.stack(
            variables={"secret": "hush-4711"}, redact=lambda text: text.replace("hush-4711", "***")
        ).plan(bench.plan_file)
    assert "Too short: ***" in caught.value.message
    assert "hush" not in caught.value.message + caught.value.hint + bench.log


def test_failure_names_the_resource_and_the_cause(bench: Any) -> None:
    """The message is one line without colour codes; the hint names the log."""
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


def test_warning_has_explanation_and_place(bench: Any) -> None:
    """Terraform's explanation follows its summary."""
    assertion = '    condition = terraform.workspace == "x"\n    error_message = "Odd."\n'
    bench.write(f'check "name" {{\n  assert {{\n{assertion}  }}\n}}\n')
    bench.stack().plan(bench.plan_file)
    (warning,) = {event for event in bench.events if event.kind == "warning"}
    assert warning.message == "Check block assertion failed: Odd."
    assert warning.findings == (Finding(warning.message, bench.module / "main.tf", 6),)


def test_stack_runs_outside_the_main_thread(bench: Any) -> None:
    """Such as for the console; only the main thread can have signal handlers."""
    bench.write(ONE)
    with ThreadPoolExecutor() as pool:
        assert pool.submit(bench.stack().plan, bench.plan_file).result().add == 1


def test_exception_in_report_stops_terraform(bench: Any) -> None:
    """Terraform releases its lock before the exception is raised."""
    bench.write(bench.waiting)

    def report(event: TerraformEvent) -> None:
        if event.kind == "started":
            raise BrokenPipeError

    stack = bench.stack(report=report)
    stack.plan(bench.plan_file)
    with pytest.raises(BrokenPipeError):
        stack.apply(bench.plan_file)
    assert bench.stack().plan(bench.plan_file).add == 1


@pytest.mark.parametrize("name", ["missing", "module"])
def test_executable_that_cannot_start_is_an_error(bench: Any, name: str) -> None:
    """It is a configuration error that quotes the path."""
    bench.write(ONE)
    executable = bench.folder / name
    with pytest.raises(ConfigurationError) as caught:
        bench.stack(executable=executable).runner.initialise()
    assert caught.value.code == "terraform-missing"
    assert str(executable) in caught.value.message


def test_missing_root_module_is_an_error(bench: Any) -> None:
    """The hint names the option for the project's folder."""
    with pytest.raises(ConfigurationError) as caught:
        bench.stack().plan(bench.plan_file)
    assert caught.value.code == "root-module-missing"
    assert "--project-dir" in caught.value.hint


def test_provider_that_does_not_start_is_started_again(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine may end a provider before it answers; nothing was changed by then."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    mirror, starts = bench.folder / "mirror", bench.folder / "starts"
    folder = mirror / "example.com/some/thing/1.0.0" / bench.terraform.platform
    folder.mkdir(parents=True)
    provider = folder / "terraform-provider-thing_v1.0.0"
    provider.write_text(f"#!/bin/sh\necho start >> {starts}\nexit 1\n")
    provider.chmod(0o755)
    settings = bench.folder / "terraform.rc"
    settings.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    )
    bench.write(
        'terraform {\n  required_providers {\n    thing = { source = "example.com/some/thing" }\n'
        '  }\n}\nresource "thing_it" "it" {}\n'
    )
    environment = {**bench.environment, "TF_CLI_CONFIG_FILE": str(settings)}
    terraform = [str(bench.terraform.path), f"-chdir={bench.module}"]
    subprocess.run(
        [*terraform, "providers", "lock", f"-fs-mirror={mirror}"], env=environment, check=True
    )
    with pytest.raises(TtOpsError, match="Failed to read any lines from plugin's stdout"):
        bench.stack(environment=environment).plan(bench.plan_file)
    assert len(starts.read_text().splitlines()) >= 4
