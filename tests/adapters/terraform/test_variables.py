"""What the files of a root module say about a variable, as Terraform reads them."""

from __future__ import annotations

from pathlib import Path

from tasktracker_ops.adapters.terraform.variables import (
    configuration,
    function_variables,
    string_variable,
)

TERRAFORM = Path(__file__).parents[3] / "terraform"


def test_the_strongest_file_decides(tmp_path: Path) -> None:
    """Default, variable, terraform.tfvars, *.auto.tfvars: each comes before those to its left."""

    def value(**environment: str) -> str | None:
        return string_variable(tmp_path, "color", environment)

    assert value() is None
    (tmp_path / "variables.tf").write_text(
        'variable "colors" {\n  default = "no"\n}\nvariable "color" {\n  default = "red"\n}\n'
    )
    assert value() == "red"
    assert value(TF_VAR_color="blue") == "blue"
    files = {
        "terraform.tfvars": '# color = "no"\ncolors = "no"\n  color   = "green"\n',
        "terraform.tfvars.json": '{"color": "white"}',
        "a.auto.tfvars": 'color = "black"',
        "b.auto.tfvars.json": '{"color": "grey"}',
        "c.auto.tfvars": 'colors = "no"',
        "other.tfvars": 'color = "no"',
    }
    for name, expected in zip(files, ["green", "white", "black", "grey", "grey"], strict=False):
        (tmp_path / name).write_text(files[name])
        assert value(TF_VAR_color="blue") == expected


def test_the_functions_own_variables_are_those_of_the_configuration() -> None:
    """Their names are what its handler finds in its environment."""
    assert "TASKS_TABLE_NAME" in function_variables(TERRAFORM)
    assert string_variable(TERRAFORM, "lambda_architecture", {}) in ("arm64", "x86_64")


def test_configuration_names_what_has_changed(tmp_path: Path) -> None:
    """Files that Terraform reads, and variables that the module declares, each by its name."""
    module = tmp_path / "terraform"
    module.mkdir()
    for name in ("main.tf", ".terraform.lock.hcl", "terraform.tfvars", "other.tfvars", "README.md"):
        (module / name).write_text('variable "size" {\n}\n' if name == "main.tf" else "")
    environment = {"TF_VAR_size": "1", "TF_VAR_of_another_project": "1"}
    before = configuration(module, {"region": "eu-west-3", "protected": True}, environment)
    files = (".terraform.lock.hcl", "main.tf", "terraform.tfvars")
    variables = ("var.protected", "var.region", "var.size")
    assert list(before) == [*(f"terraform/{name}" for name in files), *variables]
    assert all(len(digest) == 12 for digest in before.values())
    (module / "main.tf").write_text('variable "size" {\n}\n# more\n')
    environment |= {"TF_VAR_size": "2", "TF_VAR_of_another_project": "2"}
    after = configuration(module, {"region": "eu-west-3", "protected": True}, environment)
    assert {n for n in after if after[n] != before[n]} == {"terraform/main.tf", "var.size"}


def test_configuration_is_the_same_on_every_machine(tmp_path: Path) -> None:
    """How Terraform reaches AWS is no part of it, and no digest is of somebody's address."""
    module = tmp_path / "terraform"
    module.mkdir()
    tfvars, names = module / "terraform.tfvars", "alert_email package_path adopt aws_max_retries"
    (module / "main.tf").write_text("".join(f'variable "{n}" {{\n}}\n' for n in names.split()))
    tfvars.write_text('api_auth = "NONE"\nalert_email = "me@example.com"\n')
    here = configuration(module, {"s3_use_path_style": True}, {"TF_VAR_alert_email": "me@x.org"})
    tfvars.write_text('api_auth = "NONE"\nalert_email = "you@example.com"\n')
    there = configuration(module, {"aws_max_retries": "4"}, {"TF_VAR_package_path": "/elsewhere"})
    assert here == there
    assert list(here) == ["terraform/main.tf", "terraform/terraform.tfvars"]
