"""The tools that are compared, each installed from its lock into an environment of its own."""

from __future__ import annotations

import hashlib
import re
import sys
import venv
from pathlib import Path

from .measure import run, say

ROOT = Path(__file__).parents[1]
# Program → the lock that it is installed from, below requirements/.
_DEV_LOCK = ROOT / "requirements" / "dev.txt"
_LOCKS = {
    "aws": "peers/awscli.txt",
    "sam": "peers/aws-sam-cli.txt",
    "chalice": "peers/chalice.txt",
    "moto_server": "peers/moto.txt",
    "ministack": "emulators.txt",
}


def program(name: str) -> Path:
    """Return a program of another tool, installed into build/ unless it is there."""
    lock = ROOT / "requirements" / _LOCKS[name]
    folder = ROOT / "build" / _LOCKS[name].removesuffix(".txt")
    stamp = folder / "installed"
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != digest:
        say(f"installing {name} from {lock.relative_to(ROOT)}")
        venv.create(folder, clear=True, with_pip=True)
        options = ("--quiet", "--require-hashes", "--requirement", lock)
        run([folder / "bin" / "pip", "install", *options], directory=ROOT)
        stamp.write_text(digest)
    return folder / "bin" / name


def tt_ops() -> Path:
    """Return `tt-ops` as users have it: not editable, whose finder takes 20 ms of each start."""
    folder = ROOT / "build" / "tt-ops"
    sources = sorted((ROOT / "tasktracker_ops").rglob("*.py"))
    content = b"".join(each.read_bytes() for each in (*sources, _DEV_LOCK))
    stamp = folder / "installed"
    digest = hashlib.sha256(content + sys.version.encode()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != digest:
        say("installing tt-ops")
        venv.create(folder, clear=True, with_pip=True)
        pins = re.findall(r"^[a-z][^ ]*==\S+(?: ; [^\\]*)?", _DEV_LOCK.read_text(), re.M)
        (folder / "pins.txt").write_text("\n".join(pins))
        # The versions of the lock without its hashes: a folder has none.
        options = ("--quiet", "--constraint", folder / "pins.txt", f"{ROOT}[local,watch]")
        run([folder / "bin" / "pip", "install", *options], directory=ROOT)
        stamp.write_text(digest)
    return folder / "bin" / "tt-ops"


def version(name: str) -> str:
    """Return the version that the lock of a program has, with the name of its package."""
    lock = _LOCKS[name]
    package = "ministack" if name == "ministack" else Path(lock).stem
    text = (ROOT / "requirements" / lock).read_text()
    found = re.search(rf"^{re.escape(package)}(?:\[.*?\])?==(\S+)", text, re.M)
    return f"{package} {found[1] if found else '?'}"
