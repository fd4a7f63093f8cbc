"""Checks of this machine and of the project."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops import __version__
from tasktracker_ops.app import App
from tasktracker_ops.models.doctor import Check
from tasktracker_ops.settings import Settings

RunCheck = Callable[[Any, str], Check]
REPORT: Any = SimpleNamespace(doing=lambda what: None, download=lambda received, total: None)


def app(project: Path | None, **environ: str) -> App:
    """Return an application with these variables, which agrees to nothing."""
    settings = Settings(project_dir=project, environ=environ, cache_dir=Path("/nowhere"))
    return App(settings, REPORT, lambda question: False)


@pytest.mark.parametrize(
    ("shell", "file", "line"),
    [
        ("/bin/bash", ".bashrc", 'eval "$(_TT_OPS_COMPLETE=bash_source tt-ops)"'),
        ("/usr/bin/zsh", ".zshrc", 'eval "$(_TT_OPS_COMPLETE=zsh_source tt-ops)"'),
        ("fish", ".config/fish/config.fish", "_TT_OPS_COMPLETE=fish_source tt-ops | source"),
    ],
)
def test_the_line_for_the_completion_is_given(
    run_check: RunCheck, tmp_path: Path, shell: str, file: str, line: str
) -> None:
    """Once it is in the start-up file of the shell, all is well."""
    here = app(None, SHELL=shell, HOME=str(tmp_path))
    found = run_check(here, "completion")
    assert (found.state, found.fix) == ("warning", f"have it load them: echo '{line}' >> ~/{file}")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(f"{line}\n")
    assert run_check(here, "completion").state == "ok"


def test_ci_needs_no_completion(run_check: RunCheck, tmp_path: Path) -> None:
    """Nor does a shell that has none."""
    for variables in ({"SHELL": "/bin/bash", "CI": "true"}, {"SHELL": "/bin/sh"}, {}):
        assert (
            run_check(app(None, HOME=str(tmp_path), **variables), "completion").state == "skipped"
        )


def test_an_older_template_is_a_warning(run_check: RunCheck, tmp_path: Path) -> None:
    """A clone has none."""
    assert run_check(app(None), "project").state == "skipped"
    assert run_check(app(tmp_path), "template").state == "ok"
    record = tmp_path / ".tt-ops-template.json"
    for version, state in ((__version__, "ok"), ("0.0.1", "warning")):
        record.write_text(json.dumps({"version": version, "files": {}}))
        assert run_check(app(tmp_path), "template").state == state
    record.write_text("{")
    found = run_check(app(tmp_path), "template")
    assert (found.state, str(found.fix).rpartition(": ")[2]) == (
        "failed",
        "git checkout -- .tt-ops-template.json",
    )


def test_a_missing_terraform_is_not_downloaded(run_check: RunCheck, tmp_path: Path) -> None:
    """The fix names the command that asks."""
    found = run_check(app(tmp_path, PATH="/nowhere"), "terraform")
    assert (found.state, str(found.fix).rpartition(": ")[2]) == (
        "failed",
        "tt-ops bootstrap --yes",
    )


def test_a_lost_lock_file_is_found(run_check: RunCheck, tmp_path: Path) -> None:
    """Without it any version of the provider would do."""
    found = run_check(app(tmp_path), "provider")
    assert (found.state, str(found.fix).rpartition(": ")[2]) == (
        "failed",
        "git checkout -- terraform/.terraform.lock.hcl",
    )
