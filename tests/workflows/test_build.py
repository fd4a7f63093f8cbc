"""The package: the same sources, the same bytes."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tasktracker_ops.adapters.package.platforms import lambda_platform
from tasktracker_ops.app import App
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.package import InstalledPackage, InstalledPackages, PackagePart
from tasktracker_ops.reporting import Reporter
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.build import build, ensure_package
from tasktracker_ops.workflows.package_checks import check_package
from tests.errors import raises
from tests.wheels import make_wheel, only_from


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with two sources, and files that do not belong into the package."""
    sources = tmp_path / "lambda_function"
    (sources / "__pycache__").mkdir(parents=True)
    (sources / "__pycache__" / "handler.cpython-312.pyc").write_bytes(b"\0")
    (sources / "tasks.py").write_text("ONE = 1\n")
    (sources / "handler.py").write_text("import tasks\ndef lambda_handler(): pass\n")
    return tmp_path


@pytest.fixture
def app(project: Path) -> App:
    """Return an application with the project, whose packages come from a folder of wheels."""
    settings = Settings(
        project_dir=project,
        cache_dir=project / "cache",
        environ=only_from(project / "index"),
    )
    report = SimpleNamespace(doing=lambda what: None, note=lambda what: None)
    return App(settings, cast(Reporter, report), approve=lambda question: False)


def test_the_bytes_depend_on_the_sources_alone(project: Path, app: App) -> None:
    """Neither times nor modes nor the order of the folder change the digest."""
    first = build(app)
    for file in (project / "lambda_function").glob("*.py"):
        os.utime(file, (1, 2_000_000_000))
        file.chmod(0o600)
    (project / "function.zip").unlink()
    assert build(app).sha256 == first.sha256
    # Known bytes: a package built elsewhere has them too.
    assert first.sha256 == "3b002aa56084883fcd30af8cd066e7d57893fc91685f7c472a8d6ec92e051d2d"
    assert list(first.sources) == ["handler.py", "tasks.py"]


def test_a_second_build_writes_nothing(project: Path, app: App) -> None:
    """An unchanged package keeps its file, so nothing downstream sees a change."""
    (project / "lambda_function" / "openapi.json").write_text("{}")
    assert "openapi.json" in build(app).sources
    before = (project / "function.zip").stat().st_mtime_ns
    assert not build(app).changed
    assert (project / "function.zip").stat().st_mtime_ns == before


def test_check_fails_on_a_stale_package_and_writes_nothing(project: Path, app: App) -> None:
    """It fails on a missing and on an outdated package, and passes on a fresh one."""
    with pytest.raises(TtOpsError, match="is out of date"):
        build(app, check=True)
    assert not (project / "function.zip").exists()
    build(app)
    assert not build(app, check=True).changed
    (project / "lambda_function" / "tasks.py").write_text("ONE = 2\n")
    with raises("package-stale"):
        build(app, check=True)


def test_the_zip_is_what_lambda_expects(project: Path, app: App) -> None:
    """Modules are at the root and readable by everyone."""
    build(app)
    with zipfile.ZipFile(project / "function.zip") as archive:
        assert archive.namelist() == ["handler.py", "tasks.py"]
        assert all(info.external_attr >> 16 == 0o100644 for info in archive.infolist())


def test_a_missing_handler_is_an_error(project: Path, app: App) -> None:
    """A package that cannot start is not built."""
    (project / "lambda_function" / "handler.py").unlink()
    with pytest.raises(TtOpsError, match=r"no handler\.py"):
        build(app)


def test_packs_every_file_that_git_would_not_ignore(project: Path, app: App) -> None:
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


def test_a_link_to_a_file_is_followed_and_one_to_a_folder_refused(project: Path, app: App) -> None:
    """Nothing is left out in silence."""
    sources = project / "lambda_function"
    (project / "shared.py").write_text("TWO = 2\n")
    (sources / "shared.py").symlink_to("../shared.py")
    assert "shared.py" in build(app).sources
    (sources / "linked").symlink_to("../lambda_function")
    with raises("source-not-a-file", match=r"linked' is not a file"):
        build(app)


def test_the_digest_of_the_sources_is_that_of_sha256sum(project: Path, app: App) -> None:
    """Anybody can compute it: sha256sum * | sha256sum."""
    first = build(app)
    lines = "".join(f"{digest}  {path}\n" for path, digest in first.sources.items())
    assert first.sources_sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert first.sources["tasks.py"] == hashlib.sha256(b"ONE = 1\n").hexdigest()


