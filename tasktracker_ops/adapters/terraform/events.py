"""Terraform's output with `-json`: one object per line.

Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasktracker_ops.errors import Finding
from tasktracker_ops.models.plan import Plan, ResourceChange, TerraformEvent, in_order

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HOOKS: Mapping[str, str] = {
    "apply_start": "started",
    "apply_progress": "progress",
    "apply_complete": "complete",
    "apply_errored": "errored",
}
# A replacement is complete when both its delete and its create are.
_STEPS = {"create": 1, "update": 1, "delete": 1, "replace": 2}
_DETAIL_LIMIT = 400  # characters
# A known warning: the lock table stays beside the lock file, since it also guards the state.
_KNOWN_WARNING = 'parameter "dynamodb_table" is deprecated'
# Init's advice to run terraform commands does not apply to users of tt-ops.
_ADVICE = ("output_init_success_cli_message", "output_init_success_message")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """An error or a warning of Terraform, without colour codes.

    `file` is None when it names no file, or one that does not exist.
    """

    severity: str
    summary: str
    detail: str
    address: str = ""
    file: Path | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = f" ({self.address})" if self.address else ""
        detail = f"\n{self.detail}" if self.detail else ""
        return f"{self.severity}: {self.summary}{where}{detail}"

    @property
    def sentence(self) -> str:
        """Return summary, first paragraph of the detail, and resource, in one line."""
        summary, paragraph = (
            " ".join(text.split("\n\n")[0].split()) for text in (self.summary, self.detail)
        )
        if len(paragraph) > _DETAIL_LIMIT:
            paragraph = paragraph[: _DETAIL_LIMIT - 1] + "…"
        where = f" ({self.address})" if self.address else ""
        return ": ".join(part for part in (summary, paragraph) if part) + where

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return its place in the project's files; empty without one."""
        return (Finding(self.sentence, self.file, self.line),) if self.file else ()


@dataclass(slots=True)
class Transcript:
    """The output of one command so far.

    `directory` is the root module; `log` gets each text for the log file. All text that is kept or
    passed on has gone through `redact`, except `document`, the plan or state that `terraform show`
    printed. `changes` are the planned changes by address, without values; `has_drift` says that a
    resource was changed outside of Terraform.
    """

    directory: Path
    log: Callable[[str], object]
    redact: Callable[[str], str]
    changes: dict[str, ResourceChange] = field(default_factory=dict)
    has_drift: bool = False
    totals: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)
    errors: list[Diagnostic] = field(default_factory=list)
    _completed: Counter[str] = field(default_factory=Counter)

    @property
    def has_started(self) -> bool:
        """Return whether Terraform has announced a change."""
        return bool(self.changes or self.totals)

    @property
    def total(self) -> int:
        """Return the number of resources to create, change or delete."""
        return len(self._steps())

    @property
    def done(self) -> int:
        """Return the number of resources that are finished."""
        return sum(self._completed[address] >= n for address, n in self._steps().items())

    def _steps(self) -> dict[str, int]:
        changes = self.changes.values()
        return {each.address: _STEPS[each.action] for each in changes if each.action in _STEPS}

    @property
    def has_changes(self) -> bool:
        """Return whether a plan would change anything, outputs included."""
        outputs = (output.get("action", "noop") for output in self.outputs.values())
        return bool(self.changes) or any(action != "noop" for action in outputs)

    def plan(self) -> Plan:
        """Return the plan, without values."""
        add, change, remove = (self.totals.get(name, 0) for name in ("add", "change", "remove"))
        return Plan(add, change, remove, in_order(self.changes.values()))

    def has_only(self, action: str) -> bool:
        """Return whether a plan only creates, or only deletes, resources."""
        counts = {"create": self.totals.get("add"), "delete": self.totals.get("remove")}
        uniform = all(each.action == action for each in self.changes.values())
        return uniform and not self.has_drift and counts[action] == len(self.changes) > 0

    def clean(self, text: str) -> str:
        """Return the text without colour codes and secrets."""
        return self.redact(strip_colours(text))

    def feed(self, line: str) -> TerraformEvent | None:
        """Read one line of standard output; what is not JSON only goes to the log."""
        try:
            message = json.loads(line)
            if "format_version" in message:
                self.document = message
                return None
            kind = message["type"]
        except (ValueError, KeyError, TypeError):
            self.log(self.clean(line))
            return None
        if kind in _HOOKS:
            return self._feed_hook(_HOOKS[kind], message)
        if kind == "diagnostic":
            return self._feed_diagnostic(message["diagnostic"])
        if kind == "planned_change":
            self._feed_change(message)
        elif kind == "resource_drift":
            self.has_drift = True
        elif kind == "change_summary":
            self.totals = message["changes"]
        elif kind == "outputs":
            self.outputs = message["outputs"]
        elif kind in ("log", "init_output") and message.get("message_code") not in _ADVICE:
            text = self.clean(message["@message"])
            self.log(text)
            return TerraformEvent("message", text) if text else None
        return None

    def _feed_hook(self, kind: str, message: Mapping[str, Any]) -> TerraformEvent | None:
        hook = message["hook"]
        address, action = hook["resource"]["addr"], hook.get("action", "")
        if action == "read":
            return None
        if kind == "complete":
            self._completed[address] += 1
        text = self.clean(message["@message"])
        self.log(text)
        return TerraformEvent(kind, text, address, action, hook.get("elapsed_seconds", 0))

    def _feed_change(self, message: Mapping[str, Any]) -> None:
        action, resource = message["change"]["action"], message["change"]["resource"]
        if action not in ("noop", "read"):
            address = resource["addr"]
            self.changes[address] = ResourceChange(address, action, resource["resource_type"])
            self.log(self.clean(message["@message"]))

    def _feed_diagnostic(self, raw: Mapping[str, Any]) -> TerraformEvent | None:
        where = raw.get("range", {})
        file = self.directory / where.get("filename", "")
        diagnostic = Diagnostic(
            severity=raw["severity"],
            summary=self.clean(raw["summary"]),
            detail=self.clean(raw.get("detail", "")),
            address=raw.get("address", ""),
            file=file if file.is_file() else None,
            line=where.get("start", {}).get("line"),
        )
        self.log(str(diagnostic))
        if diagnostic.severity == "error":
            self.errors.append(diagnostic)
            return None
        if _KNOWN_WARNING in diagnostic.detail:
            return None
        return TerraformEvent("warning", diagnostic.sentence, findings=diagnostic.findings)


def strip_colours(text: str) -> str:
    """Return the text without colour codes and surrounding white space."""
    return _COLOUR.sub("", text).strip()
