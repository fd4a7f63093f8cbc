"""The imports of the function."""

import ast
import sys
from pathlib import Path

FUNCTION = Path(__file__).parents[2] / "lambda_function"


def test_function_needs_only_the_sdk():
    """Modules import only each other, the standard library and botocore of the runtime."""
    modules = {path.stem: ast.parse(path.read_text()) for path in FUNCTION.glob("*.py")}
    imported = {
        name.partition(".")[0]
        for tree in modules.values()
        for node in ast.walk(tree)
        for name in _names(node)
    }
    assert imported - set(sys.stdlib_module_names) - set(modules) == {"botocore"}


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
