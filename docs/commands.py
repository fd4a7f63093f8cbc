"""Write `commands.md`: every command's help text, as `tt-ops … --help` prints it.

With --check it writes nothing, and exits 1 when the page is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from tasktracker_ops.cli.main import cli

PAGE = Path(__file__).parent / "commands.md"
# Below it the page is made; what stands above is written by hand.
FIRST_HEADING = "## Global options"


def page() -> str:
    """Return the page: its head as it is, and a section for each command."""
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(FIRST_HEADING)
    return head + "\n".join(_sections(cli, None, "tt-ops"))


def _sections(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    """Yield a section for the command, and one for each below it."""
    settings = {"terminal_width": 80, **command.context_settings}
    context = click.Context(command, parent, info_name=name, **settings)
    heading = FIRST_HEADING if parent is None else f"## `{context.command_path}`"
    # click ends a help text that fits its width in spaces.
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield f"{heading}\n\n```text\n{text}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            if found is not None:
                yield from _sections(found, context, each)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
