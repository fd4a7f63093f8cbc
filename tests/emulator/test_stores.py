"""Nothing that the emulator holds beside moto's backends is missing in its list of stores."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import tasktracker_ops.emulator
from tasktracker_ops.emulator.cloudwatch.alarms import AlarmEvaluator, EvaluationSchedule
from tasktracker_ops.emulator.mail.mailbox import Mailbox
from tasktracker_ops.emulator.stores import list_stores

EMULATOR = Path(tasktracker_ops.emulator.__file__ or "").parent
CONTAINERS = {"dict", "list", "set", "deque", "defaultdict", "Counter", "array", "OrderedDict"}
IN_MOTO = "in the log group or the items of the table, which are moto's"
# Where a snapshot finds what they hold.
KEPT = {
    "cloudwatch/history.py:History": "alarm history",
    "cloudwatch/mute_rules.py:MuteRules": "alarm mute rules",
    "cloudwatch/alarms.py:AlarmEvaluator": "alarm actions",
    "cloudwatch/metrics.py:stores": "metrics",
    "cloudwatch/metrics.py:MetricStore": "metrics",
    "cloudwatch/metrics.py:_Samples": "metrics",
    "mail/mailbox.py:Mailbox": "inbox",
    "logs/event_store.py:EventStore": IN_MOTO,
    "table_history.py:History": IN_MOTO,
}
# What a process works with, and begins again with the next one.
OF_THE_PROCESS = {
    "dynamodb_requests.py:_Request",
    "gateway/throttle.py:Throttle",
    "gateway/tokens.py:TokenVerifier",
    "lambda_runtime/environment.py:Environment",
    "lambda_runtime/execution.py:Execution",
    "lambda_runtime/launcher.py:Launcher",
    "lambda_runtime/pool.py:Pool",
    "lambda_runtime/runtime_api.py:RuntimeApi",
    "table_index.py:Index",  # made again from the items of a table
}


def _makes_container(node: ast.expr | None) -> bool:
    """Return whether an expression makes a container that is filled later."""
    if isinstance(node, ast.Dict | ast.List | ast.Set):
        return not ast.unparse(node)[1:-1]
    if isinstance(node, ast.Call):
        function = node.func.value if isinstance(node.func, ast.Subscript) else node.func
        name = ast.unparse(function).rpartition(".")[2]
        factory = any(ast.unparse(each.value) in CONTAINERS for each in node.keywords)
        return name in CONTAINERS or (name == "field" and factory)
    return False


def _holders(file: Path) -> Iterator[str]:
    """Yield each class that has a container as an attribute, and each that a module has."""
    tree = ast.parse(file.read_text())
    place = file.relative_to(EMULATOR).as_posix()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _makes_container(node.value):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            yield f"{place}:{ast.unparse(target)}"
        if not isinstance(node, ast.ClassDef):
            continue
        for inner in ast.walk(node):
            if not isinstance(inner, ast.Assign | ast.AnnAssign):
                continue
            target = inner.targets[-1] if isinstance(inner, ast.Assign) else inner.target
            is_attribute = ast.unparse(target).startswith("self.") or inner in node.body
            if is_attribute and _makes_container(inner.value):
                yield f"{place}:{node.name}"


def test_every_container_is_kept_or_belongs_to_the_process() -> None:
    """A class or module that begins to hold something appears here, and has to be decided on."""
    found = {each for file in EMULATOR.rglob("*.py") for each in _holders(file)}
    assert found == KEPT.keys() | OF_THE_PROCESS


def test_the_list_has_every_store_that_is_kept() -> None:
    """The names are those of the list."""
    evaluator = AlarmEvaluator(EvaluationSchedule(interval_seconds=3600))
    listed = set(list_stores(Mailbox(), evaluator))
    evaluator.close()
    assert listed == set(KEPT.values()) - {IN_MOTO}


def test_stores_hold_only_what_has_a_time_of_its_own() -> None:
    """A clock that begins again with the machine would be wrong in what is brought back."""
    kept = {each.partition(":")[0] for each in KEPT}
    assert not [each for each in kept if "time.monotonic" in (EMULATOR / each).read_text()]
