"""Settings: flag > `TT_OPS_*` variable > `tt-ops.toml` (environment, then shared) > default.

This is the only module that reads `os.environ`; AWS's own variables are handed on as they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .environments import (
    DEFAULT_ENVIRONMENT,
    NAME_FORM,
    OWN_SETTINGS,
    Environment,
    is_environment_name,
)
from .errors import SAME_COMMAND, ConfigurationError
from .regions import REGION_CODE, nearest_region, region_names
from .settings_file import CONFIGURATION_FILE, finding, read_settings

DEFAULT_REGION = "eu-west-3"
PROJECT_MARKERS = ("terraform", "bootstrap", "lambda_function")
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
# One address, as SNS takes it: Terraform's variable `alert_email` would let `<a@b.example>` pass.
_ADDRESS = re.compile(r"""[^@\s<>()[\],;:"\\]+@[^@\s<>()[\],;:"\\.]+(\.[^@\s<>()[\],;:"\\.]+)+""")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a process; None means not set, so that the target decides.

    `origins` names the option, variable or file that set a value; defaults have none.
    """

    target: str = "aws"
    profile: str | None = None
    region: str | None = None
    env: str = DEFAULT_ENVIRONMENT
    temporary: bool | None = None
    output: str = "table"
    verbose: bool = False
    quiet: bool = False
    no_color: bool = False
    project_dir: Path | None = None
    state_bucket: str = "task-tracker-terraform-state"
    state_key: str = "infra/terraform.tfstate"
    lock_table: str = "terraform-locks"
    function_name: str = "task-tracker-function"
    table_name: str = "TaskTable"
    alert_email: str | None = field(default=None, repr=False)
    api_url: str | None = field(default=None, repr=False)
    api_token: str | None = field(default=None, repr=False)
    terraform: Path | None = None
    terraform_releases_url: str = "https://releases.hashicorp.com/terraform"
    provider_mirror: Path | None = None
    cache_dir: Path = Path("~/.cache/tt-ops")
    local_port: int | None = None
    local_persist: bool | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def project(self) -> Path:
        """Return the project's root. Raises ConfigurationError outside of one."""
        if self.project_dir is None:
            raise ConfigurationError(
                "project-missing",
                f"no Task Tracker project in {str(Path.cwd())!r} or above it: "
                f"a project has the folders {', '.join(PROJECT_MARKERS)}",
                hint="make one (tt-ops init), or name yours: tt-ops --project-dir PATH …",
            )
        return self.project_dir

    @property
    def configuration_file(self) -> Path:
        """Return the path of tt-ops.toml: in the project, or outside of one in this folder."""
        return (self.project_dir or _here()) / CONFIGURATION_FILE

    @property
    def alert_address(self) -> str | None:
        """Return the address that alarms are sent to, if one is set.

        Raises ConfigurationError `alert-email-invalid` for anything but one e-mail address.
        """
        if self.alert_email and _ADDRESS.fullmatch(self.alert_email) is None:
            raise _invalid(
                "alert_email",
                self.alert_email,
                self.origins.get("alert_email", "alert_email"),
                "it takes one e-mail address, such as you@example.com",
                code="alert-email-invalid",
                hint=f"give one: {SAME_COMMAND} --alert-email ADDRESS",
            )
        return self.alert_email

    @property
    def work_dir(self) -> Path:
        """Return the folder for generated files of this target and environment."""
        return self.project / ".tt-ops" / f"{self.target}-{self.env}"

    @property
    def state_dir(self) -> Path:
        """Return the user's folder for what commands remember from one run to the next."""
        base = self.environ.get("XDG_STATE_HOME")
        return (Path(base) if base else _expanded("~/.local/state")) / "tt-ops"


CHOICES = {
    "target": ("aws", "local"),
    "output": ("table", "json", "csv", "markdown"),
}


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError("not true or false")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError("not a port")
    return port


def _path(text: str) -> Path:
    return _expanded(text).absolute()


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ConfigurationError(
            "home-missing",
            f"cannot expand {text!r}: HOME is not set",
            hint='set it to your home directory: export HOME="$PWD"',
        ) from None


_READERS: dict[str, Callable[[str], Any]] = {
    "temporary": _boolean,
    "verbose": _boolean,
    "quiet": _boolean,
    "no_color": _boolean,
    "project_dir": _path,
    "terraform": _path,
    "provider_mirror": _path,
    "cache_dir": _path,
    "local_port": _port,
    "local_persist": _boolean,
}
# The value that a reader takes, for messages; all others take text.
_FORMS: dict[Callable[[str], Any], str] = {
    _boolean: "true or false",
    _port: "a port from 0 to 65535",
}
_OUTPUT_SETTINGS = ("output", "verbose", "quiet", "no_color")
NAMES = tuple(name for name in Settings.__dataclass_fields__ if name not in {"environ", "origins"})
_NOT_IN_FILE = {"project_dir", "env", "api_token"}
FILE_NAMES = tuple(name for name in NAMES if name not in _NOT_IN_FILE)


def load(flags: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings from `flags` (explicit ones only), the environment and the file.

    Raises ConfigurationError for an unknown name or an invalid value, quoting it.
    """
    environ = dict(os.environ if environ is None else environ)
    explicit = _explicit_values(flags, environ)
    here = _here()
    project = _read("project_dir", *explicit["project_dir"]) if "project_dir" in explicit else None
    if project is None:
        project = find_project(here)
    elif find_project(project) != project:
        raise ConfigurationError(
            "project-missing",
            f"{str(project)!r} is not a Task Tracker project: "
            f"a project has the folders {', '.join(PROJECT_MARKERS)}",
            hint="name your project: tt-ops --project-dir PATH …",
        )
    env = str(_read("env", *explicit["env"]) if "env" in explicit else DEFAULT_ENVIRONMENT)
    file = (project or here) / CONFIGURATION_FILE
    merged = {name: (value, str(file)) for name, value in _from_file(file, env).items()} | explicit
    values = {name: _read(name, value, source) for name, (value, source) in merged.items()}
    origins = {name: source for name, (_, source) in merged.items()}
    if "region" in values:
        # The local target ignores AWS's variables.
        aws = {} if values.get("target") == "local" else environ
        require_region(values["region"], origins["region"], aws)
    for name in OWN_SETTINGS:
        default = Settings.__dataclass_fields__[name].default
        values.setdefault(name, Environment(env).setting(name, str(default)))
    values |= {"project_dir": project, "environ": environ, "origins": origins}
    values.setdefault("cache_dir", _cache_dir(environ))
    return Settings(**values)


def read_value(name: str, text: str, source: str, environ: Mapping[str, str]) -> Any:
    """Return the value that a text gives a setting of the file; a path stays as it was written.

    Raises ConfigurationError as `load` does, also for what only some commands read.
    """
    require_file_name(name)
    try:
        if not text:
            raise _invalid(name, text, source, "an empty value counts as not set")
        value = _read(name, text, source)
        if name == "region":
            require_region(text, source, environ)
        if name == "alert_email":
            _ = Settings(alert_email=text, origins={name: source}).alert_address
    except ConfigurationError as error:
        other = (name == "region" and nearest_region(text)) or "VALUE"
        hint = f"set another one: tt-ops config set {name} {other}"
        raise ConfigurationError(error.code, error.message, hint=hint) from None
    return text if isinstance(value, Path) else value


def require_file_name(name: str) -> None:
    """Raise ConfigurationError for a name that cannot stand in the file."""
    if name in _NOT_IN_FILE:
        raise ConfigurationError(
            "setting-not-in-file",
            f"{name!r} cannot stand in {CONFIGURATION_FILE!r}",
            hint=f"set its variable: export TT_OPS_{name.upper()}=VALUE",
        )
    if name not in FILE_NAMES:
        from difflib import get_close_matches

        near = get_close_matches(name, FILE_NAMES, 1)
        raise ConfigurationError(
            "setting-unknown",
            f"there is no setting {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            hint="see all settings: tt-ops config show",
        )


def load_output_settings(
    flags: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> Settings:
    """Return the valid settings of the output, for when `load` has failed."""
    environ = dict(os.environ if environ is None else environ)
    values = {}
    for name, (value, source) in _explicit_values(flags, environ).items():
        if name in _OUTPUT_SETTINGS:
            with suppress(ConfigurationError):
                values[name] = _read(name, value, source)
    return Settings(**values, environ=environ)


def _explicit_values(
    flags: Mapping[str, Any], environ: Mapping[str, str]
) -> dict[str, tuple[Any, str]]:
    """Return what flags and variables set, each with its source."""
    values = {
        name: (environ[variable], variable)
        for name in NAMES
        if environ.get(variable := f"TT_OPS_{name.upper()}")
    }
    for name, variables in _STANDARD_VARIABLES.items():
        for variable in variables:
            if environ.get(variable):
                values.setdefault(name, (environ[variable], variable))
    return values | {name: (value, f"--{name.replace('_', '-')}") for name, value in flags.items()}


# Variables of others for the same setting: read after ours.
_STANDARD_VARIABLES = {
    "alert_email": ("ALERT_EMAIL", "TF_VAR_alert_email"),
    "no_color": ("NO_COLOR",),
}


def require_region(region: str, source: str, environ: Mapping[str, str]) -> str:
    """Return `region` if AWS has it; with `AWS_ENDPOINT_URL` in `environ`, any valid code.

    Terraform's provider checks this too, but late. Raises ConfigurationError `region-invalid`
    with a suggestion.
    """
    known = region_names()
    is_code = REGION_CODE.fullmatch(region) is not None
    if is_code and (region in known or not known or environ.get("AWS_ENDPOINT_URL")):
        return region
    near = nearest_region(region)
    hint = f"use the code of a region: tt-ops --region {DEFAULT_REGION} …"
    if near:
        hint = f"did you mean {near!r}? Use it: tt-ops --region {near} …"
    elif is_code:
        hint = "if the region is new, update boto3: pip install --upgrade boto3"
    reason = "the installed boto3 knows no such region"
    raise _invalid("region", region, source, reason, code="region-invalid", hint=hint)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise ConfigurationError(
            "folder-missing",
            "the current folder no longer exists",
            hint='if it was created again, enter it: cd "$PWD"',
        ) from None


def find_project(start: Path) -> Path | None:
    """Return the nearest folder from `start` upwards that holds the project's folders."""
    for folder in (start, *start.parents):
        # Unlike Path.is_dir, this is False for a folder that cannot be read.
        if all(os.path.isdir(folder / marker) for marker in PROJECT_MARKERS):
            return folder
    return None


def _cache_dir(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else _expanded("~/.cache")) / "tt-ops"


def _read(name: str, value: Any, source: str) -> Any:
    if name == "no_color" and source == "NO_COLOR":
        return True  # https://no-color.org: any value but the empty one
    reader = _READERS.get(name, str)
    choices = CHOICES.get(name)
    form = f"one of: {', '.join(choices)}" if choices else _FORMS.get(reader, "text")
    reason = f"it takes {form}"
    if not isinstance(value, (str, Path, int) if reader in _FORMS else (str, Path)):
        raise _invalid(name, value, source, reason)
    try:
        result = reader(str(value))
    except ValueError:
        raise _invalid(name, value, source, reason) from None
    if name == "env" and not is_environment_name(result):
        hint = "choose another name: tt-ops --env staging …"
        raise _invalid(name, value, source, f"it takes {NAME_FORM}", hint=hint)
    if choices and result not in choices:
        raise _invalid(name, value, source, reason)
    return result


def _invalid(
    name: str,
    value: Any,
    source: str,
    reason: str,
    *,
    code: str = "setting-invalid",
    hint: str = "see what each setting takes: tt-ops --help",
) -> ConfigurationError:
    message = f"{name} = {str(value)!r} (from {source}) is not valid: {reason}"
    in_file = Path(source).name == CONFIGURATION_FILE
    findings = [finding(Path(source), name, message)] if in_file else ()
    return ConfigurationError(code, message, hint=hint, findings=findings)


def _from_file(file: Path, env: str) -> dict[str, Any]:
    shared, section = read_settings(file, env, FILE_NAMES)
    # An empty value is not set, as with variables.
    values = {name: value for name, value in {**shared, **section}.items() if value != ""}
    for name, value in values.items():
        if not isinstance(value, str):
            continue
        if _READERS.get(name) is _path:  # relative to the file
            values[name] = file.parent / _expanded(value)
        elif name in OWN_SETTINGS and name not in section:
            values[name] = Environment(env).setting(name, value)
    return values
