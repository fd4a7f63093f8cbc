"""The documentation says what is there: commands, options, settings, links and pictures."""

from __future__ import annotations

import html
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tasktracker_ops.cli.main import cli
from tasktracker_ops.settings import NAMES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
CONFIGURATION = ROOT / "docs" / "configuration.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
DRAWINGS = sorted((ROOT / "docs").glob("*.dot"))
PICTURES = sorted([*(ROOT / "docs").glob("*.svg"), *(ROOT / "docs").glob("*.png")])

_BLOCK = re.compile(r"^( *)```\w*\n(.*?)^\1```$", re.M | re.S)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
# A command ends where the shell begins, or an ellipsis.
_COMMAND = re.compile(r"(?<![\w/.-])tt-ops(?: [^|&;#)\n…✓]+)?")
_INLINE_OPTION = re.compile(r"^(--[a-z][\w-]*)(?: \S+)?$")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| (.*?) \|", re.M)


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _prose(page: Path) -> str:
    return _BLOCK.sub("", _text(page))


def _code(page: Path) -> Iterator[str]:
    """Yield every line of a fenced block and every code span."""
    for _, block in _BLOCK.findall(_text(page)):
        yield from block.splitlines()
    yield from _SPAN.findall(_prose(page))


def _commands(page: Path) -> Iterator[str]:
    for code in _code(page):
        if code.startswith("Usage: "):  # of a help text
            continue
        # `_TT_OPS_COMPLETE=… tt-ops` and `pip … && tt-ops …` hold commands as well.
        for found in _COMMAND.findall(_COMMENT.sub("", code)):
            if found != "tt-ops":
                yield found.strip()


def _options(command: click.Command) -> dict[str, click.Option]:
    context = click.Context(command)
    options = [p for p in command.get_params(context) if isinstance(p, click.Option)]
    return {name: o for o in options for name in (*o.opts, *o.secondary_opts)}


def _resolve(line: str) -> None:
    """Walk a command line along the tree of commands; raises AssertionError at what is not there.

    Values of options are checked against their choices, arguments are not counted.
    """
    command: click.Command = cli
    words = iter(shlex.split(line)[1:])
    for word in words:
        if word.startswith("-") and word != "-":
            name, _, value = word.partition("=")
            option = _options(command).get(name)
            assert option is not None, f"{line!r}: {command.name} has no option {name}"
            if not option.is_flag and not option.count:
                value = value or next(words, "")
                assert value, f"{line!r}: {name} takes a value"
                if isinstance(option.type, click.Choice):
                    assert value in option.type.choices, f"{line!r}: {name} takes no {value}"
        elif isinstance(command, click.Group):
            inner = command.get_command(click.Context(command), word)
            assert inner is not None, f"{line!r}: there is no command {word!r}"
            command = inner


def _all_commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _all_commands(command, f"{path} {name}")


def _anchors(page: Path) -> set[str]:
    """Headings as GitHub names them in addresses."""
    headings = re.findall(r"^#+ (.+)$", _prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_the_readme_holds_the_two_commands() -> None:
    """Each of the README's two commands stands alone on its line, in a fenced block."""
    blocks = [block.splitlines() for _, block in _BLOCK.findall(_text(README))]
    assert ["pip install '.[local]' && tt-ops --target local deploy --yes"] in blocks
    assert ["pip install '.[test]' && pytest"] in blocks


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_of_the_documentation_exists(page: Path) -> None:
    """Commands and options in blocks and code spans are those of the CLI."""
    for line in _commands(page):
        _resolve(line)


def test_command_lines_are_really_looked_at() -> None:
    """A command, an option and a choice that are not there are noticed; the README has dozens."""
    for wrong in ("tt-ops deplyo", "tt-ops build --yes", "tt-ops --target moon deploy"):
        with pytest.raises(AssertionError):
            _resolve(wrong)
    assert len(list(_commands(README))) > 24


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_named_alone_exists(page: Path) -> None:
    """An option in a code span of its own belongs to some command."""
    known = set(_options(cli))
    for _, command in _all_commands(cli, "tt-ops"):
        known |= set(_options(command))
    spans = (_INLINE_OPTION.match(span) for span in _SPAN.findall(_prose(page)))
    assert {span[1] for span in spans if span} <= known


def test_the_table_of_faults_names_tests_that_exist() -> None:
    """Each row links the file of its test, and the function is in there; else: make faults."""
    page = ROOT / "docs" / "reliability.md"
    for function, file in re.findall(r"\[`(test_\w+)`\]\((\S+)\)", _text(page)):
        assert f"def {function}(" in _text(page.parent / file)


@pytest.mark.parametrize("name", ["commands", "iam"])
def test_what_programs_write_is_up_to_date(name: str) -> None:
    """The page of commands, and the policies; else: python docs/commands.py, docs/iam.py."""
    program = [sys.executable, ROOT / "docs" / f"{name}.py", "--check"]
    # A process of its own: click keeps the help option of the first context that it meets.
    assert subprocess.run(program, check=False, timeout=60).returncode == 0


def test_the_readme_names_every_command() -> None:
    """The table of commands leaves none out."""
    table = _text(README).partition("## Commands")[2].partition("\n## ")[0]
    spans = set(_SPAN.findall(table))
    for path, command in _all_commands(cli, "tt-ops"):
        if not isinstance(command, click.Group):
            assert spans & {path, path.split()[-1]}, f"{path} is missing"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    """Files, pictures and headings that a page links to exist."""
    for link in _LINK.findall(_prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in _anchors(target), f"{page.name} links to {link}"


def test_the_table_of_settings_is_complete() -> None:
    """Its rows are the settings in their order, each with its variable."""
    rows = _ROW.findall(_text(CONFIGURATION))
    assert [name for name, _, _ in rows] == list(NAMES)
    assert [variable for _, variable, _ in rows] == [f"TT_OPS_{name.upper()}" for name in NAMES]


def test_the_table_of_settings_names_their_options() -> None:
    """A setting has the option that its row names, on every command that it names, or none."""
    commands = {path.removeprefix("tt-ops "): c for path, c in _all_commands(cli, "tt-ops")}
    everywhere = {option.name for option in _options(cli).values()}
    for name, _, cell in _ROW.findall(_text(CONFIGURATION)):
        option, *named = _SPAN.findall(cell) or [None]
        owners = {p for p, c in commands.items() if name in {o.name for o in _options(c).values()}}
        if option is None:
            assert not owners, f"{name} is an option of {owners}"
        elif name in everywhere:
            assert (option in _options(cli), named) == (True, [])
        else:
            assert owners == set(named), f"{name} is an option of {owners}"
            assert all(option in _options(commands[path]) for path in named)


_LINK_TARGETS = {page: {Path(link).name for link in _LINK.findall(_text(page))} for page in PAGES}


def _letters(text: str) -> str:
    return "".join(html.unescape(text).split())


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_every_picture_is_shown(picture: Path) -> None:
    """Some page shows it."""
    assert any(picture.name in _LINK_TARGETS[page] for page in PAGES)


@pytest.mark.parametrize("source", DRAWINGS, ids=lambda source: source.name)
def test_every_drawing_shows_what_its_source_says(source: Path) -> None:
    """A drawing has every label of the text that it is made from."""
    drawn = "".join(re.findall(r">([^<>]+)</text>", _text(source.with_suffix(".svg"))))
    for label in re.findall(r">([^<>\n\]]+)<", _text(source)):
        assert _letters(label) in _letters(drawn), f"draw {source.stem}.svg again"
