"""Checks of this machine and of the project on it."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from tasktracker_ops import __version__
from tasktracker_ops.adapters.host.templates import read_record
from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.workflows.template_upgrade import is_outdated

from .check import CheckGroup, Examination, Outcome, failed, ok, skipped, warning

GROUP = CheckGroup()
_LOCK_FILE = "terraform/.terraform.lock.hcl"
# By shell: the files that may load the completion, and the line that does, as docs/commands.md.
_COMPLETIONS = {
    "bash": ((".bashrc", ".bash_profile"), 'eval "$(_TT_OPS_COMPLETE=bash_source tt-ops)"'),
    "zsh": ((".zshrc", ".zprofile"), 'eval "$(_TT_OPS_COMPLETE=zsh_source tt-ops)"'),
    "fish": ((".config/fish/config.fish",), "_TT_OPS_COMPLETE=fish_source tt-ops | source"),
}


@GROUP.check("python")
def _python(examined: Examination) -> Outcome:
    return ok(f"{platform.python_version()} at {sys.executable}")


@GROUP.check("tt-ops")
def _tt_ops(examined: Examination) -> Outcome:
    return ok(f"{__version__} in {sys.prefix}")


@GROUP.check("completion")
def _completion(examined: Examination) -> Outcome:
    environ = examined.app.settings.environ
    shell = Path(environ.get("SHELL", "")).name
    if environ.get("CI") or shell not in _COMPLETIONS or "HOME" not in environ:
        return skipped("no interactive shell that it exists for")
    names, line = _COMPLETIONS[shell]
    files = [Path(environ["HOME"], name) for name in names]
    if any("_TT_OPS_COMPLETE" in _text(file) for file in files):
        return ok(f"of {shell}")
    return warning(
        f"{shell} does not complete the commands of tt-ops",
        f"have it load them: echo '{line}' >> ~/{names[0]}",
    )


@GROUP.check("project")
def _project(examined: Examination) -> Outcome:
    project = examined.app.settings.project_dir
    return ok(str(project)) if project else skipped("this folder is in no project")


@GROUP.check("template", "project")
def _template(examined: Examination) -> Outcome:
    project = examined.app.settings.project
    record = read_record(project)
    if record is None:
        return ok("a clone, which git keeps up to date")
    if is_outdated(project):
        return warning(
            f"the project is of tt-ops {record.version}, older than this {__version__}",
            "merge what has changed since: tt-ops init --upgrade",
        )
    return ok(f"of tt-ops {record.version}")


@GROUP.check("terraform", "project")
def _terraform(examined: Examination) -> Outcome:
    app = examined.app
    try:
        binary = app.terraform
    except ConfigurationError as error:
        if error.code != "terraform-missing" or app.settings.terraform is not None:
            raise
        return failed(error.message, "install it, or agree to its download: tt-ops bootstrap --yes")
    return ok(f"{binary.version} at {binary.path}, from {binary.source}")


@GROUP.check("provider", "terraform")
def _provider(examined: Examination) -> Outcome:
    app = examined.app
    if not (app.settings.project / _LOCK_FILE).is_file():
        return failed(
            f"{_LOCK_FILE!r} is missing, so no version and no hash of the provider is fixed",
            f"restore it: git checkout -- {_LOCK_FILE}",
        )
    return ok(app.stacks.provider_source().sentence)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
