"""The layers import one way, cli → workflows → adapters; each library has its packages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = "tasktracker_ops"
# Library → the packages and modules that may import it.
ALLOWED_IN = {
    "click": {f"{OURS}.cli", f"{OURS}.output"},
    "tabulate": {f"{OURS}.output"},
    "rich": {f"{OURS}.output"},
    "python_terraform": {f"{OURS}.adapters.terraform"},
    "pathspec": {f"{OURS}.adapters.package"},
    "pip": {f"{OURS}.adapters.package"},
    "psutil": {f"{OURS}.adapters"},
    "tomlkit": {f"{OURS}.adapters.host"},
    "boto3": {f"{OURS}.adapters.aws", f"{OURS}.emulator"},
    "botocore": {f"{OURS}.adapters", f"{OURS}.emulator"},
    "requests": {f"{OURS}.adapters", f"{OURS}.emulator", f"{OURS}.local"},
    "moto": {f"{OURS}.emulator"},
    "jwt": {f"{OURS}.emulator"},
    "markdown_it": {f"{OURS}.emulator"},
    "werkzeug": {f"{OURS}.emulator"},
}
# Package → our packages that it may import at run time (types aside), besides itself.
ARROWS = {
    "errors": (),
    "environments": (),
    "regions": (),
    "models": ("errors",),
    "settings": ("environments", "errors", "regions", "settings_file"),
    "settings_file": ("environments", "errors"),
    "reporting": ("models",),
    "adapters": ("environments", "models", "errors"),
    "targets": ("adapters", "models", "errors", "settings", "reporting"),
    "local": ("adapters", "targets", "models", "errors", "settings", "reporting", "__version__"),
    "emulator": ("local",),
    "workflows": (
        "adapters",
        "models",
        "environments",
        "errors",
        "reporting",
        "settings",
        "settings_file",
        "targets",
        "__version__",
    ),
    "console": ("workflows", "models", "errors"),
    "output": ("models", "errors", "settings", "settings_file"),
    "stacks": ("adapters", "errors"),
    "app": (
        "environments",
        "adapters",
        "local",
        "output",
        "stacks",
        "targets",
        "models",
        "errors",
        "settings",
    ),
}
# All of the CLI's side that the emulator may import: what both have to agree on.
SHARED = {f"{OURS}.local.{module}" for module in ("credentials", "state", "version")}
MODULES = sorted((ROOT / OURS).rglob("*.py"))


def _name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _package(file: Path) -> str:
    return _name(file) if file.name == "__init__.py" else _name(file).rpartition(".")[0]


@cache
def _parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def _imports_of(file: Path) -> frozenset[str]:
    return frozenset(_imports(_parse(file), _package(file)))


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _imports(node: ast.AST, package: str) -> Iterator[str]:
    """Yield every name imported at run time below `node`, which belongs to `package`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) or _is_type_checking(child):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            module = resolve_name("." * child.level + (child.module or ""), package)
            yield from (f"{module}.{alias.name}" for alias in child.names)
        yield from _imports(child, package)


def _top_imports(file: Path) -> Iterator[str]:
    """Yield every name imported when the module is loaded: outside of functions, types aside."""
    for node in _parse(file).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _imports(ast.Module([node], []), _package(file))


def _inside(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_a_library_is_imported_only_by_its_packages() -> None:
    """Heavy libraries cost time, and each has one place."""
    misplaced = {
        (_name(file), imported)
        for file in MODULES
        for imported in _imports_of(file)
        if (packages := ALLOWED_IN.get(imported.split(".")[0]))
        and not _inside(_name(file), packages)
    }
    assert misplaced == set()


def test_no_package_imports_from_a_layer_above() -> None:
    """Imports for type checking are exempt."""
    upward = {
        (_name(file), imported)
        for package, below in ARROWS.items()
        for file in MODULES
        if _inside(_name(file), {f"{OURS}.{package}"})
        for imported in _imports_of(file)
        if imported.startswith(f"{OURS}.")
        and not _inside(imported, {f"{OURS}.{each}" for each in (package, *below)})
    }
    assert upward == set()


def test_only_the_emulator_imports_the_emulator() -> None:
    """The CLI starts it as a process; the two share few modules."""
    inside = f"{OURS}.emulator"
    for file in MODULES:
        imported = _imports_of(file)
        if _inside(_name(file), {inside}):
            shared = {each for each in imported if each.startswith(f"{OURS}.local")}
            assert {each for each in shared if not _inside(each, SHARED)} == set()
        else:
            assert not any(_inside(each, {inside}) for each in imported), file


def test_imports_have_no_circle() -> None:
    """No module imports itself through others when it is loaded."""
    graph = {
        _name(file): {
            module  # or a name in one
            for imported in _top_imports(file)
            for module in (imported, imported.rpartition(".")[0])
        }
        for file in MODULES
    }
    while leaves := {name for name, imported in graph.items() if not imported & graph.keys()}:
        graph = {name: imported for name, imported in graph.items() if name not in leaves}
    assert graph == {}


def test_the_function_imports_nothing_of_the_cli() -> None:
    """Its package for Lambda does not contain the CLI."""
    files = [*(ROOT / "lambda_function").rglob("*.py")]
    imported = {each for file in files for each in _imports_of(file) if each.startswith(OURS)}
    assert imported == set()


def test_only_settings_read_the_environment() -> None:
    """`os.environ` is read in one module of the CLI; the emulator's processes have their own."""
    readers = {
        _name(file)
        for file in MODULES
        if "os.environ" in file.read_text() or "os.getenv" in file.read_text()
    }
    processes = {"emulator.server", "emulator.lambda_runtime.worker"}
    assert readers <= {f"{OURS}.{name}" for name in {"settings", *processes}}
