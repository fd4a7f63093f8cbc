"""Terraform's CLI configuration: the user's own, a mirror, or a plugin cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasktracker_ops.adapters.terraform.providers import (
    Provider,
    ProviderSource,
    locked_providers,
    mirror_candidates,
    socket_folder,
)
from tasktracker_ops.errors import ConfigurationError, ExitCode

PLATFORM = "linux_amd64"
ADDRESS = "registry.terraform.io/example/thing"
LOCK = f'''# maintained automatically
provider "{ADDRESS}" {{
  version     = "5.100.0"
  constraints = "~> 5.100"
  hashes = [
    "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",
  ]
}}

provider "registry.terraform.io/example/other" {{
  version = "3.7.2"
  hashes  = []
}}
'''


@pytest.fixture
def configure(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """A function that configures a root module with a lock file, and an empty home folder."""
    home, module = tmp_path / "home", tmp_path / "module"
    home.mkdir(exist_ok=True)
    module.mkdir()
    (module / ".terraform.lock.hcl").write_text(LOCK)

    def make(mirror: Path | None = None, **environment: str) -> dict[str, str]:
        source = ProviderSource.choose(
            {"HOME": str(home), "XDG_DATA_DIRS": str(tmp_path / "share"), **environment},
            lock_file=module / ".terraform.lock.hcl",
            platform=PLATFORM,
            plugin_cache=tmp_path / "cache",
            mirror=mirror,
        )
        return dict(source.environment(tmp_path / "data"))

    return make


def fill(mirror: Path, *, packed: bool = False) -> Path:
    """Put both locked providers into a mirror."""
    for name, version in (("thing", "5.100.0"), ("other", "3.7.2")):
        folder = mirror / "registry.terraform.io" / "example" / name
        if packed:
            folder.mkdir(parents=True)
            (folder / f"terraform-provider-{name}_{version}_{PLATFORM}.zip").touch()
        else:
            (folder / version / PLATFORM).mkdir(parents=True)
    return mirror


def configuration(variables: dict[str, str]) -> str:
    """Return the configuration file that the variables name."""
    return Path(variables["TF_CLI_CONFIG_FILE"]).read_text()


def test_unreadable_mirror_is_skipped(
    configure: Callable[..., dict[str, str]],
) -> None:
    """A folder without read permission, such as another user's home, is no error."""
    unreachable = "/" + "x" * 300  # fails even for root
    variables = configure(
        HOME=unreachable, TF_CLI_CONFIG_FILE=f"{unreachable}/rc", XDG_DATA_DIRS=unreachable
    )
    assert "disable_checkpoint" in configuration(variables)


def test_lock_file_names_the_providers(tmp_path: Path) -> None:
    """Without a lock file there are none."""
    file = tmp_path / "lock"
    assert locked_providers(file) == ()
    file.write_text(LOCK)
    assert locked_providers(file) == (
        Provider(ADDRESS, "5.100.0", ("h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",)),
        Provider("registry.terraform.io/example/other", "3.7.2"),
    )


def test_users_own_configuration_is_used(
    tmp_path: Path, configure: Callable[..., dict[str, str]]
) -> None:
    """From the variable or the default path, it comes before a mirror that is found."""
    fill(tmp_path / "home" / ".terraform.d" / "plugins")
    own = tmp_path / "own.tfrc"
    own.touch()
    assert configure(TF_CLI_CONFIG_FILE=str(own)) == {}
    default = tmp_path / "home" / ".terraformrc"
    default.touch()
    assert configure() == {}
    assert configure(TF_CLI_CONFIG_FILE="/nonexistent") == {"TF_CLI_CONFIG_FILE": str(default)}


