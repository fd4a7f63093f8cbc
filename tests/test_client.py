"""The client as other programs use it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "client.md"


def test_the_example_of_its_page_works(service: Any) -> None:
    """It runs unchanged except for the URL."""
    example = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)[0]
    code = example.replace("http://127.0.0.1:8080", service.url)
    shown = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, timeout=60
    ).stdout
    assert shown.endswith(" Renew the certificate\n")
    methods = [asked.split()[0] for asked in service.asked]
    assert methods == ["POST", "GET", "PATCH", "DELETE"]


def test_its_page_describes_every_method_and_argument() -> None:
    """The table lists all public methods and arguments of the class."""
    import inspect

    from tasktracker_ops import TaskClient

    rows = dict(re.findall(r"^\| `(\w+)\((.*)\)` \|", PAGE.read_text(), re.M))
    public = {name for name in vars(TaskClient) if name[0] != "_"} - {"probe"}
    assert set(rows) == public
    for name, arguments in rows.items():
        described = re.findall(r"[a-z]\w*", re.sub(r"=\w+", "", arguments))
        assert described == list(inspect.signature(getattr(TaskClient, name)).parameters)[1:]


def test_the_package_alone_imports_nothing_heavy() -> None:
    """The client is imported on first use, without click and boto3."""
    code = (
        "import sys, tasktracker_ops\n"
        "assert not {'requests', 'click', 'boto3'} & set(sys.modules)\n"
        "from tasktracker_ops import Task, TaskClient, TtOpsError\n"
        "assert 'requests' in sys.modules\n"
        "assert not {'click', 'boto3'} & set(sys.modules)\n"
        "assert {'Task', 'TaskClient', 'TtOpsError'} <= set(dir(tasktracker_ops))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_unknown_name_is_an_attribute_error() -> None:
    """The lazy import keeps the error of a module."""
    import tasktracker_ops

    with pytest.raises(AttributeError, match="nonsense"):
        tasktracker_ops.nonsense  # noqa: B018
