"""A plan as GitHub's Markdown, for the comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.plan import (
    DESTRUCTIVE,
    UNKNOWN,
    AttributeChange,
    Plan,
    ResourceChange,
    violations,
)

from .screen import Screen
from .text import counts, escape_control_characters, shortened

# GitHub refuses a longer comment. It says characters and counts the bytes of as many at four each,
# so code points are counted here, with room for the end of the last line.
LIMIT = 65_536 - 1
# What is lost comes first and may take this much, what others changed this much.
_LOSSES, _DRIFT = 20_000, 10_000
_LONG = 10  # changes; a longer list is folded
_LONGEST = 200  # characters of a name or value
_MOST = 20  # attributes of a change


def markdown(plan: Plan, screen: Screen) -> str:
    """The comment for a pull request; its first line is a marker that finds it again."""
    marker = f"<!-- tt-ops plan {screen.env} -->"
    heading = f"### Plan for {_code(screen.env)}: "
    if plan.empty:
        return f"{marker}\n{heading}no changes\n\nWhat is deployed is what the project says."
    head = [marker, f"{heading}{counts(plan)}", "", *_dangers(plan, screen)]
    tail = []
    if len(plan.changes) > _LONG:
        head += ["<details>", f"<summary>{len(plan.changes):,} changes</summary>", ""]
        tail += ["", "</details>"]
    if plan.drift:
        tail += ["", "Changed outside of Terraform, and changed back by this plan:", ""]
        tail += _fitting(_drifted, plan.drift, _DRIFT)
    used = sum(len(line) + 1 for line in (*head, *tail))
    return "\n".join([*head, *_fitting(_line, plan.changes, LIMIT - used), *tail])


def _dangers(plan: Plan, screen: Screen) -> Iterator[str]:
    """What a deploy refuses, in bold, each with the flag that it would take."""

    def loss(change: ResourceChange) -> str:
        (problem,) = violations(Plan(0, 0, 0, (change,)))
        return f"**🛑 {change.describe_loss(_code)}.** {_hint(problem, screen)}\n"

    losses = [change for change in plan.data_losses if not change.tainted]
    yield from _fitting(loss, losses, _LOSSES)
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
    """One item of the list of changes, on one line."""
    action = f"**{change.action}**" if change.action in DESTRUCTIVE else change.action
    details = "; ".join(_attributes(change))
    return f"- {action} {_code(change.address)}{': ' if details else ''}{details}"


def _drifted(change: ResourceChange) -> str:
    """What others did to a resource, which is past: nothing that the plan does."""
    return _line(replace(change, action=f"{change.action}d"))


def _attributes(change: ResourceChange) -> Iterator[str]:
    """What changes: values that are known, then names alone, then what only AWS will know."""
    forcing = {re.split(r"[.\[]", path)[0] for path in change.forced_by}

    def kind(attribute: AttributeChange) -> int:
        return 2 if attribute.after == UNKNOWN else 0 if attribute.name in forcing else 1

    attributes = sorted(change.attributes, key=kind)
    for known, group in groupby(attributes[:_MOST], key=lambda each: kind(each) < 2):
        if known:
            yield from (_attribute(each, each.name in forcing) for each in group)
        else:
            yield f"{', '.join(_code(each.name) for each in group)} {UNKNOWN}"
    if len(attributes) > _MOST:
        yield f"and {len(attributes) - _MOST:,} more"


def _attribute(attribute: AttributeChange, forcing: bool) -> str:
    name = _code(attribute.name) + (" (forces replacement)" if forcing else "")
    if attribute.before == attribute.after:
        return f"{name} {attribute.after}" if attribute.after else name
    return f"{name} {_code(attribute.before or '')} → {_code(attribute.after or '')}"


def _fitting(
    form: Callable[[ResourceChange], str], changes: Sequence[ResourceChange], room: int
) -> list[str]:
    """As many changes as there is room for, each on its line, and how many are left out."""
    note = "- … and {:,} more, cut here: a comment on GitHub holds 65,536 characters"
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
    """A name or a value on one line, in as many backticks as keep it together.

    In code nothing is a mention, a link, HTML or Markdown: https://github.github.com/gfm/#code-spans
    """
    shown = shortened(escape_control_characters(value), _LONGEST) or " "
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
