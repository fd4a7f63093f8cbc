"""Write `iam/*.json`: the policy of each role in the default environment of an example account.

With --check it writes nothing, and exits 1 when one is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tasktracker_ops.app import App
from tasktracker_ops.models.permissions import ROLES
from tasktracker_ops.output.console import Console
from tasktracker_ops.output.text import as_json
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.permissions import permissions

FOLDER = Path(__file__).parent / "iam"


def policies() -> dict[Path, str]:
    """Return the content of each file."""
    settings = Settings()
    app = App(settings, Console(settings), lambda question: False)
    app.session.account_id = "123456789012"
    return {FOLDER / f"{role}.json": as_json(permissions(app, role)) + "\n" for role in ROLES}


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(any(not f.exists() or f.read_text() != text for f, text in policies().items()))
    FOLDER.mkdir(exist_ok=True)
    for file, text in policies().items():
        file.write_text(text, encoding="utf-8")
