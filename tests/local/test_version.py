"""An emulator of another version of the code is noticed, and reported once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import tasktracker_ops
from tasktracker_ops.cli.main import cli
from tasktracker_ops.local import process
from tasktracker_ops.local.version import this_version
from tasktracker_ops.settings import PROJECT_MARKERS

_START = (
    "import sys; from pathlib import Path; from tasktracker_ops.local import process;"
    "process.start(Path(sys.argv[1]), 0)"
)
_AGAIN = "tt-ops local down && tt-ops --target local deploy --yes"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty project whose emulator was started by a changed copy of these sources."""
    folder = tmp_path_factory.mktemp("project")
    for name in PROJECT_MARKERS:
        (folder / name).mkdir()
    other = tmp_path_factory.mktemp("other") / "tasktracker_ops"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(tasktracker_ops.__file__).parent, other, ignore=ignored)
    with (other / "emulator" / "status_page.py").open("a") as file:
        file.write("# another\n")
    command = [sys.executable, "-c", _START, str(_directory(folder))]
    subprocess.run(command, cwd=other.parent, check=True)
    yield folder
    process.stop(_directory(folder))


def _directory(project: Path) -> Path:
    return project / ".tt-ops" / "local"


def _run(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--project-dir", str(project), *arguments])


def test_a_server_of_these_sources_has_their_version(directory: Path) -> None:
    """It is that of package and sources, and there is no note."""
    server = process.start(directory, 0)
    assert server.version == this_version()
    assert server.version.startswith(f"{tasktracker_ops.__version__}+")
    assert server.same_version


def test_other_sources_are_another_version(project: Path) -> None:
    """Also if the package's version is the same."""
    server = process.find(_directory(project))
    assert server is not None
    assert server.version is not None
    assert server.version.partition("+")[0] == tasktracker_ops.__version__
    assert server.version != this_version()
    assert not server.same_version


@pytest.mark.parametrize(
    ("line", "code"),
    [("local status", 0), ("local up", 0), ("local inbox", 0), ("--target local outputs", 1)],
)
def test_another_version_is_noted_once_with_commands(project: Path, line: str, code: int) -> None:
    """The note has both versions; the command goes on."""
    result = _run(project, *line.split())
    assert result.exit_code == code
    assert result.stderr.count("another version of tt-ops") == 1
    assert result.stderr.count(_AGAIN) == 1
    assert this_version() in result.stderr
    assert "deletes all it holds" in result.stderr


def test_the_status_shows_both_versions(project: Path) -> None:
    """As text and as JSON."""
    assert "not the version of this tt-ops" in _run(project, "local", "status").stdout
    told = json.loads(_run(project, "local", "status", "--output", "json").stdout)
    assert told["version"] != this_version()
    assert told["same_version"] is False
