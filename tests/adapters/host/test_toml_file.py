"""tt-ops.toml is edited as its author would: only the line of the setting differs."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tasktracker_ops.adapters.host.toml_file import (
    line_of,
    replace_text,
    value_at,
    with_value,
    without_value,
)

FILE = """\
# The tracker of the team.

region = "eu-west-1"  # near

# Where we try things.
[env.staging]
# Ann reads these.
alert_email = "ann@example.com"   # for now

# Where customers are.
[env.prod]
local_port = 1
# end
"""
REGION = ("region",)
STAGING, PROD, NEW = (("env", env, "region") for env in ("staging", "prod", "new"))


def added(before: str, after: str) -> list[str]:
    """Return the lines that were added; all others have to be there, in order."""
    old, new = before.splitlines(), after.splitlines()
    for line in old:
        assert line in new, line
    rest = iter(old)
    expected, lines = next(rest, None), []
    for line in new:
        if line == expected:
            expected = next(rest, None)
        else:
            lines.append(line)
    assert expected is None
    return lines


@pytest.mark.parametrize(
    ("path", "behind", "lines"),
    [
        (("target",), 'region = "eu-west-1"  # near', ['target = "x"']),
        (STAGING, 'alert_email = "ann@example.com"   # for now', ['region = "x"']),
        (PROD, "local_port = 1", ['region = "x"']),
        (NEW, "# end", ["", "[env.new]", 'region = "x"']),
    ],
)
def test_a_new_setting_stands_behind_the_last_of_its_section(
    path: tuple[str, ...], behind: str, lines: list[str]
) -> None:
    """A comment above the next section stays there."""
    changed = with_value(FILE, path, "x")
    assert added(FILE, changed) == lines
    assert "\n".join((behind, *lines)) in changed


def test_a_value_is_replaced_in_its_place() -> None:
    """The comment behind it stays."""
    assert with_value(FILE, REGION, "x") == FILE.replace('"eu-west-1"', '"x"')


def test_a_setting_is_removed_with_its_line() -> None:
    """The sections, and the comments around it, stay."""
    line = 'alert_email = "ann@example.com"   # for now\n'
    assert without_value(FILE, ("env", "staging", "alert_email")) == FILE.replace(line, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# heading\n",
        "# heading",
        "\n\n# heading\n\n# staging\n[env.staging]\n",
        "# heading\n\n# staging\n[env.staging]\n",
        "[env.staging]",
        "env.staging.local_port = 1",
        "env.prod.local_port = 1\nverbose = true\n",
        "env = {staging = {local_port = 1}}\n",
        "env = {}\n",
        "[env]\nstaging.local_port = 1\n",
        "[env]\n[env.prod]\nlocal_port = 1\n[env.staging]\nlocal_port = 2",
        "[ 'env' . \"staging\" ]\r\nlocal_port=1\r\n",
        'api_url = """\nregion = \'no\'\n[env.staging]\n"""\n',
        FILE,
        FILE.replace("\n", "\r\n"),
    ],
)
@pytest.mark.parametrize("path", [REGION, STAGING, NEW])
def test_every_layout_is_edited(text: str, path: tuple[str, ...]) -> None:
    """Nothing else is lost or changed, its line is found, and removing it leads back."""
    changed = with_value(text, path, "x")
    assert value_at(changed, path) == "x"
    line = line_of(changed, path)
    assert line is not None
    assert "region" in changed.splitlines()[line - 1]
    other = with_value(changed, path, "y")
    assert len(other.splitlines()) == len(changed.splitlines())
    expected = tomllib.loads(text)
    table = expected
    for name in path[:-1]:
        table = table.setdefault(name, {})
    table["region"] = "x"
    assert tomllib.loads(changed) == expected
    del table["region"]
    assert tomllib.loads(without_value(changed, path)) == expected
    assert ("\r\n" in changed) == ("\r\n" in text)
    assert changed.count("\r\n") in (0, changed.count("\n"))


def test_a_file_is_replaced_at_once(tmp_path: Path) -> None:
    """It keeps its mode, a link stays one, and nothing else is left."""
    file, link = tmp_path / "real.toml", tmp_path / "tt-ops.toml"
    file.write_text("a = 1\n")
    file.chmod(0o640)
    link.symlink_to(file)
    replace_text(link, "a = 2\n")
    assert (link.is_symlink(), file.read_text()) == (True, "a = 2\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == [file, link]
