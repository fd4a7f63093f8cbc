"""Where Terraform gets its providers from: its CLI configuration.

Source: https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from glob import iglob

# Unlike Path's methods, these return False for a folder that may not be read.
from os.path import expanduser, isdir, isfile
from pathlib import Path

from tasktracker_ops.adapters.host.disk import reporting_full_disk
from tasktracker_ops.adapters.host.files import replace_file
from tasktracker_ops.errors import ConfigurationError

# Where images and installers put a mirror that Terraform does not search by itself.
CONVENTIONAL_PARENTS = (Path("/opt"),)

# The path of a socket has room for 103 characters on macOS, and ends with plugin1234567890.
_SOCKET_FOLDER_LIMIT = 103 - len("/plugin1234567890")

_PROVIDER = re.compile(
    r'^provider "([^"]+)" \{[^}]*?^\s*version\s*=\s*"([^"]+)"([^}]*)', re.M | re.S
)
_HASH = re.compile(r'"((?:h1|zh):[^"]+)"')


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as the lock file pins it: full address, version and hashes of its packages."""

    address: str
    version: str
    hashes: tuple[str, ...] = ()

    def is_in(self, mirror: Path, platform: str) -> bool:
        """Return whether a mirror holds it for `<os>_<arch>`, unpacked or zipped."""
        folder = mirror / self.address
        name = f"terraform-provider-{folder.name}_{self.version}_{platform}.zip"
        return isdir(folder / self.version / platform) or isfile(folder / name)


@dataclass(frozen=True, slots=True)
class ProviderSource:
    """Where Terraform gets the locked `providers` from.

    The first of these that applies:

    1. `mirror`, the user's own setting.
    2. The user's own configuration, untouched: the file that TF_CLI_CONFIG_FILE names if it exists,
       else ~/.terraformrc, else *.tfrc in ~/.terraform.d. `variables` are what it needs.
    3. A `mirror` that holds every provider for the platform, in one of the `mirror_candidates`.
    4. A plugin `cache` shared by all targets.
    """

    providers: tuple[Provider, ...]
    platform: str
    cache: Path
    mirror: Path | None = None
    variables: Mapping[str, str] | None = None

    @classmethod
    def choose(
        cls,
        environment: Mapping[str, str],
        *,
        lock_file: Path,
        platform: str,
        plugin_cache: Path,
        mirror: Path | None = None,
    ) -> ProviderSource:
        """Return the source of the providers in `lock_file` for `platform` (`linux_amd64`).

        The cache is TF_PLUGIN_CACHE_DIR, else `plugin_cache`. Raises ConfigurationError
        `provider-mirror-incomplete` when `mirror`, the user's setting, does not hold them.
        """
        home = Path(environment.get("HOME") or expanduser("~"))
        providers = locked_providers(lock_file)
        cache = Path(environment.get("TF_PLUGIN_CACHE_DIR") or plugin_cache)
        variables = None
        if mirror is not None:
            _require_providers(mirror, providers, platform)
        elif (variables := _user_configuration(environment, home)) is None:
            candidates = mirror_candidates(environment, home=home, root_module=lock_file.parent)
            mirror = next((m for m in candidates if _is_complete(m, providers, platform)), None)
        return cls(providers, platform, cache, mirror, variables)

    def environment(self, directory: Path) -> Mapping[str, str]:
        """Return the variables to add to Terraform's environment.

        Unless the user has a configuration, one is written to `directory`.
        """
        if self.variables is not None:
            return self.variables
        file = directory / "terraform.rc"
        if self.mirror is not None:
            _write(file, _mirror_configuration(self.mirror.absolute(), self.providers))
            return {"TF_CLI_CONFIG_FILE": str(file)}
        _write(file, "disable_checkpoint = true\n")
        self.cache.mkdir(parents=True, exist_ok=True)
        return {"TF_CLI_CONFIG_FILE": str(file), "TF_PLUGIN_CACHE_DIR": str(self.cache)}

    @property
    def sentence(self) -> str:
        """Return which providers come from where."""
        names = ", ".join(f"{Path(p.address).name} {p.version}" for p in self.providers)
        if self.variables is not None:
            return f"{names}, as your own configuration of Terraform says"
        if self.mirror is not None:
            return f"{names}, in the mirror {self.mirror}"
        if _is_complete(self.cache, self.providers, self.platform):
            return f"{names}, in the cache {self.cache}"
        return f"{names}, which the next deploy downloads"


def socket_folder(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variable that has providers make their sockets in /tmp if TMPDIR is too long.

    A provider whose socket cannot be made ends before it answers. Source:
    https://github.com/hashicorp/go-plugin/blob/main/constants.go
    """
    too_long = len(os.fsencode(environment.get("TMPDIR", ""))) > _SOCKET_FOLDER_LIMIT
    folder = "/tmp"  # nosec B108 # as without TMPDIR
    return {"PLUGIN_UNIX_SOCKET_DIR": folder} if too_long else {}


def locked_providers(lock_file: Path) -> tuple[Provider, ...]:
    """Return the providers pinned in .terraform.lock.hcl; none without such a file."""
    if not isfile(lock_file):
        return ()
    return tuple(
        Provider(address, version, tuple(_HASH.findall(rest)))
        for address, version, rest in _PROVIDER.findall(lock_file.read_text("utf-8"))
    )


def mirror_candidates(
    environment: Mapping[str, str],
    *,
    home: Path,
    root_module: Path,
    conventional: Iterable[Path] = CONVENTIONAL_PARENTS,
) -> Iterator[Path]:
    """Yield the folders that may be a mirror, best first.

    First Terraform's implied ones (terraform.d/plugins in the root module, ~/.terraform.d/plugins,
    then the platform's data folders), then every folder in a `conventional` one, by name.
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


def _user_configuration(environment: Mapping[str, str], home: Path) -> dict[str, str] | None:
    """Return the variables that the user's own CLI configuration needs; None without one."""
    configured = environment.get("TF_CLI_CONFIG_FILE")
    default = home / ".terraformrc"
    if configured and isfile(configured):
        return {}
    if isfile(default):
        # A variable that names a missing file would keep Terraform from reading the default file.
        return {"TF_CLI_CONFIG_FILE": str(default)} if configured else {}
    # Not *.tfrc.json: that is where `terraform login` stores credentials.
    folder = home / ".terraform.d"
    extra = [name for name in iglob("*.tfrc", root_dir=folder) if isfile(folder / name)]
    return {} if extra and not configured else None


def _is_complete(mirror: Path, providers: tuple[Provider, ...], platform: str) -> bool:
    return bool(providers) and all(p.is_in(mirror, platform) for p in providers)


def _require_providers(mirror: Path, providers: tuple[Provider, ...], platform: str) -> None:
    missing = [p for p in providers if not p.is_in(mirror, platform)]
    if missing or not isdir(mirror):
        names = ", ".join(f"{p.address} {p.version}" for p in missing)
        raise ConfigurationError(
            "provider-mirror-incomplete",
            f"the provider mirror {str(mirror)!r} does not hold {names} for {platform}"
            if names
            else f"the provider mirror {str(mirror)!r} is not a folder",
            hint="fill it, in the terraform folder: "
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
    with reporting_full_disk(file):
        replace_file(file, text.encode(), mode=0o600)
