"""What Terraform says with `-json`: one object a line.

The format is Terraform's own, see
https://developer.hashicorp.com/terraform/internals/machine-readable-ui
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
# A replacement is done when both of its halves are.
_STEPS = {"create": 1, "update": 1, "delete": 1, "replace": 2}
_DETAIL_LIMIT = 400  # characters
# A warning that is no news: the lock table stays beside the lock file, as it guards the state too.
_BOTH_LOCKS = 'parameter "dynamodb_table" is deprecated'
# Init's advice on what to type next is for people who type terraform.
_ADVICE = ("output_init_success_cli_message", "output_init_success_message")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """An error or a warning of Terraform's, in its own words, free of colour codes.

    `file` is None where it is about no file, or one that is not there: some ranges are in none.
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
        """Return it in one line: summary, first paragraph of the detail, resource."""
        summary, paragraph = (
            " ".join(text.split("\n\n")[0].split()) for text in (self.summary, self.detail)
        )
        if len(paragraph) > _DETAIL_LIMIT:
            paragraph = paragraph[: _DETAIL_LIMIT - 1] + "…"
        where = f" ({self.address})" if self.address else ""
        return ": ".join(part for part in (summary, paragraph) if part) + where

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return where in the project's files it is; empty where it is in none."""
        return (Finding(self.sentence, self.file, self.line),) if self.file else ()


@dataclass(slots=True)
class Transcript:
    """Everything one command has said so far.

    `directory` is the root module, `note` is given what belongs in a log. All text that is kept or
    passed on has gone through `redact`, but for `shown`, the plan or state that `terraform show`
    printed; `planned` are the changes by their addresses, with no values; `drifted` says that
    something was changed past Terraform.
    """

    directory: Path
    note: Callable[[str], object]
    redact: Callable[[str], str]
    planned: dict[str, ResourceChange] = field(default_factory=dict)
    drifted: bool = False
    totals: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)
    errors: list[Diagnostic] = field(default_factory=list)
    _completed: Counter[str] = field(default_factory=Counter)

    @property
    def started(self) -> bool:
        """Tell whether Terraform announced a change."""
        return bool(self.planned or self.totals)

    @property
    def total(self) -> int:
        """Count the resources to be made, changed or removed."""
        return len(self._steps())

    @property
    def done(self) -> int:
        """Count those that are finished."""
        return sum(self._completed[address] >= n for address, n in self._steps().items())

    def _steps(self) -> dict[str, int]:
        planned = self.planned.values()
        return {each.address: _STEPS[each.action] for each in planned if each.action in _STEPS}

    @property
    def differs(self) -> bool:
        """Tell whether a plan would change anything, be it an output."""
        outputs = (output.get("action", "noop") for output in self.outputs.values())
        return bool(self.planned) or any(action != "noop" for action in outputs)

    def plan(self) -> Plan:
        """Return what a plan would do, with no values."""
        add, change, remove = (self.totals.get(name, 0) for name in ("add", "change", "remove"))
        return Plan(add, change, remove, in_order(self.planned.values()))

    def only(self, action: str) -> bool:
        """Tell whether this (create or delete) is all that a plan does."""
        counts = {"create": self.totals.get("add"), "delete": self.totals.get("remove")}
        every = all(each.action == action for each in self.planned.values())
        return every and not self.drifted and counts[action] == len(self.planned) > 0

    def clean(self, text: str) -> str:
        """Free a text of colour codes and of secrets."""
        return self.redact(plain(text))

    def take(self, line: str) -> TerraformEvent | None:
        """Read one line of standard output; what is not JSON is noted as it is."""
        try:
            message = json.loads(line)
            if "format_version" in message:
                self.shown = message
                return None
            kind = message["type"]
        except (ValueError, KeyError, TypeError):
            self.note(self.clean(line))
            return None
        if kind in _HOOKS:
            return self._hook(_HOOKS[kind], message)
        if kind == "diagnostic":
            return self._diagnostic(message["diagnostic"])
        if kind == "planned_change":
            self._planned(message)
        elif kind == "resource_drift":
            self.drifted = True
        elif kind == "change_summary":
            self.totals = message["changes"]
        elif kind == "outputs":
            self.outputs = message["outputs"]
        elif kind in ("log", "init_output") and message.get("message_code") not in _ADVICE:
            text = self.clean(message["@message"])
            self.note(text)
            return TerraformEvent("message", text) if text else None
        return None

    def _hook(self, kind: str, message: Mapping[str, Any]) -> TerraformEvent | None:
        hook = message["hook"]
        address, action = hook["resource"]["addr"], hook.get("action", "")
        if action == "read":
            return None
        if kind == "complete":
            self._completed[address] += 1
        text = self.clean(message["@message"])
        self.note(text)
        return TerraformEvent(kind, text, address, action, hook.get("elapsed_seconds", 0))

    def _planned(self, message: Mapping[str, Any]) -> None:
        action, resource = message["change"]["action"], message["change"]["resource"]
        if action not in ("noop", "read"):
            address = resource["addr"]
            self.planned[address] = ResourceChange(address, action, resource["resource_type"])
            self.note(self.clean(message["@message"]))

    def _diagnostic(self, raw: Mapping[str, Any]) -> TerraformEvent | None:
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
        self.note(str(diagnostic))
        if diagnostic.severity == "error":
            self.errors.append(diagnostic)
            return None
        if _BOTH_LOCKS in diagnostic.detail:
            return None
        return TerraformEvent("warning", diagnostic.sentence, findings=diagnostic.findings)


def plain(text: str) -> str:
    """Free a text of colour codes and of white space around it."""
    return _COLOUR.sub("", text).strip()
