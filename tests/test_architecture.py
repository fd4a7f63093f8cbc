"""The arrows: cli → workflows → adapters, each heavy library in its own room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = "tasktracker_ops"
# Library → the modules (or packages) that may import it.
ROOMS = {
    "click": {f"{OURS}.cli", f"{OURS}.output"},
    "tabulate": {f"{OURS}.output"},
    "rich": {f"{OURS}.output.live"},
    "plotly": {f"{OURS}.output.page"},
    "python_terraform": {f"{OURS}.adapters.terraform_command"},
    "boto3": {f"{OURS}.adapters", f"{OURS}.local"},
    "botocore": {f"{OURS}.adapters", f"{OURS}.local"},
    "requests": {f"{OURS}.adapters", f"{OURS}.local"},
    "moto": {f"{OURS}.local"},
    "jwt": {f"{OURS}.local"},
    "werkzeug": {f"{OURS}.local"},
}
# Package → what of ours it may import when it runs (types aside).
ARROWS = {
    f"{OURS}.errors": set(),
    f"{OURS}.plans": {f"{OURS}.errors"},
    f"{OURS}.models": {f"{OURS}.errors", f"{OURS}.plans"},
    f"{OURS}.observations": {f"{OURS}.errors"},
    f"{OURS}.dashboards": {f"{OURS}.errors", f"{OURS}.observations"},
    f"{OURS}.regions": set(),
    f"{OURS}.settings": {f"{OURS}.errors", f"{OURS}.regions"},
    f"{OURS}.reporting": {f"{OURS}.models", f"{OURS}.plans"},
    f"{OURS}.adapters": {
        f"{OURS}.adapters",
        f"{OURS}.models",
        f"{OURS}.plans",
        f"{OURS}.observations",
        f"{OURS}.dashboards",
        f"{OURS}.errors",
    },
    f"{OURS}.workflows": {
        f"{OURS}.workflows",
        f"{OURS}.adapters",
        f"{OURS}.models",
        f"{OURS}.plans",
        f"{OURS}.observations",
        f"{OURS}.dashboards",
        f"{OURS}.errors",
        f"{OURS}.reporting",
    },
    f"{OURS}.local": {
        f"{OURS}.local",
        f"{OURS}.targets",
        f"{OURS}.settings",
        f"{OURS}.models",
        f"{OURS}.observations",
        f"{OURS}.errors",
        f"{OURS}.reporting",
        f"{OURS}.__version__",
    },
    f"{OURS}.output": {
        f"{OURS}.output",
        f"{OURS}.streams",
        f"{OURS}.models",
        f"{OURS}.plans",
        f"{OURS}.observations",
        f"{OURS}.dashboards",
        f"{OURS}.errors",
        f"{OURS}.settings",
    },
}
MODULES = sorted((ROOT / OURS).rglob("*.py"))


def _name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imports_of(file: Path) -> Iterator[str]:
    package = _name(file) if file.name == "__init__.py" else _name(file).rpartition(".")[0]
    return _imports(ast.parse(file.read_text()), package)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _imports(node: ast.AST, package: str) -> Iterator[str]:
    """Every name imported at run time below `node`, which belongs to `package`."""
    for child in ast.iter_child_nodes(node):
        if _is_type_checking(child):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            module = resolve_name("." * child.level + (child.module or ""), package)
            yield from (f"{module}.{alias.name}" for alias in child.names)
        yield from _imports(child, package)


def _inside(module: str, rooms: set[str]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


@pytest.mark.parametrize("file", MODULES, ids=_name)
def test_libraries_stay_in_their_rooms(file: Path) -> None:
    """A library is imported only where its work is done."""
    for imported in _imports_of(file):
        rooms = ROOMS.get(imported.split(".")[0])
        assert rooms is None or _inside(_name(file), rooms), imported


@pytest.mark.parametrize("file", MODULES, ids=_name)
def test_arrows_point_one_way(file: Path) -> None:
    """Nothing imports from a layer above it."""
    for package, allowed in ARROWS.items():
        if _inside(_name(file), {package}):
            ours = {i for i in _imports_of(file) if i.startswith(f"{OURS}.")}
            assert {i for i in ours if not _inside(i, allowed)} == set()


@pytest.mark.parametrize(
    "file", sorted((ROOT / "lambda_function").rglob("*.py")), ids=lambda f: f.name
)
def test_the_function_and_the_tool_do_not_know_each_other(file: Path) -> None:
    """What runs in Lambda imports nothing of the CLI."""
    assert not any(i.startswith(OURS) for i in _imports_of(file))


def test_only_settings_read_the_environment() -> None:
    """`os.environ` is read in one module of the CLI; the server process starts from its own."""
    readers = {
        _name(file)
        for file in MODULES
        if "os.environ" in file.read_text() or "os.getenv" in file.read_text()
    }
    assert readers <= {f"{OURS}.settings", f"{OURS}.local.server"}
