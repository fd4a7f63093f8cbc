"""The package: the same sources, the same bytes."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.build import build


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two sources, and files that do not belong into the package."""
    sources = tmp_path / "lambda_function"
    (sources / "__pycache__").mkdir(parents=True)
    (sources / "__pycache__" / "handler.cpython-312.pyc").write_bytes(b"\0")
    (sources / "tasks.py").write_text("ONE = 1\n")
    (sources / "handler.py").write_text("import tasks\n")
    return tmp_path


@pytest.fixture
def app(project: Path) -> Any:
    """An application with the project."""
    return SimpleNamespace(settings=Settings(project_dir=project))


def test_the_bytes_depend_on_the_sources_alone(project: Path, app: Any) -> None:
    """Neither times nor modes nor the order of the folder change the digest."""
    first = build(app)
    for file in (project / "lambda_function").glob("*.py"):
        os.utime(file, (1, 2_000_000_000))
        file.chmod(0o600)
    (project / "function.zip").unlink()
    assert build(app).sha256 == first.sha256
    # Known bytes: a package built elsewhere has them too.
    assert first.sha256 == "fabead65fbe6c0c58dd6954acdfe4848d136565e4593b7a430eb9a4b796b7091"
    assert list(first.sources) == ["handler.py", "tasks.py"]


def test_a_second_build_writes_nothing(project: Path, app: Any) -> None:
    """An unchanged package keeps its file, so nothing downstream sees a change."""
    (project / "lambda_function" / "openapi.json").write_text("{}")
    assert "openapi.json" in build(app).sources
    before = (project / "function.zip").stat().st_mtime_ns
    assert not build(app).changed
    assert (project / "function.zip").stat().st_mtime_ns == before


def test_check_fails_on_a_stale_package_and_writes_nothing(project: Path, app: Any) -> None:
    """It fails on a missing and on an outdated package, and passes on a fresh one."""
    with pytest.raises(TtOpsError, match="is out of date"):
        build(app, check=True)
    assert not (project / "function.zip").exists()
    build(app)
    assert not build(app, check=True).changed
    (project / "lambda_function" / "tasks.py").write_text("ONE = 2\n")
    with pytest.raises(TtOpsError) as caught:
        build(app, check=True)
    assert caught.value.code == "package-stale"


def test_the_zip_is_what_lambda_expects(project: Path, app: Any) -> None:
    """Modules are at the root and readable by everyone."""
    build(app)
    with zipfile.ZipFile(project / "function.zip") as archive:
        assert archive.namelist() == ["handler.py", "tasks.py"]
        assert all(info.external_attr >> 16 == 0o100644 for info in archive.infolist())


def test_a_missing_handler_is_an_error(project: Path, app: Any) -> None:
    """A package that cannot start is not built."""
    (project / "lambda_function" / "handler.py").unlink()
    with pytest.raises(TtOpsError, match=r"no handler\.py"):
        build(app)


def test_packs_every_file_that_git_would_not_ignore(project: Path, app: Any) -> None:
    """By the .gitignore files of the project and of the folders below, without git."""
    kept = ["ca.pem", "deep/.gitignore", "deep/kept.log", "templates/task.html"]
    ignored = ["secrets.env", "a.log", "deep/b.log", "cache/x.py", "deep/cache/y.py", "handler.pyc"]
    for name in kept + ignored:
        file = project / "lambda_function" / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.touch()
    (project / ".gitignore").write_text("/lambda_function/*.env\ncache/\n*.log\n")
    (project / "lambda_function" / "deep" / ".gitignore").write_text("!kept.log\n")
    assert list(build(app).sources) == sorted(["handler.py", "tasks.py", *kept])


def test_the_digest_of_the_sources_is_that_of_sha256sum(project: Path, app: Any) -> None:
    """Anybody can compute it: sha256sum * | sha256sum."""
    first = build(app)
    lines = "".join(f"{digest}  {path}\n" for path, digest in first.sources.items())
    assert first.sources_sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert first.sources["tasks.py"] == hashlib.sha256(b"ONE = 1\n").hexdigest()
