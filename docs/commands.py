"""Write `commands.md`, every command's help text, and the list of commands in `cli/index.py`.

With --check it writes nothing, and exits 1 when either is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

from tasktracker_ops.cli import index

INDEX = Path(index.__file__)
# Below it the list is made.
FIRST_ENTRY = "COMMANDS: dict[str, Entry] = {"
PAGE = Path(__file__).parent / "commands.md"
# Below it the page is made; what stands above is written by hand.
FIRST_HEADING = "## Global options"
# Lines that every command's help has; the head of the page says the same once.
_REPEATED = re.compile(r"^  (?:-h, --help|…) .*\n?", re.M)
_NO_OPTIONS = re.compile(r"^Options:\n(?:\n|\Z)", re.M)


def page() -> str:
    """Return the page: its head as it is, and a section for each command."""
    # With the commands of now: the list in the file may be an older one.
    from tasktracker_ops.cli.main import cli

    index.COMMANDS.clear()
    index.COMMANDS.update(_entries())
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(FIRST_HEADING)
    return head + "\n".join(_sections(cli, None, "tt-ops"))


def list_of_commands() -> str:
    """Return the module: its head as it is, and an entry for each command."""
    head, _, _ = INDEX.read_text(encoding="utf-8").partition(FIRST_ENTRY)
    lines = [head + FIRST_ENTRY]
    for name, entry in _entries():
        texts = ", ".join(json.dumps(text, ensure_ascii=False) for text in entry)
        line = f"    {json.dumps(name)}: Entry({texts}),"
        # As ruff has it.
        if len(line) > 100:
            line = f"    {json.dumps(name)}: Entry(\n        {texts}\n    ),"
        lines.append(line)
    return "\n".join([*lines, "}", ""])


def _entries() -> Iterator[tuple[str, index.Entry]]:
    for name in index.MODULES:
        family = import_module(f"tasktracker_ops.cli.{name}").FAMILY
        for command in family.commands:
            summary = command.get_short_help_str(limit=64)
            yield str(command.name), index.Entry(name, family.title, summary)


def _sections(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    """Yield a section for the command, and one for each below it."""
    settings = {"terminal_width": 80, **command.context_settings}
    context = click.Context(command, parent, info_name=name, **settings)
    heading = FIRST_HEADING if parent is None else f"## `{context.command_path}`"
    # click ends a help text that fits its width in spaces.
    text = "".join(f"{line.rstrip()}\n" for line in command.get_help(context).splitlines())
    if parent is not None:
        text = _NO_OPTIONS.sub("", _REPEATED.sub("", text))
    yield f"{heading}\n\n```text\n{text.strip()}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            if found is not None:
                yield from _sections(found, context, each)


if __name__ == "__main__":
    written = {INDEX: list_of_commands(), PAGE: page()}
    if "--check" in sys.argv:
        sys.exit(any(file.read_text(encoding="utf-8") != text for file, text in written.items()))
    for file, text in written.items():
        file.write_text(text, encoding="utf-8")
