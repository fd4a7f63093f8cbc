"""Locks hold what they lock, hooks are the Makefile's, docs/security.md lists what is skipped."""

from __future__ import annotations

import ast
import configparser
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
STACKS = [f for folder in ("terraform", "bootstrap") for f in ROOT.glob(f"{folder}/**/*.tf")]
SOURCES = [
    file
    for folder in ("tasktracker_ops", "lambda_function", "benchmarks", "docs")
    for file in ROOT.glob(f"{folder}/**/*.py")
]

# Where imports are, and the extra that declares them, beside what run time asks for.
IMPORTERS = {
    "tasktracker_ops": "",
    "tasktracker_ops/emulator": "local",
    "tasktracker_ops/adapters/host/saves.py": "watch",
    "tests": "test",
    "tests/e2e/pages": "browser",
    "tests/emulator/schemathesis_hooks.py": "soak",
    "tests/test_openapi_validity.py": "soak",
    "docs": "test",
    "docs/recording.py": "lint",
    "benchmarks": "test",
}
# Run with what the test that uses it has generated, in an environment of its own.
ELSEWHERE = {ROOT / "tests" / "clients" / "python_client.py"}

_PIN = re.compile(r"^([a-z][\w.-]*)(?:\[[^]]*\])?==(\S+)(?: ;.*?)? \\$", re.M)
_SKIP = re.compile(r"checkov:skip=(\w+):(.+)")
_RESOURCE = re.compile(r'^(?:resource|data) "(\w+)" "(\w+)" {\n(.*?)^}', re.M | re.S)
_ROW = re.compile(r"^\| `(CKV\w+)` \| (.+?) \| (.+) \|$", re.M)


def _text(*path: str) -> str:
    return ROOT.joinpath(*path).read_text("utf-8")


def _declared() -> dict[str, list[Requirement]]:
    """Return what setup.cfg asks for, by extra; the empty one is for run time."""
    project = configparser.ConfigParser()
    project.read_string(_text("setup.cfg"))
    groups = {"": project["options"]["install_requires"], **project["options.extras_require"]}
    return {
        name: [Requirement(line) for line in lines.split("\n") if line and line[0] != "#"]
        for name, lines in groups.items()
    }


def _apart(name: str) -> list[Requirement]:
    """Return what is locked apart from setup.cfg."""
    lines = _text("requirements", f"{name}.in").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every statement below a node; to look into expressions takes most of the time."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):
            yield child
            yield from _statements(child)


