"""The archive has everything that can be had, without secrets."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tasktracker_ops.app import App
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.support import support

SECRET = "very-secret-token"


@pytest.fixture
def made(tmp_path: Path) -> dict[str, str]:
    """The contents of an archive by name, made where nothing answers."""
    environ = {
        "AWS_ENDPOINT_URL": f"http://ann:{SECRET}@127.0.0.1:9",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    settings = Settings(environ=environ, cache_dir=tmp_path, quiet=True)
    console = Console(settings)
    app = App(settings, console, lambda question: False)
    file = tmp_path / "support.zip"
    result = support(app, file, console.as_json)
    with pytest.raises(TtOpsError, match="exists already"):
        support(app, file, console.as_json)
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name).decode() for name in archive.namelist()}
    assert [(part.name, part.size) for part in result.parts] == [
        (name, len(content.encode())) for name, content in contents.items()
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    return contents


def test_what_fails_is_in_the_archive_as_its_error(made: dict[str, str]) -> None:
    """The others are there all the same, and no secret is."""
    assert list(made) == [
        "versions.json",
        "doctor.json",
        "status.json",
        "plan.json",
        "logs.jsonl",
        "api-logs.jsonl",
    ]
    assert json.loads(made["versions.json"])["tt_ops"]
    assert json.loads(made["doctor.json"])["checks"][0]["name"] == "python"
    assert json.loads(made["plan.json"])["code"] == "project-missing"
    assert json.loads(made["status.json"])["code"].startswith("aws-")
    everything = "".join(made.values())
    assert ("http://***@127.0.0.1:9" in everything, SECRET in everything) == (True, False)
