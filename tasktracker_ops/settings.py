"""Settings: flag > `TT_OPS_*` variable > `tt-ops.toml` (environment, then shared) > default.

This is the only module that reads `os.environ`; AWS's own variables are handed on as they are.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import ConfigurationError, Finding

CONFIGURATION_FILE = "tt-ops.toml"
DEFAULT_REGION = "eu-west-3"
ENVIRONMENT = "default"
PROJECT_MARKERS = ("terraform", "bootstrap", "lambda_function")
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, once per process. None means: not said, the target decides."""

    target: str = "aws"
    profile: str | None = None
    region: str | None = None
    env: str = ENVIRONMENT
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
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def project(self) -> Path:
        """The project's root. Raises ConfigurationError outside of one."""
        if self.project_dir is None:
            raise ConfigurationError(
                "project-missing",
                f"no Task Tracker project in {str(Path.cwd())!r} or above: "
                f"it has the folders {', '.join(PROJECT_MARKERS)}",
                hint="go to your clone, or name it: tt-ops --project-dir PATH plan",
            )
        return self.project_dir

    @property
    def work_dir(self) -> Path:
        """Where this target and environment keep what can be made again (never committed)."""
        return self.project / ".tt-ops" / f"{self.target}-{self.env}"


_CHOICES = {
    "target": ("aws", "local"),
    "output": ("table", "json", "csv", "markdown"),
    "env": (ENVIRONMENT,),
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


def _region(text: str) -> str:
    """Take what Terraform's variable of that name takes."""
    if re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", text) is None:
        raise ValueError("not a region")
    return text


def _path(text: str) -> Path:
    return _expanded(text).absolute()


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ConfigurationError(
            "home-missing",
            f"{text!r} leads nowhere: no home directory is known for it",
            hint='say where your home is: export HOME="$PWD"',
        ) from None


_READERS: dict[str, Callable[[str], Any]] = {
    "region": _region,
    "verbose": _boolean,
    "quiet": _boolean,
    "no_color": _boolean,
    "project_dir": _path,
    "terraform": _path,
    "provider_mirror": _path,
    "cache_dir": _path,
    "local_port": _port,
}
# What is said of the readers that take more than text from the file.
_FORMS: dict[Callable[[str], Any], str] = {
    _boolean: "true or false",
    _region: f"the code of a region, such as {DEFAULT_REGION}",
    _port: "a port from 0 to 65535",
}
_APPEARANCE = ("output", "verbose", "quiet", "no_color")
NAMES = tuple(name for name in Settings.__dataclass_fields__ if name != "environ")
_NOT_IN_FILE = {"project_dir", "env", "api_token"}


def load(flags: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Settings:
    """Settle every setting from `flags` (those really given), the environment and the file.

    Raises ConfigurationError for an unknown name or a value that does not fit, quoting it.
    """
    environ = dict(os.environ if environ is None else environ)
    said = _said(flags, environ)
    here = _here()
    project = _read("project_dir", *said["project_dir"]) if "project_dir" in said else None
    if project is None:
        project = find_project(here)
    elif find_project(project) != project:
        raise ConfigurationError(
            "project-missing",
            f"{str(project)!r} is no Task Tracker project: "
            f"it has to hold the folders {', '.join(PROJECT_MARKERS)}",
            hint="name your clone: tt-ops --project-dir PATH plan",
        )
    env = str(said.get("env", (ENVIRONMENT, ""))[0])
    file = (project or here) / CONFIGURATION_FILE
    merged = {name: (value, str(file)) for name, value in _from_file(file, env).items()} | said
    values = {name: _read(name, value, source) for name, (value, source) in merged.items()}
    values |= {"project_dir": project, "environ": environ}
    values.setdefault("cache_dir", _cache_dir(environ))
    return Settings(**values)


def appearance(flags: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Settings:
    """What there is to know of the output when `load` has failed: what does not fit is left out."""
    environ = dict(os.environ if environ is None else environ)
    values = {}
    for name, (value, source) in _said(flags, environ).items():
        if name in _APPEARANCE:
            with suppress(ConfigurationError):
                values[name] = _read(name, value, source)
    return Settings(**values, environ=environ)


def _said(flags: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    """What `flags` and variables say, each with its source."""
    said = {
        name: (environ[variable], variable)
        for name in NAMES
        if environ.get(variable := f"TT_OPS_{name.upper()}")
    }
    for name, variables in _STANDARD_VARIABLES.items():
        for variable in variables:
            if environ.get(variable):
                said.setdefault(name, (environ[variable], variable))
    return said | {name: (value, f"--{name.replace('_', '-')}") for name, value in flags.items()}


# Names that others gave to the same thing: read after ours.
_STANDARD_VARIABLES = {
    "alert_email": ("ALERT_EMAIL", "TF_VAR_alert_email"),
    "no_color": ("NO_COLOR",),
}


def aws_region(environ: Mapping[str, str]) -> str | None:
    """The region that AWS's own variables name. Raises ConfigurationError for one that is none."""
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if environ.get(variable):
            return str(_read("region", environ[variable], variable))
    return None


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise ConfigurationError(
            "folder-missing",
            "the folder you are in is gone",
            hint='if there is a new one in its place, go there: cd "$PWD"',
        ) from None


def find_project(start: Path) -> Path | None:
    """The nearest folder from `start` upwards that holds the project's folders."""
    for folder in (start, *start.parents):
        # Unlike Path.is_dir, this takes a folder that is closed to us for none.
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
    if not isinstance(value, (str, Path, int) if reader in _FORMS else (str, Path)):
        raise _unfit(name, value, source)
    try:
        result = reader(str(value))
    except ValueError:
        raise _unfit(name, value, source) from None
    if name in _CHOICES and result not in _CHOICES[name]:
        raise _unfit(name, value, source)
    return result


def _unfit(name: str, value: Any, source: str) -> ConfigurationError:
    choices = _CHOICES.get(name)
    form = _FORMS.get(_READERS.get(name, str), "text")
    wanted = f"one of: {', '.join(choices)}" if choices else form
    message = f"{name} = {str(value)!r} (from {source}) does not fit: it takes {wanted}"
    in_file = Path(source).name == CONFIGURATION_FILE
    return ConfigurationError(
        "setting-invalid",
        message,
        hint="see what each setting takes: tt-ops --help",
        findings=[_finding(Path(source), name, message)] if in_file else (),
    )


def _finding(file: Path, name: str, message: str) -> Finding:
    """What is wrong with a setting or a section, at the line that begins with its name."""
    begins = re.compile(rf"\s*\[?\s*[\"']?{re.escape(name)}[\"']?\s*[]=.]")
    lines = file.read_text(encoding="utf-8").splitlines()
    found = (number for number, line in enumerate(lines, 1) if begins.match(line))
    return Finding(message, file, next(found, None))


def _from_file(file: Path, env: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        line = re.search(r"at line (\d+)", str(error))
        raise ConfigurationError(
            "configuration-unreadable",
            f"{str(file)!r} cannot be read: {error}",
            hint="mend it, or move it away: " + shlex.join(["mv", str(file), f"{file}.old"]),
            findings=[Finding(str(error), file, int(line[1]) if line else None)],
        ) from None
    sections = content.pop("env", {})
    _require_sections(file, sections)
    merged = {**content, **sections.get(env, {})}
    for name in merged:
        if name not in NAMES or name in _NOT_IN_FILE:
            known = ", ".join(sorted(set(NAMES) - _NOT_IN_FILE))
            message = f"{str(file)!r} sets {name!r}, which is no setting. Known: {known}"
            raise ConfigurationError(
                "setting-unknown",
                message,
                hint=f"remove that line: ${{EDITOR:-vi}} {shlex.quote(str(file))}",
                findings=[_finding(file, name, message)],
            )
    # A path in the file is seen from the file, wherever one stands.
    return {
        name: file.parent / _expanded(value)
        if _READERS.get(name) is _path and isinstance(value, str)
        else value
        for name, value in merged.items()
        if value != ""  # as with variables: nothing is said
    }


def _require_sections(file: Path, sections: Any) -> None:
    """Refuse a misspelt section, which would quietly do nothing."""
    named = sections if isinstance(sections, dict) else {"": sections}
    for name, section in named.items():
        if name not in _CHOICES["env"] or not isinstance(section, dict):
            known = ", ".join(f"[env.{each}]" for each in _CHOICES["env"])
            section_name = ".".join(filter(None, ("env", name)))
            message = (
                f"{str(file)!r} sets {section_name!r}, "
                f"which is no section of an environment. Known: {known}"
            )
            raise ConfigurationError(
                "setting-unknown",
                message,
                hint=f"mend that line: ${{EDITOR:-vi}} {shlex.quote(str(file))}",
                findings=[_finding(file, section_name, message)],
            )
