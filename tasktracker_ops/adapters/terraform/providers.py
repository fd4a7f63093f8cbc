"""Where Terraform gets its providers from: the CLI configuration it is given.

See https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from glob import iglob

# Unlike Path's, these take a folder that is closed to us for one without the file.
from os.path import expanduser, isdir, isfile
from pathlib import Path

from tasktracker_ops.errors import ConfigurationError

# Where images and installers put a mirror that Terraform does not look for by itself.
CONVENTIONAL_PARENTS = (Path("/opt"),)

_LOCKED = re.compile(r'^provider "([^"]+)" \{[^}]*?^\s*version\s*=\s*"([^"]+)"', re.M | re.S)


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as the lock file pins it: its full address and its version."""

    address: str
    version: str

    def is_in(self, mirror: Path, platform: str) -> bool:
        """Tell whether a filesystem mirror holds it, unpacked or as the zip, for `<os>_<arch>`."""
        folder = mirror / self.address
        name = f"terraform-provider-{folder.name}_{self.version}_{platform}.zip"
        return isdir(folder / self.version / platform) or isfile(folder / name)


def provider_environment(
    environment: Mapping[str, str],
    *,
    lock_file: Path,
    platform: str,
    directory: Path,
    plugin_cache: Path,
    mirror: Path | None = None,
) -> dict[str, str]:
    """Decide on Terraform's CLI configuration; returns the variables to add to its environment.

    The first of these that applies:

    1. `mirror`, the user's own setting.
    2. The user's own configuration, untouched: the file that TF_CLI_CONFIG_FILE names if it exists,
       else ~/.terraformrc, else *.tfrc in ~/.terraform.d.
    3. A filesystem mirror that holds every provider of `lock_file` for `platform` (`linux_amd64`),
       in one of the `mirror_places`.
    4. A plugin cache that targets share: TF_PLUGIN_CACHE_DIR, else `plugin_cache`.

    For 1, 3 and 4 a configuration is written under `directory`. Raises ConfigurationError
    (provider-mirror-incomplete) when `mirror` does not hold what is locked.
    """
    home = Path(environment.get("HOME") or expanduser("~"))
    providers = locked_providers(lock_file)
    if mirror is not None:
        _require(mirror, providers, platform)
    else:
        own = _own_configuration(environment, home)
        if own is not None:
            return own
        places = mirror_places(environment, home=home, root_module=lock_file.parent)
        mirror = next((p for p in places if _holds(p, providers, platform)), None)
    file = directory / "terraform.rc"
    if mirror is not None:
        _write(file, _mirror_configuration(mirror.absolute(), providers))
        return {"TF_CLI_CONFIG_FILE": str(file)}
    _write(file, "disable_checkpoint = true\n")
    shared = Path(environment.get("TF_PLUGIN_CACHE_DIR") or plugin_cache)
    shared.mkdir(parents=True, exist_ok=True)
    return {"TF_CLI_CONFIG_FILE": str(file), "TF_PLUGIN_CACHE_DIR": str(shared)}


def locked_providers(lock_file: Path) -> tuple[Provider, ...]:
    """Read the pinned providers from .terraform.lock.hcl; none when there is no such file."""
    if not isfile(lock_file):
        return ()
    return tuple(Provider(*found) for found in _LOCKED.findall(lock_file.read_text("utf-8")))


def mirror_places(
    environment: Mapping[str, str],
    *,
    home: Path,
    root_module: Path,
    conventional: Iterable[Path] = CONVENTIONAL_PARENTS,
) -> Iterator[Path]:
    """List the folders that may be a mirror, best first.

    Terraform's implied ones (terraform.d/plugins in the root module, ~/.terraform.d/plugins, then
    the platform's data folders) and after them every folder in a `conventional` one, by name.
    """
    yield root_module / "terraform.d" / "plugins"
    yield home / ".terraform.d" / "plugins"
    if sys.platform == "darwin":
        for base in (home, Path("/")):
            yield base / "Library" / "Application Support" / "io.terraform" / "plugins"
    else:
        user = environment.get("XDG_DATA_HOME") or str(home / ".local" / "share")
        shared = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        for base in map(Path, [user, *shared.split(":")]):
            yield base / "terraform" / "plugins"
    for parent in conventional:
        if isdir(parent):
            yield from sorted(child for child in parent.iterdir() if isdir(child))


def _own_configuration(environment: Mapping[str, str], home: Path) -> dict[str, str] | None:
    """Find the user's own CLI configuration: the variables it needs, None when there is none."""
    named = environment.get("TF_CLI_CONFIG_FILE")
    usual = home / ".terraformrc"
    if named and isfile(named):
        return {}
    if isfile(usual):
        # A variable that names a missing file would keep Terraform from reading the usual one.
        return {"TF_CLI_CONFIG_FILE": str(usual)} if named else {}
    # `terraform login` leaves its credentials here, which says nothing about providers.
    folder = home / ".terraform.d"
    extra = [name for name in iglob("*.tfrc", root_dir=folder) if isfile(folder / name)]
    return {} if extra and not named else None


def _holds(mirror: Path, providers: tuple[Provider, ...], platform: str) -> bool:
    return bool(providers) and all(p.is_in(mirror, platform) for p in providers)


def _require(mirror: Path, providers: tuple[Provider, ...], platform: str) -> None:
    missing = [p for p in providers if not p.is_in(mirror, platform)]
    if missing or not isdir(mirror):
        what = ", ".join(f"{p.address} {p.version}" for p in missing) or "a folder"
        raise ConfigurationError(
            "provider-mirror-incomplete",
            f"the provider mirror {str(mirror)!r} does not hold {what} for {platform}",
            hint="fill it from the terraform folder: "
            + shlex.join(["terraform", "providers", "mirror", str(mirror)]),
        )


def _mirror_configuration(mirror: Path, providers: tuple[Provider, ...]) -> str:
    addresses = ", ".join(_quoted(p.address) for p in providers)
    return f"""disable_checkpoint = true

provider_installation {{
  filesystem_mirror {{
    path    = {_quoted(str(mirror))}
    include = [{addresses}]
  }}
  direct {{
    exclude = [{addresses}]
  }}
}}
"""


def _quoted(text: str) -> str:
    """Quote a string for HCL 1, which has backslash escapes only."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _write(file: Path, text: str) -> None:
    """Replace a file in one step: another run may be reading it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=file.parent, prefix=file.name, delete=False
    ) as draft:
        draft.write(text)
    os.replace(draft.name, file)
