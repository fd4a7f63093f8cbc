"""A resource with data is replaced only when it is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import clients

if TYPE_CHECKING:
    from .conftest import Clone

TABLE = "aws_dynamodb_table.tasks"
RENAMED = {"TT_OPS_TABLE_NAME": "Renamed"}


@pytest.mark.extended
def test_named_table_is_replaced(clone: Clone) -> None:
    """--allow-destroy replaces the table in spite of deletion protection; unneeded, it warns."""
    clone.succeed("deploy", "--yes")
    clone.succeed("tasks", "add", "first")
    allowed = ("--allow-destroy", TABLE)
    clone.succeed("deploy", "--yes", *allowed, **RENAMED)
    assert clone.read("outputs")["table_name"] == "Renamed"
    assert clone.read("tasks", "list") == []
    again = clone.run("deploy", "--yes", *allowed, **RENAMED)
    assert again.returncode == 0
    assert f"--allow-destroy '{TABLE}' changes nothing" in again.stderr


@pytest.mark.extended
def test_destroy_keeps_the_state_backend(clone: Clone) -> None:
    """Without --backend only the deployment is removed."""
    clone.succeed("deploy", "--yes", "--allow-destroy", TABLE)
    clone.succeed("destroy", "--confirm", "default")
    assert clients(clone)("dynamodb").list_tables()["TableNames"] == ["terraform-locks"]
