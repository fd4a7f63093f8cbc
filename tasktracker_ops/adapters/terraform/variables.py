"""What the files of a root module say, read without Terraform."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_DIGITS = 12  # of a digest, in hexadecimal
_DECLARATION = re.compile(r'^variable "(\w+)"', re.MULTILINE)
_ALERT_EMAIL = re.compile(r'"?\balert_email"?\s*[=:]\s*"[^"]*"')
_LEFT_OUT = {
    *("s3_use_path_style", "aws_max_retries"),
    *("package_path", "package_s3_bucket", "package_s3_key"),
    *("adopt", "function_permissions_boundary", "alert_email"),
}


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


def configuration(
    module: Path, variables: Mapping[str, str | bool], environment: Mapping[str, str]
) -> dict[str, str]:
    """Return a digest of each file and each variable that decides what Terraform deploys.

    The keys are paths such as `terraform/api.tf` and names such as `var.api_auth`; the digests have
    48 bits, so that all fit into a parameter of SSM. Files are those that Terraform reads, and the
    lock file of the providers. Variables are those of `variables`, and of TF_VAR_* in `environment`
    where the module declares them. Left out is what another machine may have differently for the
    same deployment (how Terraform reaches AWS, where the package lies), what a deploy finds in AWS
    (`adopt`, the boundary of the function's role), and the address of the alarms, from files too:
    what a digest is of can be guessed.
    """
    texts = {file.name: file.read_text("utf-8") for file in _configuration_files(module)}
    declared = {name for text in texts.values() for name in _DECLARATION.findall(text)}
    given = {name: environment.get(f"TF_VAR_{name}") for name in declared} | dict(variables)
    values = {f"{module.name}/{name}": _ALERT_EMAIL.sub("", text) for name, text in texts.items()}
    for name, value in given.items():
        if value is not None and name not in _LEFT_OUT:
            values[f"var.{name}"] = variable_text(value)
    return {
        name: hashlib.sha256(value.encode()).hexdigest()[:_DIGITS]
        for name, value in sorted(values.items())
    }


def variable_text(value: str | bool | int) -> str:
    """Return a value in the form of TF_VAR_*."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def function_variables(module: Path) -> list[str]:
    """Return the names of the environment variables that the module gives its function."""
    block = re.compile(r"^\s*variables\s*=\s*{$(.*?)^\s*}$", re.MULTILINE | re.DOTALL)
    texts = [file.read_text("utf-8") for file in sorted(module.glob("*.tf"))]
    blocks = [found[1] for text in texts for found in block.finditer(text)]
    return [name for each in blocks for name in re.findall(r"^\s*(\w+)\s*=", each, re.MULTILINE)]


def _configuration_files(module: Path) -> Iterator[Path]:
    for pattern in ("*.tf", "*.tf.json", ".terraform.lock.hcl"):
        yield from module.glob(pattern)
    yield from _files(module)


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
