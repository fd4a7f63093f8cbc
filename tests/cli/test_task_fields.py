"""A field of tasks is declared once, in `models.task.Task`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.http_server import Server

ROOT = Path(__file__).parents[2]
DECLARED = "    created_at: str | None = None\n    updated_at: str | None = None\n    version: int"
METADATA = 'metadata={"writable": True, "listed": True}'
ADDED = f"    priority: str | None = field(default=None, {METADATA})\n"
TASK = {"task_id": "019a0000-0000-7000-8000-000000000000", "title": "x", "priority": "high"}
USES = """
import io, sys
from functools import partial
from tasktracker_ops.app import App
from tasktracker_ops.output.console import Console
from tasktracker_ops.output.text import as_json
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows import edit_task, export_tasks, import_tasks, tasks

task_id, line = sys.argv[2:]
consoles = [Console(Settings(output=form)) for form in ("table", "csv", "json")]
app = App(Settings(api_url=sys.argv[1]), consoles[0], lambda question: False)
for console in consoles:
    console.emit(tasks.list_newest(app, status=None, limit=None))
consoles[0].emit(app.tasks().show(task_id))
sys.stdout.flush()
export_tasks.write_tasks(app, sys.stdout.buffer, partial(as_json, indent=None))
import_tasks.import_tasks(app, io.BytesIO(line.encode()), "-")
edit_task.edit_in_editor(app, task_id, lambda file: file.write_text(
    file.read_text().replace("priority: high", "priority: low")))
"""


def test_a_new_field_takes_one_line(server: Server, tmp_path: Path) -> None:
    """It is then read, listed, shown, exported, imported and edited."""
    ours = shutil.copytree(
        ROOT / "tasktracker_ops", tmp_path / "tasktracker_ops", ignore=lambda *_: {"__pycache__"}
    )
    models = (ours / "models" / "task.py").read_text()
    assert models.count(DECLARED) == 1
    (ours / "models" / "task.py").write_text(models.replace(DECLARED, ADDED + DECLARED))
    one, several = json.dumps(TASK), json.dumps([TASK])
    for answer in (several, several, several, one, several, one, one, one):
        server.will_answer(200, answer, content_type="application/json")
    result = subprocess.run(
        [sys.executable, "-c", USES, server.url, str(TASK["task_id"]), one],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("priority") == 5
    assert result.stdout.count("high") == 5
    created, changed = (request for request in server.asked if request.body)
    assert json.loads(created.body) == {"title": "x", "priority": "high"}
    assert json.loads(changed.body) == {"priority": "low"}
