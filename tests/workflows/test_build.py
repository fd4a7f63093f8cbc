"""The package: the same sources, the same bytes."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from tasktracker_ops.errors import TtOpsError
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


def test_the_bytes_depend_on_the_sources_alone(project: Path) -> None:
    """Neither times nor modes nor the order of the folder change the digest."""
    first = build(project)
    for file in (project / "lambda_function").glob("*.py"):
        os.utime(file, (1, 2_000_000_000))
        file.chmod(0o600)
    (project / "function.zip").unlink()
    assert build(project).sha256 == first.sha256
    # Known bytes: a package built elsewhere has them too.
    assert first.sha256 == "fabead65fbe6c0c58dd6954acdfe4848d136565e4593b7a430eb9a4b796b7091"
    assert first.files == ("handler.py", "tasks.py")


def test_a_second_build_writes_nothing(project: Path) -> None:
    """An unchanged package keeps its file, so nothing downstream sees a change."""
    (project / "lambda_function" / "openapi.json").write_text("{}")
    assert "openapi.json" in build(project).files
    before = (project / "function.zip").stat().st_mtime_ns
    assert not build(project).changed
    assert (project / "function.zip").stat().st_mtime_ns == before


def test_check_fails_on_a_stale_package_and_writes_nothing(project: Path) -> None:
    """It fails on a missing and on an outdated package, and passes on a fresh one."""
    with pytest.raises(TtOpsError, match="is out of date"):
        build(project, check=True)
    assert not (project / "function.zip").exists()
    build(project)
    assert not build(project, check=True).changed
    (project / "lambda_function" / "tasks.py").write_text("ONE = 2\n")
    with pytest.raises(TtOpsError) as caught:
        build(project, check=True)
    assert caught.value.code == "package-stale"


def test_the_zip_is_what_lambda_expects(project: Path) -> None:
    """Modules are at the root and readable by everyone."""
    build(project)
    with zipfile.ZipFile(project / "function.zip") as archive:
        assert archive.namelist() == ["handler.py", "tasks.py"]
        assert all(info.external_attr >> 16 == 0o100644 for info in archive.infolist())


def test_a_missing_handler_is_an_error(project: Path) -> None:
    """A package that cannot start is not built."""
    (project / "lambda_function" / "handler.py").unlink()
    with pytest.raises(TtOpsError, match=r"no handler\.py"):
        build(project)
