"""Plans and deploys as Markdown, for comments on pull requests, and drift for an issue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import singledispatch
from itertools import groupby

from tasktracker_ops.errors import Problem, counted
from tasktracker_ops.models.deployment import DeployResult
from tasktracker_ops.models.drift import DriftReport
from tasktracker_ops.models.plan import (
    DESTRUCTIVE,
    UNKNOWN,
    AttributeChange,
    Plan,
    ResourceChange,
    violations,
)

from .code import code_text
from .columns import cut
from .screen import Screen
from .text import counts, escape_control_characters

# GitHub refuses a longer comment, counted in code points, with the end of the last line.
LIMIT = 65_536 - 1
# How much of it losses and drift may take.
_LOSSES, _DRIFT = 20_000, 10_000
_FOLD_ABOVE = 10  # changes
_MAX_LENGTH = 200  # characters of a name or value
_MAX_ATTRIBUTES = 20  # attributes of a change


@singledispatch
def markdown(result: object, screen: Screen) -> str:
    """Return a plan, a deploy or drift as Markdown. Raises TypeError for any other result."""
    raise TypeError(f"{type(result).__name__} has no form in Markdown")


@markdown.register
def _(report: DriftReport, screen: Screen) -> str:
    number = counted(len(report.drift), "difference") if report.drift else "none"
    lines = [f"### Drift of {_code(screen.env)}: {number}", ""]
    for each in report.drift:
        details = "; ".join(_attribute(attribute, False) for attribute in each.attributes)
        problem = Problem(each.code, each.message, each.hint)
        lines.append(f"- {_code(each.message)}{': ' if details else ''}{details}")
        lines.append(f"  {_hint(problem, screen)}")
    lines += [f"- fixed: {_code(each.message)}" for each in report.fixed]
    for problem in report.problems:
        lines.append(f"- {_code(problem.message)}")
    return "\n".join(lines if len(lines) > 2 else [*lines, "Everything is as it was deployed."])


@markdown.register
def _(plan: Plan, screen: Screen) -> str:
    """Return the comment for a pull request; its first line is a marker to find it by."""
    marker = f"<!-- tt-ops plan {screen.env} -->"
    heading = f"### Plan for {_code(screen.env)}: "
    if plan.empty:
        return f"{marker}\n{heading}no changes\n\nThe deployment matches the project."
    return _with_changes([marker, f"{heading}{counts(plan)}", ""], plan, screen)


@markdown.register
def _(result: DeployResult, screen: Screen) -> str:
    """Return the comment for a pull request with an environment of its own."""
    head = [
        f"<!-- tt-ops deploy {screen.env} -->",
        f"### {_code(screen.env)} is live: {result.deployment.api_url}",
        "",
        f"Release {result.release.release} ({result.release.outcome}), "
        f"{counts(result.plan, done=True) if result.plan else 'code alone'}.",
        "",
    ]
    for problem in result.problems:
        head += [f"{_code(problem.message)}. {_hint(problem, screen)}", ""]
    return _with_changes(head, result.plan, screen) if result.plan else "\n".join(head)


def _with_changes(head: list[str], plan: Plan, screen: Screen) -> str:
    """Return the head, what a deploy refuses, and as many of the changes as fit a comment."""
    head += _violations(plan, screen)
    if plan.code and not plan.code.empty:
        head += [f"Code: {code_text(plan.code, _code)}", ""]
    tail = []
    if len(plan.changes) > _FOLD_ABOVE:
        head += ["<details>", f"<summary>{len(plan.changes):,} changes</summary>", ""]
        tail += ["", "</details>"]
    if plan.drift:
        tail += ["", "Drift, changed outside of Terraform and reverted by this plan:", ""]
        tail += _fit(_drift_line, plan.drift, _DRIFT)
    used = sum(len(line) + 1 for line in (*head, *tail))
    return "\n".join([*head, *_fit(_line, plan.changes, LIMIT - used), *tail])


def _violations(plan: Plan, screen: Screen) -> Iterator[str]:
    """Yield what a deploy refuses, in bold, each with the command that allows it."""

    def loss(change: ResourceChange) -> str:
        (problem,) = violations(Plan(0, 0, 0, (change,)))
        return f"**🛑 {change.describe_loss(_code)}.** {_hint(problem, screen)}\n"

    data_losses = [change for change in plan.data_losses if not change.tainted]
    yield from _fit(loss, data_losses, _LOSSES)
    if plan.made_public:
        (problem,) = violations(Plan(0, 0, 0, (), made_public=plan.made_public))
        routes = ", ".join(map(_code, plan.made_public))
        opened = f"The API requires authentication; this plan would make it public: {routes}"
        yield f"**🛑 {opened}.** {_hint(problem, screen)}\n"
    for problem in violations(Plan(0, 0, 0, (), fewer_shards=plan.fewer_shards)):
        yield f"**🛑 {problem.message}.** {_hint(problem, screen)}\n"


def _hint(problem: Problem, screen: Screen) -> str:
    reason, _, command = screen.hint(problem.hint).rpartition(": ")
    return f"{reason[:1].upper()}{reason[1:]}: {_code(command)}"


def _line(change: ResourceChange) -> str:
    """Return a change as an item of a list."""
    action = f"**{change.action}**" if change.action in DESTRUCTIVE else change.action
    details = "; ".join(_attributes(change))
    return f"- {action} {_code(change.address)}{': ' if details else ''}{details}"


def _drift_line(change: ResourceChange) -> str:
    """Return a drift, which has already happened, as an item of a list."""
    return _line(replace(change, action=f"{change.action}d"))


def _attributes(change: ResourceChange) -> Iterator[str]:
    """Yield the attributes: known values first, then names, then values known after apply."""
    forcing = {re.split(r"[.\[]", path)[0] for path in change.forced_by}

    def kind(attribute: AttributeChange) -> int:
        return 2 if attribute.after == UNKNOWN else 0 if attribute.name in forcing else 1

    attributes = sorted(change.attributes, key=kind)
    for known, group in groupby(attributes[:_MAX_ATTRIBUTES], key=lambda each: kind(each) < 2):
        if known:
            yield from (_attribute(each, each.name in forcing) for each in group)
        else:
            yield f"{', '.join(_code(each.name) for each in group)} {UNKNOWN}"
    if len(attributes) > _MAX_ATTRIBUTES:
        yield f"and {len(attributes) - _MAX_ATTRIBUTES:,} more"


def _attribute(attribute: AttributeChange, forcing: bool) -> str:
    name = _code(attribute.name) + (" (forces replacement)" if forcing else "")
    if attribute.before == attribute.after:
        return f"{name} {attribute.after}" if attribute.after else name
    return f"{name} {_code(attribute.before or '')} → {_code(attribute.after or '')}"


def _fit(
    form: Callable[[ResourceChange], str], changes: Sequence[ResourceChange], room: int
) -> list[str]:
    """Return as many changes as there is room for, and a note on how many are left out."""
    note = "- … and {:,} more, cut here: a comment on GitHub is limited to 65,536 characters"
    room -= len(note) + 10
    lines: list[str] = []
    for change in changes:
        line = form(change)
        room -= len(line) + 1
        if room < 0:
            return [*lines, note.format(len(changes) - len(lines))]
        lines.append(line)
    return lines


def _code(value: str) -> str:
    """Return a name or a value as a code span on one line.

    Inside of it nothing is a mention, a link, HTML or Markdown: https://github.github.com/gfm/#code-spans
    """
    text = cut(escape_control_characters(value), _MAX_LENGTH) or " "
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"