def test_tfrc_files_in_the_users_folder_are_a_configuration(
    tmp_path: Path, configure: Callable[..., dict[str, str]]
) -> None:
    """Credentials of `terraform login` are not."""
    folder = tmp_path / "home" / ".terraform.d"
    folder.mkdir()
    (folder / "credentials.tfrc.json").touch()
    assert configure() != {}
    (folder / "mine.tfrc").touch()
    assert configure() == {}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("place", ["home/.terraform.d/plugins", "module/terraform.d/plugins"])
def test_complete_mirror_is_used(
    tmp_path: Path, configure: Callable[..., dict[str, str]], place: str, packed: bool
) -> None:
    """Unpacked or zipped; the registry is not used for its providers."""
    mirror = fill(tmp_path / place, packed=packed)
    text = configuration(configure(TF_CLI_CONFIG_FILE="/nonexistent"))
    assert f'path    = "{mirror}"' in text
    assert text.count(f'["{ADDRESS}", "registry.terraform.io/example/other"]') == 2
    assert "disable_checkpoint = true" in text


def test_terraforms_own_mirror_folders_come_first(tmp_path: Path) -> None:
    """Root module, home and data folders come before the conventional ones, sorted by name."""
    home, module, opt = tmp_path / "home", tmp_path / "module", tmp_path / "opt"
    for name in ("b", "a"):
        (opt / name).mkdir(parents=True)
    folders = [
        *mirror_candidates(
            {"XDG_DATA_DIRS": str(tmp_path / "share")},
            home=home,
            root_module=module,
            conventional=[opt, tmp_path / "nowhere"],
        )
    ]
    assert folders[:2] == [module / "terraform.d/plugins", home / ".terraform.d/plugins"]
    assert folders[-2:] == [opt / "a", opt / "b"]
    assert len(folders) == 6


def test_incomplete_mirror_is_not_used(
    tmp_path: Path,
    configure: Callable[..., dict[str, str]],
) -> None:
    """It holds one provider of two."""
    mirror = tmp_path / "home" / ".terraform.d" / "plugins"
    (mirror / ADDRESS / "5.100.0" / PLATFORM).mkdir(parents=True)
    assert "filesystem_mirror" not in configuration(configure())


def test_without_a_mirror_targets_share_a_plugin_cache(
    tmp_path: Path, configure: Callable[..., dict[str, str]]
) -> None:
    """The cache of tt-ops, unless the user has set another."""
    assert configure()["TF_PLUGIN_CACHE_DIR"] == str(tmp_path / "cache")
    assert (tmp_path / "cache").is_dir()
    theirs = tmp_path / "theirs"
    assert configure(TF_PLUGIN_CACHE_DIR=str(theirs))["TF_PLUGIN_CACHE_DIR"] == str(theirs)


def test_configured_mirror_comes_first(
    tmp_path: Path, configure: Callable[..., dict[str, str]]
) -> None:
    """It comes before the user's own configuration."""
    (tmp_path / "home" / ".terraformrc").touch()
    mirror = fill(tmp_path / 'a "quoted" \\ name')
    assert r"a \"quoted\" \\ name" in configuration(configure(mirror=mirror))


def test_incomplete_configured_mirror_is_an_error(
    tmp_path: Path, configure: Callable[..., dict[str, str]]
) -> None:
    """The message names what is missing, and the hint fills it."""
    with pytest.raises(ConfigurationError) as caught:
        configure(mirror=tmp_path / "empty")
    assert caught.value.code == "provider-mirror-incomplete"
    assert caught.value.exit_code == ExitCode.CONFIGURATION
    assert f"{ADDRESS} 5.100.0" in caught.value.message
    assert "terraform providers mirror" in caught.value.hint


@pytest.mark.parametrize(
    ("length", "folder"),
    [(40, None), (100, "/tmp")],  # nosec B108 # as without TMPDIR
)
def test_long_tmpdir_is_not_used_for_sockets(length: int, folder: str | None) -> None:
    """The path of a socket has little room, and a provider ends without one."""
    assert socket_folder({"TMPDIR": "t" * length}).get("PLUGIN_UNIX_SOCKET_DIR") == folder