def test_packages_of_the_same_lock_are_the_same_bytes(project: Path, app: App) -> None:
    """Those for Lambda: neither this machine nor its Python nor the index matters."""
    speedups = {"speedups.so": b"compiled", "speedups_tests/tests/x.py": b"no"}
    tag = "cp312-cp312-manylinux_2_28_aarch64"
    wheel = make_wheel(project / "index", "speedups", speedups, tag=tag)
    make_wheel(project / "index", "absent", {"absent.py": b""})
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    file = project / "lambda_function" / "requirements.txt"
    file.write_text(
        f"speedups==1.0 --hash=sha256:{digest}\n"
        f"absent==1.0; python_version < '3.12' or python_version > '3.12' --hash=sha256:{digest}\n"
    )
    package = build(app)
    with zipfile.ZipFile(project / "function.zip") as archive:
        assert archive.namelist() == [
            "handler.py",
            "requirements.txt",
            "speedups-1.0.dist-info/METADATA",
            "speedups-1.0.dist-info/WHEEL",
            "speedups.so",
            "tasks.py",
        ]
        unpacked = sum(info.file_size for info in archive.infolist())
    assert [(part.name, part.version) for part in package.parts] == [
        ("lambda_function/", None),
        ("speedups", "1.0"),
    ]
    assert package.unpacked_size == sum(part.size for part in package.parts) == unpacked
    # Known bytes: a package built elsewhere has them too.
    assert package.sha256 == "72ea8cf1ae21e1d22654da98b3d30c2ffb3c9187ba37d846468e39d4172c010f"
    (project / "cache").rename(project / "gone")
    assert not build(app, check=True).changed


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ("def f(:\n", "source-invalid", "lambda_function/tasks.py, line 1 is not valid"),
        ("a = '\\d'\nimport numpy\n", "handler-not-importable", r"'numpy' .*tasks.py, line 2"),
    ],
)
def test_a_handler_that_cannot_start_is_not_packed(
    project: Path, app: App, source: str, code: str, message: str
) -> None:
    """The error names the place, and the next build looks again."""
    build(app)
    before = (project / "function.zip").read_bytes()
    (project / "lambda_function" / "tasks.py").write_text(source)
    for _ in range(2):
        with raises(code, match=message) as caught:
            build(app)
        assert caught.value.findings[0].file == project / "lambda_function" / "tasks.py"
    assert (project / "function.zip").read_bytes() == before


def _installed(project: Path, **files: str) -> InstalledPackages:
    """Packages with a file each, all of which need boto3."""
    packages = [
        InstalledPackage(name, "1.0", {path: 1}, ("boto3",)) for name, path in files.items()
    ]
    return InstalledPackages(lambda_platform("arm64"), project, tuple(packages))


@pytest.mark.parametrize(
    ("packages", "code", "message"),
    [
        ({"powertools": "p.py", "boto3": "b.py"}, "sdk-packed", "'powertools' brings boto3 1.0"),
        ({"api": "tasks/__init__.py"}, "module-shadowed", "'api' has 'tasks/__init__.py'"),
    ],
)
def test_packages_that_lambda_would_not_run_are_refused(
    project: Path, app: App, packages: dict[str, str], code: str, message: str
) -> None:
    """A boto3 of their own, and a module of the function's names."""
    with raises(code, match=message):
        check_package(app, {"tasks.py": b""}, _installed(project, **packages), ())


def test_a_package_above_lambdas_limit_names_what_is_large(app: App) -> None:
    """250 MB unpacked, whatever the zip has."""
    parts = (PackagePart("torch", "2.0", 9, 250 * 1024 * 1024), PackagePart("small", "1", 1, 1))
    with raises("package-too-large", match=r"262,144,001 bytes .*largest: torch 262 MB"):
        check_package(app, {}, None, parts)


def test_a_destroy_needs_no_package(project: Path, app: App) -> None:
    """Terraform reads one, whatever it holds: broken sources do not stop it."""
    (project / "lambda_function" / "handler.py").write_text("def f(:\n")
    ensure_package(app)
    assert zipfile.ZipFile(project / "function.zip").namelist() == []