def _imported(place: str) -> dict[str, Path]:
    """Return the packages of others that files of a place import, each with one that does."""
    inner = [ROOT / other for other in IMPORTERS if other.startswith(f"{place}/")]
    path = ROOT / place
    ours = {*sys.stdlib_module_names, *(part.stem for part in ROOT.glob("*/*.py"))}
    ours |= {folder.name for folder in ROOT.iterdir()}
    found: dict[str, Path] = {}
    for file in [path] if path.is_file() else path.rglob("*.py"):
        if file in ELSEWHERE or any(file.is_relative_to(each) for each in inner):
            continue
        for node in _statements(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [str(node.module)]
            else:
                continue
            found |= {top: file for name in names if (top := name.split(".")[0]) not in ours}
    return found


def _pins(lock: str) -> dict[str, set[str]]:
    pins: dict[str, set[str]] = {}
    for name, version in _PIN.findall(_text("requirements", lock)):
        pins.setdefault(canonicalize_name(name), set()).add(version)
    return pins


def _stale(wanted: list[Requirement], pins: dict[str, set[str]]) -> list[str]:
    return [
        str(each)
        for each in wanted
        if not any(each.specifier.contains(v) for v in pins.get(canonicalize_name(each.name), ()))
    ]


def test_the_lock_holds_what_setup_cfg_asks_for() -> None:
    """Each requirement, of every extra, has a pin that fits; else: make lock."""
    wanted = [each for group in _declared().values() for each in group]
    assert len(wanted) > 20
    assert _stale(wanted, _pins("dev.txt")) == []


def test_deploys_install_what_was_tested() -> None:
    """Their lock holds what run time asks for, each in a version of the developers' lock."""
    pins, tested = _pins("deploy.txt"), _pins("dev.txt")
    assert _stale(_declared()[""], pins) == []
    assert {name for name in pins if not pins[name] <= tested.get(name, set())} == set()


@pytest.mark.parametrize("place", IMPORTERS)
def test_every_import_is_declared(place: str) -> None:
    """In setup.cfg, by the package itself: what another package brings may stay away one day."""
    declared = _declared()
    wanted = {canonicalize_name(r.name) for r in declared[""] + declared[IMPORTERS[place]]}
    if place.startswith("tests/"):
        wanted |= {canonicalize_name(r.name) for r in declared["test"]}
    imported = _imported(place)
    assert imported
    undeclared = {
        name: file.name
        for name, file in imported.items()
        if wanted.isdisjoint(map(canonicalize_name, _providers().get(name, [name])))
    }
    assert undeclared == {}


_providers = cache(packages_distributions)  # it reads the files of every package

PEERS = sorted(f"peers/{file.stem}" for file in ROOT.glob("requirements/peers/*.in"))


@pytest.mark.parametrize("name", ["scan", "emulators", *PEERS])
def test_other_locks_hold_what_they_are_made_of(name: str) -> None:
    """Each scanner, emulator and tool of the benchmarks has a pin that fits; else: make lock."""
    assert _stale(_apart(name), _pins(f"{name}.txt")) == []


def test_a_stale_lock_is_noticed() -> None:
    """A package that is missing and one of another version are both stale."""
    wanted = [Requirement("click>=8,<9"), Requirement("flask>=3"), Requirement("Py_YAML>=6")]
    assert _stale(wanted, {"click": {"7.1"}, "py-yaml": {"6.0"}}) == ["click<9,>=8", "flask>=3"]


@pytest.mark.parametrize(
    "lock",
    ["deploy.txt", "dev.txt", "emulators.txt", "scan.txt", *(f"{name}.txt" for name in PEERS)],
)
def test_every_pin_has_hashes_and_no_place(lock: str) -> None:
    """Packages come by name and hash from whichever index is in use: no address is in a lock."""
    text = _text("requirements", lock)
    entries = [e for e in re.split(r"\n(?=\S)", text) if not e.startswith("#")]
    assert len(entries) == sum(map(len, _pins(lock).values()))
    assert [e for e in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", e)] == []
    assert re.findall(r"://|^-\S*.*|.*@ .*", text, re.M) == []


@pytest.mark.parametrize("group", ["", *_declared()][1:])
def test_every_requirement_has_both_bounds(group: str) -> None:
    """Below what was tried, and the next version that may break, or exactly one version."""
    for each in _declared()[group]:
        operators = {specifier.operator for specifier in each.specifier}
        assert operators in ({">=", "<"}, {"=="}), str(each)


def test_hooks_are_gates_of_the_makefile() -> None:
    """pre-commit runs each gate of `make check`, by make, and nothing else."""
    (gates,) = re.findall(r"^GATES := (.+)$", _text("Makefile"), re.M)
    (repository,) = yaml.safe_load(_text(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    entries = [hook["entry"] for hook in repository["hooks"]]
    assert sorted(entries) == sorted(f"make {gate}" for gate in gates.split())


def _skips() -> Iterator[tuple[str, str, str]]:
    """Yield each skipped check of checkov: its id, the resource or the workflow, the reason."""
    for file in STACKS:
        for kind, name, body in _RESOURCE.findall(file.read_text("utf-8")):
            for check, reason in _SKIP.findall(body):
                yield check, f"{kind}.{name}", reason
    for file in ROOT.glob(".github/workflows/*.yml"):
        for check, reason in _SKIP.findall(file.read_text("utf-8")):
            yield check, file.name, reason


def test_the_page_of_security_lists_what_checkov_skips() -> None:
    """Each skipped check, where, and its reason word for word; and how many there are."""
    skips = sorted(_skips())
    rows = _ROW.findall(_text("docs", "security.md"))
    listed = [
        (check, place, reason)
        for check, places, reason in rows
        for place in re.findall(r"`(.+?)`", places)
    ]
    assert sorted(listed) == skips
    assert f"{len(skips)} findings of checkov" in _text("docs", "security.md")


def test_every_skip_says_why() -> None:
    """No skip is for a whole file, without a reason, or listed twice."""
    texts = [file.read_text("utf-8") for file in [*STACKS, *ROOT.glob(".github/**/*.yml")]]
    assert sum(text.count("checkov:skip") for text in texts) == len(list(_skips()))
    assert [skip for skip, times in Counter(_skips()).items() if times > 1] == []
    for file in SOURCES:
        for words in re.findall(r"# nosec(.*)", file.read_text("utf-8")):
            assert re.fullmatch(r" B\d{3} # \S.*", words), file
