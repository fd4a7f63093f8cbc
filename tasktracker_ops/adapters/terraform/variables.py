"""What the files of a root module say, read without Terraform."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path


def string_variable(module: Path, name: str, environment: Mapping[str, str]) -> str | None:
    """Return the value of a variable of type string; None where nothing sets it.

    Reads what Terraform reads, the strongest first: *.auto.tfvars, terraform.tfvars, TF_VAR_name,
    and the default of the declaration.
    Source: https://developer.hashicorp.com/terraform/language/values/variables
    """
    for file in _files(module):
        if (value := _assigned(file, name)) is not None:
            return value
    if (value := environment.get(f"TF_VAR_{name}")) is not None:
        return value
    declaration = re.compile(rf'^variable "{name}" {{$(.*?)^}}', re.MULTILINE | re.DOTALL)
    for file in sorted(module.glob("*.tf")):
        if found := declaration.search(file.read_text("utf-8")):
            return _literal(found[1], "default")
    return None


def function_variables(module: Path) -> list[str]:
    """Return the names of the environment variables that the module gives its function."""
    block = re.compile(r"^\s*variables\s*=\s*{$(.*?)^\s*}$", re.MULTILINE | re.DOTALL)
    texts = [file.read_text("utf-8") for file in sorted(module.glob("*.tf"))]
    blocks = [found[1] for text in texts for found in block.finditer(text)]
    return [name for each in blocks for name in re.findall(r"^\s*(\w+)\s*=", each, re.MULTILINE)]


def _files(module: Path) -> Iterator[Path]:
    automatic = [*module.glob("*.auto.tfvars"), *module.glob("*.auto.tfvars.json")]
    yield from sorted(automatic, key=lambda file: file.name, reverse=True)
    for name in ("terraform.tfvars.json", "terraform.tfvars"):
        if (module / name).is_file():
            yield module / name


def _assigned(file: Path, name: str) -> str | None:
    text = file.read_text("utf-8")
    if file.suffix != ".json":
        return _literal(text, name)
    try:
        values = json.loads(text)
    except ValueError:
        return None  # Terraform will say what is wrong with it
    value = values.get(name) if isinstance(values, dict) else None
    return value if isinstance(value, str) else None


def _literal(text: str, name: str) -> str | None:
    found = re.search(rf'^\s*{name}\s*=\s*"([^"]*)"', text, re.MULTILINE)
    return found[1] if found else None
