"""What the files of a root module say about a variable, as Terraform reads them."""

from __future__ import annotations

from pathlib import Path

from tasktracker_ops.adapters.terraform.variables import function_variables, string_variable

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
