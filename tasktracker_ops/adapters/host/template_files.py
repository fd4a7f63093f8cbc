"""Which files of the repository a project consists of; build_hooks.py packs them into the wheel.

It imports nothing of ours: the build reads it before anything is installed.
"""

from __future__ import annotations

from pathlib import Path

_PATTERNS = (
    "terraform/*.tf",
    "terraform/.terraform.lock.hcl",
    "bootstrap/*.tf",
    "bootstrap/.terraform.lock.hcl",
    "bootstrap/github/*.tf",
    "bootstrap/github/policies/*.tf",
    "bootstrap/github/policies/*.json",
    "bootstrap/github/.terraform.lock.hcl",
    "lambda_function/*.py",
    "lambda_function/*.json",
    "docs/api.html",
    ".github/workflows/*.yml",
    ".github/comment.sh",
    ".github/issue.sh",
    "requirements/deploy.txt",
)
# It tests tt-ops itself.
_NOT_OF_A_PROJECT = {".github/workflows/ci.yml"}


def template_files(root: Path) -> dict[str, Path]:
    """Return the files below a clone, or below the templates of a wheel, by their path in it."""
    found = {
        file.relative_to(root).as_posix(): file
        for pattern in _PATTERNS
        for file in sorted(root.glob(pattern))
    }
    return {name: file for name, file in found.items() if name not in _NOT_OF_A_PROJECT}
