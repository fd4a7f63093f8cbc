"""The function's packages, installed by the real pip from wheels made here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasktracker_ops.adapters.package.dependencies import Dependencies
from tasktracker_ops.adapters.package.platforms import lambda_platform
from tasktracker_ops.errors import TtOpsError
from tests.errors import raises
from tests.wheels import make_wheel, only_from

ARM64 = lambda_platform("arm64")
REQUIREMENTS = """
-r more.txt
absent==1.0; python_version < "3.12" or sys_platform == "darwin"
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of wheels: `greeting` needs `speedups`, which is built for two platforms."""
    folder = tmp_path_factory.mktemp("index")
    greeting = {
        "greeting/__init__.py": b"import speedups\n",
        "greeting/template.txt": b"hello",
        "greeting/tests/test_greeting.py": b"assert False\n",
        "greeting-1.0.data/scripts/greet": b"#!python\n",
    }
    make_wheel(folder, "greeting", greeting, requires=["speedups", 'absent; extra == "more"'])
    for tag in ("cp312-cp312-manylinux_2_28_aarch64", "cp312-cp312-manylinux2014_x86_64"):
        make_wheel(folder, "speedups", {"speedups.so": tag.encode()}, tag=tag)
    make_wheel(folder, "x86only", {"x86only.so": b""}, tag="cp312-cp312-manylinux2014_x86_64")
    return folder


@pytest.fixture(scope="module")
def requirements(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a requirements.txt that includes another one."""
    file = tmp_path_factory.mktemp("lambda_function") / "requirements.txt"
    file.write_text(REQUIREMENTS)
    file.with_name("more.txt").write_text("greeting==1.0\n")
    return file


def test_packages_are_installed_for_the_platform_and_kept(
    index: Path, requirements: Path, tmp_path: Path
) -> None:
    """Lambda's wheels and markers count; the second time, pip is not needed. Few are kept."""
    folder = tmp_path / "packages"
    installed = Dependencies(folder, only_from(index)).installed(requirements, ARM64)
    assert [(each.name, each.version) for each in installed.packages] == [
        ("greeting", "1.0"),
        ("speedups", "1.0"),
    ]
    # Neither scripts nor tests, nor what differs between machines.
    assert sorted(installed.files) == [
        "greeting-1.0.dist-info/METADATA",
        "greeting-1.0.dist-info/WHEEL",
        "greeting/__init__.py",
        "greeting/template.txt",
        "speedups-1.0.dist-info/METADATA",
        "speedups-1.0.dist-info/WHEEL",
        "speedups.so",
    ]
    files = {f for f in installed.folder.rglob("*") if f.is_file()}
    assert {f.relative_to(installed.folder).as_posix() for f in files} == set(installed.files)
    assert b"aarch64" in (installed.folder / "speedups.so").read_bytes()
    for number in range(7):
        (folder / f"old{number}").mkdir()
        os.utime(folder / f"old{number}", (number, number))
    (folder / ".partial-killed").mkdir()
    os.utime(folder / ".partial-killed", (1, 1))
    nowhere = Dependencies(folder, only_from(tmp_path))
    assert nowhere.installed(requirements, ARM64) == installed
    assert sorted(each.name for each in folder.iterdir()) == sorted(
        [installed.folder.parent.name, "old3", "old4", "old5", "old6"]
    )


def test_a_missing_wheel_names_package_and_platform(index: Path, tmp_path: Path) -> None:
    """One that exists for another platform only, such as x86_64."""
    file = tmp_path / "requirements.txt"
    file.write_text("x86only==1.0\n")
    with raises("wheel-missing") as caught:
        Dependencies(tmp_path / "packages", only_from(index)).installed(file, ARM64)
    expected = "there is no wheel of 'x86only==1.0' for Python 3.12 on Lambda's arm64"
    assert caught.value.message == expected
    assert list((tmp_path / "packages").iterdir()) == []


def test_a_wrong_hash_is_an_error(index: Path, tmp_path: Path) -> None:
    """What the file does not vouch for is not packed."""
    file = tmp_path / "requirements.txt"
    file.write_text(f"x86only==1.0 --hash=sha256:{'0' * 64}\n")
    with raises("hash-mismatch") as caught:
        Dependencies(tmp_path, only_from(index)).installed(file, lambda_platform("x86_64"))
    assert "'x86only==1.0'" in caught.value.message


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("idna==3.10", "packages-unreachable", "cannot reach the package index"),
        ("no requirement", "pip-failed", "Invalid requirement"),
    ],
)
def test_a_failure_of_pip_says_why(tmp_path: Path, line: str, code: str, message: str) -> None:
    """An index that does not answer, and all that has no code of its own."""
    file = tmp_path / "requirements.txt"
    file.write_text(f"{line}\n")
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
    with raises(code, match=message):
        Dependencies(tmp_path / "packages", {**os.environ, **nowhere}).installed(file, ARM64)


@pytest.mark.parametrize("line", ["-e .", "./mine", "mine @ file:///mine.whl", "/mine.whl"])
def test_a_path_is_no_requirement(tmp_path: Path, line: str) -> None:
    """Its content may change, and its name and version stay."""
    file = tmp_path / "requirements.txt"
    file.write_text(f"# comment\nidna==3.10\n{line}\n")
    with raises("requirement-is-path") as caught:
        Dependencies(tmp_path, {}).installed(file, ARM64)
    assert repr(line) in caught.value.message


def test_options_and_comments_name_no_package(tmp_path: Path) -> None:
    """Such a file needs neither pip nor the function's architecture."""
    file = tmp_path / "requirements.txt"
    file.write_text("# nothing yet\n\n--index-url https://example.com\n")
    assert not Dependencies.are_named(file)
    file.write_text("-r more.txt\n")
    with pytest.raises(TtOpsError, match=r"more\.txt'.* does not exist"):
        Dependencies.are_named(file)
    (tmp_path / "more.txt").write_text("-r requirements.txt\nidna==3.10\n")
    assert Dependencies.are_named(file)
