"""The template of this tt-ops, and what a project records about the one that it was made from."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.template import Template, TemplateRecord

from .template_files import template_files

RECORD = ".tt-ops-template.json"
# The files as the template had them: what an upgrade compares a project's files with.
PRISTINE = ".tt-ops-template.zip"
_PACKAGE = Path(__file__).parents[2]
_REQUIREMENT = "requirements/tt-ops.txt"
_OWN = {"README.md": "README.md", ".gitignore": "gitignore", "tt-ops.toml": "tt-ops.toml"}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # equal files give equal bytes


def this_template(version: str) -> Template:
    """Return the template of this tt-ops: from the wheel, or in a clone from the repository."""
    files = {name: file.read_bytes() for name, file in template_files(_root()).items()}
    own = {name: (_PACKAGE / "project" / file).read_bytes() for name, file in _OWN.items()}
    return Template(version, {**own, **files, _REQUIREMENT: _requirement(version).encode()})


def template_text(name: str) -> str:
    """Return one file of the template of this tt-ops."""
    return (_root() / name).read_text(encoding="utf-8")


def _root() -> Path:
    packed = _PACKAGE / "templates"
    return packed if packed.is_dir() else _PACKAGE.parent


def read_record(project: Path) -> TemplateRecord | None:
    """Return what the project was made from; None for a clone.

    Raises TtOpsError `template-record-invalid`.
    """
    file = project / RECORD
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return TemplateRecord(str(content["version"]), dict(content["files"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise TtOpsError(
            "template-record-invalid",
            f"{str(file)!r} is damaged: {type(error).__name__}: {error}",
            hint=f"restore it as it was: git checkout -- {RECORD}",
        ) from None


def read_pristine(project: Path) -> dict[str, bytes]:
    """Return the files as the template had them; none where the archive is lost or damaged."""
    try:
        with zipfile.ZipFile(project / PRISTINE) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile):
        return {}


def record(template: Template, foreign: frozenset[str]) -> dict[str, bytes]:
    """Return the files that record a template; `foreign` files were there before."""
    ours = {name: text for name, text in template.files.items() if name not in foreign}
    digests = {name: digest(ours[name]) if name in ours else None for name in template.files}
    content = {"version": template.version, "files": dict(sorted(digests.items()))}
    return {
        RECORD: f"{json.dumps(content, indent=2)}\n".encode(),
        PRISTINE: _archive(ours),
    }


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def _archive(files: Mapping[str, bytes]) -> bytes:
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return archived.getvalue()


def _requirement(version: str) -> str:
    """Return the line by which pip installs this tt-ops again, as the workflows do.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        origin = json.loads(distribution("tt-ops").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        origin = {}
    if vcs := origin.get("vcs_info"):
        return f"tt-ops[local] @ {vcs['vcs']}+{origin['url']}@{vcs['commit_id']}\n"
    if "archive_info" in origin and origin["url"].startswith("https:"):
        return f"tt-ops[local] @ {origin['url']}\n"
    return f"tt-ops[local]=={version}\n"
