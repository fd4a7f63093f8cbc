"""The tools that are compared, each installed from its lock into an environment of its own."""

from __future__ import annotations

import hashlib
import re
import sys
import venv
from functools import cache
from pathlib import Path

from .measure import run, say

ROOT = Path(__file__).parents[1]
_DEV_LOCK = ROOT / "requirements" / "dev.txt"
# Program → the lock that it is installed from, below requirements/.
LOCKS = {
    "aws": "peers/awscli.txt",
    "sam": "peers/aws-sam-cli.txt",
    "chalice": "peers/chalice.txt",
    "moto_server": "peers/moto.txt",
    "ministack": "emulators.txt",
}


def program(name: str) -> Path:
    """Return a program of another tool, installed into build/ unless it is there."""
    lock = ROOT / "requirements" / LOCKS[name]
    folder = ROOT / "build" / "peers" / lock.stem
    if _is_due(folder / "installed", lock.read_bytes()):
        say(f"installing {name} from {lock.relative_to(ROOT)}")
        venv.create(folder, clear=True, with_pip=True)
        # The lock is complete; pip would look for an extra that the lock has without its name.
        _install(folder, "--require-hashes", "--no-deps", "--requirement", str(lock))
        _done(folder / "installed", lock.read_bytes())
    return folder / "bin" / name


@cache
def tt_ops() -> Path:
    """Return `tt-ops` as users have it: not editable, whose finder takes 20 ms of each start."""
    folder, lock = ROOT / "build" / "tt-ops", _DEV_LOCK.read_text()
    pins = re.findall(r"^[a-z][^ ]*==\S+(?: ; [^\\]*)?", lock, re.M)
    sources = sorted((ROOT / "tasktracker_ops").rglob("*.py"))
    content = b"".join(each.read_bytes() for each in sources)
    if _is_due(folder / "requirements", lock.encode()):
        say("installing what tt-ops needs")
        venv.create(folder, clear=True, with_pip=True)
        # The versions of the lock without its hashes: a folder has none.
        (folder / "pins.txt").write_text("\n".join(pins))
        _install(folder, "--constraint", str(folder / "pins.txt"), f"{ROOT}[local,watch]")
        _done(folder / "requirements", lock.encode())
    if _is_due(folder / "sources", content):
        say("installing tt-ops")
        _install(folder, "--no-deps", "--force-reinstall", str(ROOT))
        _done(folder / "sources", content)
    return folder / "bin" / "tt-ops"


def _install(folder: Path, *options: str) -> None:
    run([folder / "bin" / "pip", "install", "--quiet", *options], directory=ROOT)


def _is_due(stamp: Path, content: bytes) -> bool:
    return not stamp.is_file() or stamp.read_text() != _digest(content)


def _done(stamp: Path, content: bytes) -> None:
    stamp.write_text(_digest(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content + sys.version.encode()).hexdigest()


def version(name: str) -> str:
    """Return the version that the lock of a program has, with the name of its package."""
    lock = LOCKS[name]
    package = "ministack" if name == "ministack" else Path(lock).stem
    text = (ROOT / "requirements" / lock).read_text()
    found = re.search(rf"^{re.escape(package)}(?:\[.*?\])?==(\S+)", text, re.M)
    return f"{package} {found[1] if found else '?'}"
