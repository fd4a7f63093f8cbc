"""A project is made from the template of this tt-ops, and upgraded from that of an older one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tasktracker_ops.adapters.host.template_files import template_files
from tasktracker_ops.adapters.host.templates import PRISTINE, RECORD, read_record, record
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.template import Template
from tasktracker_ops.workflows.init import init
from tasktracker_ops.workflows.template_upgrade import is_outdated, upgrade

ROOT = Path(__file__).parents[2]


def refuse(question: str) -> None:
    """Answer every question with no."""
    raise TtOpsError("not-confirmed", "not confirmed", hint="try again: tt-ops init")


def agree(question: str) -> None:
    """Answer every question with yes."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a new project."""
    init(tmp_path / "tracker", refuse)
    return tmp_path / "tracker"


def age(project: Path, changes: dict[str, bytes | None]) -> None:
    """Make the project one of an older tt-ops, whose template had these files otherwise."""
    names = read_record(project)
    assert names is not None
    files = {name: (project / name).read_bytes() for name in names.files} | changes
    for name, content in changes.items():
        if content is None:
            (project / name).unlink()
        else:
            (project / name).write_bytes(content)
    old = Template("0.0.9", {name: text for name, text in files.items() if text is not None})
    for name, content in record(old, frozenset()).items():
        (project / name).write_bytes(content)


def test_the_template_has_every_file_of_the_repository() -> None:
    """No file that git knows below these folders is left out."""
    folders = ["terraform", "bootstrap", "lambda_function", ".github/workflows"]
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", *folders], capture_output=True, text=True, check=False
    ).stdout.split()
    missing = set(listed) - set(template_files(ROOT)) - {".github/workflows/ci.yml"}
    assert {name for name in missing if not name.endswith(".auto.tfvars")} == set()


def test_a_new_project_records_its_template(project: Path) -> None:
    """Nothing is left to upgrade, and it chooses the local target."""
    assert 'target = "local"' in (project / "tt-ops.toml").read_text()
    assert (project / "requirements/tt-ops.txt").read_text().startswith("tt-ops[local]")
    assert not is_outdated(project)
    assert upgrade(project).changes == ()


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    """A folder with files is asked about; what is in the way of the infrastructure is refused."""
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(TtOpsError, match="not confirmed"):
        init(tmp_path, refuse)
    assert [each.name for each in tmp_path.iterdir()] == ["README.md"]
    assert init(tmp_path, agree).kept == ("README.md",)
    assert (tmp_path / "README.md").read_text() == "mine"
    with pytest.raises(TtOpsError, match="project already"):
        init(tmp_path, agree)
    other = tmp_path / "other"
    (other / "terraform").mkdir(parents=True)
    (other / "terraform" / "main.tf").write_text("mine")
    with pytest.raises(TtOpsError, match=r"another 'terraform/main.tf'"):
        init(other, agree)


def test_an_upgrade_merges_beside_the_changes_of_the_user(project: Path) -> None:
    """Each kind of change of a file, by the template, by the user and by both."""
    api, outputs = project / "terraform/api.tf", project / "terraform/outputs.tf"
    new = api.read_text().splitlines(keepends=True)
    age(
        project,
        {
            "terraform/api.tf": "".join(["# old\n", *new[1:]]).encode(),
            "terraform/outputs.tf": b"# old\n",
            "terraform/iam.tf": b"# old\n",
            "terraform/function.tf": b"# old\n",
            "terraform/cloudwatch.tf": None,
            "terraform/gone.tf": b"# old\n",
            "README.md": b"# old\n",
        },
    )
    assert is_outdated(project)
    api.write_text("".join(["# old\n", *new[1:], "# mine\n"]))  # merges
    outputs.write_text("# mine\n")  # conflicts
    (project / "terraform/function.tf").unlink()  # stays removed
    (project / "terraform/iam.tf").chmod(0o600)  # stays private
    (project / "lambda_function/api.py").write_text("# mine\n")  # the template has no change
    before = {file: file.read_bytes() for file in project.rglob("*") if file.is_file()}

    shown = upgrade(project, diff=True)
    assert before == {file: file.read_bytes() for file in project.rglob("*") if file.is_file()}
    assert "-# old" in (shown.diff or "")

    result = upgrade(project)
    assert result.changes == shown.changes
    assert {each.path: each.action for each in result.changes} == {
        "README.md": "updated",
        "terraform/api.tf": "merged",
        "terraform/cloudwatch.tf": "added",
        "terraform/gone.tf": "removed",
        "terraform/iam.tf": "updated",
        "terraform/function.tf": "kept",
        "terraform/outputs.tf": "conflict",
    }
    assert api.read_text() == "".join([*new, "# mine\n"])
    assert {"<<<<<<< yours", "||||||| tt-ops 0.0.9"} <= set(outputs.read_text().splitlines())
    assert not (project / "terraform/function.tf").exists()
    assert (project / "terraform/iam.tf").stat().st_mode & 0o777 == 0o600
    assert result.backup is not None
    assert (result.backup / "terraform/outputs.tf").read_text() == "# mine\n"
    assert not is_outdated(project)
    assert upgrade(project).changes == ()


def test_a_file_that_was_there_before_is_never_upgraded(tmp_path: Path) -> None:
    """Its name is recorded without a digest."""
    (tmp_path / "README.md").write_text("mine")
    init(tmp_path, agree)
    assert json.loads((tmp_path / RECORD).read_text())["files"]["README.md"] is None
    assert upgrade(tmp_path).changes == ()


def test_without_the_archive_a_changed_file_gets_conflicts(project: Path) -> None:
    """The digests alone tell that both have changed it; nothing is lost."""
    age(project, {"terraform/iam.tf": b"# old\n"})
    (project / PRISTINE).unlink()
    (project / "terraform/iam.tf").write_text("# mine\n")
    assert upgrade(project).conflicts == ("terraform/iam.tf",)
    assert "# mine" in (project / "terraform/iam.tf").read_text()


def test_a_clone_and_a_newer_project_are_not_upgraded(project: Path) -> None:
    """Each says what to type instead."""
    age(project, {})
    text = (project / RECORD).read_text()
    (project / RECORD).write_text(text.replace('"0.0.9"', '"99.0.0"'))
    with pytest.raises(TtOpsError, match="newer than this"):
        upgrade(project)
    (project / RECORD).unlink()
    with pytest.raises(TtOpsError, match="was not made by tt-ops init"):
        upgrade(project)
