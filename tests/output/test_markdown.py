"""A plan as the comment on a pull request."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tasktracker_ops.models.deployment import DeployResult
from tasktracker_ops.models.plan import SENSITIVE, UNKNOWN, AttributeChange, Plan, ResourceChange
from tasktracker_ops.output.markdown import LIMIT, markdown
from tasktracker_ops.output.screen import Screen
from tasktracker_ops.settings import Settings

from .examples import DEPLOY

NAME = AttributeChange("name", "TaskTable", "Renamed")
REPLACED = ResourceChange(
    "aws_dynamodb_table.tasks",
    "replace",
    "aws_dynamodb_table",
    "TaskTable",
    (AttributeChange("arn", "arn:aws:x", UNKNOWN), NAME),
    ("name",),
)
UPDATED = ResourceChange("aws_lambda_function.tracker", "update", "aws_lambda_function")
HOSTILE = [
    "@octocat",
    "a|b",
    "``` `",
    "`",
    "<img src=x onerror=alert(1)>",
    "</details><h1>",
    "-->",
    "a\n\n# heading",
    "a\r\n- item",
    "[x](https://example.com)",
    "**",
    "::error::x",
    "\u202eevil",
    "~~~",
    "#1",
]


def comment(result: Plan | DeployResult) -> list[str]:
    """Return the lines of the comment."""
    return markdown(result, Screen(Settings(), {})).splitlines()


def outside_of_code(line: str) -> str:
    """Return what GitHub reads as Markdown: all but the code spans."""
    return re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", line)


def test_a_loss_comes_first_and_in_bold() -> None:
    """It has the address, the reason, what would be lost, and the option that allows it."""
    lines = comment(Plan(1, 1, 1, (REPLACED, UPDATED)))
    assert lines[0] == "<!-- tt-ops plan default -->"
    assert lines[1] == "### Plan for `default`: 1 to add, 1 to change, 1 to destroy"
    first = next(line for line in lines[2:] if line)
    assert first.startswith("**🛑 `aws_dynamodb_table.tasks` (`TaskTable`) would be deleted and")
    assert "as `name` cannot be changed in place: every item in it would be lost.**" in first
    assert first.endswith("`tt-ops deploy --allow-destroy aws_dynamodb_table.tasks`")


def test_changes_are_a_list() -> None:
    """Attributes that force a replacement come first, those known after apply last."""
    lines = comment(Plan(1, 1, 1, (REPLACED, UPDATED)))
    assert lines[-2:] == [
        "- **replace** `aws_dynamodb_table.tasks`: `name` (forces replacement) `TaskTable` → "
        "`Renamed`; `arn` (known after apply)",
        "- update `aws_lambda_function.tracker`",
    ]


def test_sensitive_values_are_masked() -> None:
    """A value that is too long is left out."""
    attributes = (AttributeChange("a", SENSITIVE, SENSITIVE), AttributeChange("b"))
    line = comment(Plan(0, 1, 0, (replace(UPDATED, attributes=attributes),)))[-1]
    assert line.endswith("`aws_lambda_function.tracker`: `a` (sensitive); `b`")


def test_an_empty_plan_says_so() -> None:
    """It has the marker, since it replaces an older comment."""
    lines = comment(Plan(0, 0, 0, ()))
    assert lines[:2] == ["<!-- tt-ops plan default -->", "### Plan for `default`: no changes"]


def test_making_the_api_public_is_in_bold() -> None:
    """It has the routes, and the option that allows it."""
    (line,) = [
        x for x in comment(Plan(0, 1, 0, (UPDATED,), made_public=("$default",))) if "🛑" in x
    ]
    assert "The API requires authentication; this plan would make it public: `$default`.**" in line
    assert line.endswith("`tt-ops deploy --allow-public`")


def test_hiding_tasks_is_in_bold() -> None:
    """It has the number of shards that keeps them listed."""
    (line,) = [x for x in comment(Plan(0, 1, 0, (UPDATED,), fewer_shards=(3, 1))) if "🛑" in x]
    assert line.startswith("**🛑 dynamodb_status_shards would go from 3 to 1: lists would")
    assert line.endswith("`export TF_VAR_dynamodb_status_shards=3`")


def test_drift_has_both_values() -> None:
    """What was changed outside of Terraform has the value before and after."""
    drift = replace(UPDATED, attributes=(AttributeChange("memory_size", "256", "512"),))
    lines = comment(Plan(0, 1, 0, (UPDATED,), drift=(drift,)))
    assert lines[-3] == "Drift, changed outside of Terraform and reverted by this plan:"
    assert lines[-1].startswith("- updated `")
    assert lines[-1].endswith("`memory_size` `256` → `512`")


def test_a_long_list_is_folded() -> None:
    """Losses stay above it."""
    many = tuple(replace(UPDATED, address=f"aws_lambda_function.f{n}") for n in range(30))
    lines = comment(Plan(1, 30, 1, (REPLACED, *many)))
    assert "🛑" in "".join(lines[: lines.index("<details>")])
    assert "<summary>31 changes</summary>" in lines
    assert lines[-1] == "</details>"


@pytest.mark.parametrize("text", HOSTILE)
def test_names_and_values_stay_in_code_spans(text: str) -> None:
    """No text becomes a mention, HTML or other Markdown, or begins a line."""
    hostile = replace(
        REPLACED,
        address=text,
        id=text,
        attributes=(AttributeChange(text, text, f"{text}!"),),
        forced_by=(text,),
    )
    lines = comment(Plan(1, 0, 1, (hostile,), made_public=(text,), drift=(hostile,)))
    harmless = comment(Plan(1, 0, 1, (REPLACED,), made_public=("x",), drift=(REPLACED,)))
    assert len(lines) == len(harmless)
    allowed = re.compile(r"[\w\s*🛑().,:;→-]*")
    for line in lines[1:]:
        assert allowed.fullmatch(outside_of_code(line).removeprefix("### ")), line


@pytest.mark.parametrize("unit", ["x", "é", "🌈"])
def test_a_comment_is_cut_to_the_limit_of_github(unit: str) -> None:
    """Whole lines are left out and counted; the fold is closed, and losses come first."""
    many = tuple(
        replace(REPLACED, address=f"aws_dynamodb_table.t{n}{unit * 300}", attributes=(NAME,) * 90)
        for n in range(1_000)
    )
    text = markdown(Plan(1_000, 0, 1_000, many, drift=many), Screen(Settings(), {}))
    assert len(text) + 1 <= LIMIT + 1 == 65_536
    assert len(text.encode()) < 4 * 65_536
    lines = text.splitlines()
    assert sum("more, cut here" in line for line in lines) == 3
    assert lines.count("<details>") == lines.count("</details>") == 1
    assert all(line.count("`") % 2 == 0 for line in lines)


def test_a_deploy_is_the_address_and_what_changed() -> None:
    """The comment of a preview: where it is, its release, what to do, and the plan's changes."""
    lines = comment(DEPLOY)
    assert lines[0] == "<!-- tt-ops deploy default -->"
    assert lines[1] == ("### `default` is live: https://abc.execute-api.eu-west-3.amazonaws.com")
    assert "Release 2 (proven), 1 added, 1 changed, 1 destroyed." in lines
    assert "`a subscription is pending`. Confirm it: `tt-ops local confirm`" in lines
    assert lines[-2:] == [
        "- update `aws_lambda_function.tracker`",
        "- **replace** `aws_dynamodb_table.tasks`",
    ]
    code_alone = comment(replace(DEPLOY, plan=None, problems=()))
    assert code_alone[2:] == ["", "Release 2 (proven), code alone."]
