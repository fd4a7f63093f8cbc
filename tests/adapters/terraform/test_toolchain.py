"""Finding Terraform, and downloading it from a local release site."""

from __future__ import annotations

import hashlib
import io
import os
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.terraform.toolchain import (
    TERRAFORM_VERSION,
    TerraformBinary,
    Toolchain,
)
from tasktracker_ops.errors import ConfigurationError, ExitCode

FAKE = """#!/bin/sh
echo '{{"terraform_version": "{version}", "platform": "linux_amd64"}}'
"""


def fake(folder: Path, version: str) -> Path:
    """Create an executable that reports a version as Terraform does."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "terraform"
    file.write_text(FAKE.format(version=version))
    file.chmod(0o755)
    return file


@dataclass
class ReleaseSite:
    """A release site: its pages by path, and the paths that were requested."""

    pages: dict[str, bytes] = field(default_factory=dict)
    truncated: bool = False
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def publish(self, archive: bytes, *, listed: bytes | None = None) -> None:
        """Publish the pinned version for every platform, with the checksum of `listed`."""
        digest = hashlib.sha256(archive if listed is None else listed).hexdigest()
        lines = []
        for system in ("linux", "darwin"):
            for machine in ("amd64", "arm64"):
                name = f"terraform_{TERRAFORM_VERSION}_{system}_{machine}.zip"
                self.pages[f"/{TERRAFORM_VERSION}/{name}"] = archive
                lines.append(f"{digest}  {name}\n")
        self.pages[self.sums] = "".join(lines).encode()

    @property
    def sums(self) -> str:
        """Return the path of the checksums."""
        return f"/{TERRAFORM_VERSION}/terraform_{TERRAFORM_VERSION}_SHA256SUMS"


@pytest.fixture
def site() -> Iterator[ReleaseSite]:
    """Yield a release site that has the pinned version."""
    site = ReleaseSite()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.requests.append(self.path)
            page = site.pages.get(self.path)
            if page is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            cut = site.truncated and self.path.endswith(".zip")
            self.wfile.write(page[: len(page) // 2] if cut else page)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    site.url = f"http://127.0.0.1:{server.server_port}/"
    site.publish(archive(FAKE.format(version=TERRAFORM_VERSION)))
    yield site
    server.shutdown()
    server.server_close()


def archive(text: str) -> bytes:
    """Return a zip archive as HashiCorp publishes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("LICENSE.txt", "licence")
        file.writestr("terraform", text)
    return buffer.getvalue()


@pytest.fixture
def toolchain(tmp_path: Path) -> Callable[..., Toolchain]:
    """A function that returns a toolchain: nothing is found and downloads are approved."""

    def make(**changes: Any) -> Toolchain:
        arguments: dict[str, Any] = {
            "configured": None,
            "environment": {"PATH": ""},
            "cache": tmp_path / "cache",
            "approve": lambda question: True,
            "releases": "http://127.0.0.1:9/",
        }
        return Toolchain(**{**arguments, **changes})

    return make


def failure(toolchain: Toolchain) -> ConfigurationError:
    """Return the error of a toolchain without Terraform, which leaves its cache empty."""
    with pytest.raises(ConfigurationError) as caught:
        toolchain.terraform()
    assert caught.value.exit_code == ExitCode.CONFIGURATION
    assert [p for p in toolchain.cache.rglob("*") if p.is_file()] == []
    return caught.value


def test_version_is_read_without_the_users_settings(
    toolchain: Callable[..., Toolchain], terraform_binary: TerraformBinary
) -> None:
    """An invalid CLI configuration or option does not matter; the platform is read as well."""
    environment = {
        "PATH": str(terraform_binary.path.parent),
        "TF_CLI_CONFIG_FILE": "/nonexistent/terraform.rc",
        "TF_CLI_ARGS": "-no-such-option",
        "TF_LOG": "TRACE",
    }
    found = toolchain(environment=environment).terraform()
    assert (found.version, found.source) == (terraform_binary.version, "PATH")
    assert re.fullmatch(r"(linux|darwin)_\w+", found.platform)


def test_setting_comes_before_path_and_cache(
    tmp_path: Path, toolchain: Callable[..., Toolchain]
) -> None:
    """TT_OPS_TERRAFORM, then PATH, then the cache."""
    configured, path = fake(tmp_path / "a", "1.12.0"), fake(tmp_path / "b", "1.13.1")
    cached = fake(tmp_path / "cache" / "terraform" / TERRAFORM_VERSION, TERRAFORM_VERSION)
    environment = {"PATH": str(path.parent)}
    found = toolchain(configured=configured, environment=environment).terraform()
    assert found == TerraformBinary(configured, "1.12.0", "TT_OPS_TERRAFORM", "linux_amd64")
    found = toolchain(environment=environment).terraform()
    assert found == TerraformBinary(path, "1.13.1", "PATH", "linux_amd64")
    found = toolchain().terraform()
    assert found == TerraformBinary(cached, TERRAFORM_VERSION, "cache", "linux_amd64")


def test_failing_shim_is_skipped(tmp_path: Path, toolchain: Callable[..., Toolchain]) -> None:
    """A version manager answers with an error where no version is chosen."""
    shim = fake(tmp_path / "shims", "")
    shim.write_text("#!/bin/sh\necho 'No version is set' >&2\nexit 126\n")
    real = fake(tmp_path / "bin", "1.11.0")
    path = os.pathsep.join([str(shim.parent), "/nonexistent", str(real.parent)])
    assert toolchain(environment={"PATH": path}).terraform().path == real


def test_unreadable_folder_is_skipped(tmp_path: Path, toolchain: Callable[..., Toolchain]) -> None:
    """A folder on PATH without read permission is no error."""
    unreachable = "/" + "x" * 300  # fails even for root
    found = fake(tmp_path / "path", "1.12.0")
    environment = {"PATH": f"{unreachable}:{found.parent}"}
    assert toolchain(environment=environment).terraform().path == found


def test_old_version_is_an_error(tmp_path: Path, toolchain: Callable[..., Toolchain]) -> None:
    """The message names version, path and source."""
    old = fake(tmp_path / "bin", "1.5.7")
    error = failure(toolchain(environment={"PATH": str(old.parent)}))
    assert error.code == "terraform-too-old"
    assert error.message == (
        f"Terraform 1.5.7 at {str(old)!r} (from PATH) is too old: 1.11.0 or later is required"
    )
    assert "TT_OPS_TERRAFORM=" in error.hint


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: None, "terraform-missing"),
        (lambda path: path.mkdir(), "terraform-missing"),
        (lambda path: path.write_text("text"), "terraform-missing"),
        (lambda path: (path.write_text("#!/bin/sh\n"), path.chmod(0o755)), "terraform-broken"),
    ],
    ids=["missing", "folder", "not executable", "silent"],
)
def test_invalid_setting_is_an_error(
    tmp_path: Path,
    toolchain: Callable[..., Toolchain],
    make: Callable[[Path], object],
    code: str,
) -> None:
    """Terraform on PATH is not used instead."""
    path = tmp_path / "mine"
    make(path)
    error = failure(toolchain(configured=path, environment={"PATH": os.environ["PATH"]}))
    assert error.code == code
    assert f"TT_OPS_TERRAFORM names {str(path)!r}" in error.message


def test_download_is_verified_and_cached(
    toolchain: Callable[..., Toolchain], site: ReleaseSite
) -> None:
    """One question is asked, and progress is reported; the second time it is in the cache."""
    questions: list[str] = []
    progress: list[tuple[int, int | None]] = []
    tools = toolchain(
        approve=lambda question: not questions.append(question),  # type: ignore[func-returns-value]
        progress=lambda received, total: progress.append((received, total)),
        releases=site.url,
    )
    first, second = tools.terraform(), tools.terraform()
    assert (first.source, second.source) == ("download", "cache")
    assert first.path == second.path
    assert [TERRAFORM_VERSION in question for question in questions] == [True]
    size = len(archive(FAKE.format(version=TERRAFORM_VERSION)))
    assert progress[-1] == (size, size)
    assert [p.name for p in tools.cache.rglob("*") if p.is_file()] == ["terraform"]


def test_nothing_is_downloaded_without_consent(
    toolchain: Callable[..., Toolchain], site: ReleaseSite
) -> None:
    """The error is terraform-missing."""
    error = failure(toolchain(approve=lambda question: False, releases=site.url))
    assert error.code == "terraform-missing"
    assert site.requests == []


def test_wrong_checksum_is_refused(toolchain: Callable[..., Toolchain], site: ReleaseSite) -> None:
    """The message has both checksums."""
    site.publish(archive(FAKE), listed=b"other")
    error = failure(toolchain(releases=site.url))
    assert error.code == "terraform-checksum-mismatch"
    assert hashlib.sha256(b"other").hexdigest() in error.message


def test_missing_checksum_is_refused(
    toolchain: Callable[..., Toolchain], site: ReleaseSite
) -> None:
    """The archive is not downloaded."""
    site.pages[site.sums] = b"0123  terraform_0.0.0_plan9_mips.zip\n"
    assert failure(toolchain(releases=site.url)).code == "terraform-checksum-missing"
    assert site.requests == [site.sums]


def test_release_without_checksums_is_refused(
    toolchain: Callable[..., Toolchain], site: ReleaseSite
) -> None:
    """The message quotes the address that answered 404."""
    del site.pages[site.sums]
    error = failure(toolchain(releases=site.url))
    assert error.code == "terraform-download-failed"
    assert f"{site.sums}' could not be downloaded: status 404" in error.message


def test_truncated_download_is_refused(
    toolchain: Callable[..., Toolchain], site: ReleaseSite
) -> None:
    """The connection ended before the announced length."""
    site.truncated = True
    error = failure(toolchain(releases=site.url))
    assert error.code == "terraform-download-failed"


def test_archive_without_terraform_is_refused(
    toolchain: Callable[..., Toolchain], site: ReleaseSite
) -> None:
    """Even if its checksum is right."""
    site.publish(b"this is no zip")
    assert failure(toolchain(releases=site.url)).code == "terraform-download-failed"


def test_unreachable_site_is_an_error(toolchain: Callable[..., Toolchain]) -> None:
    """The hint is a command that shows why."""
    error = failure(toolchain())
    assert error.code == "terraform-download-failed"
    assert "http://127.0.0.1:9/" in error.message
    assert "curl" in error.hint


@pytest.mark.parametrize("url", ["http://releases.example.com/", "ftp://127.0.0.1/"])
def test_plain_http_is_refused(toolchain: Callable[..., Toolchain], url: str) -> None:
    """Nothing is sent; only this machine may be used without https."""
    error = failure(toolchain(releases=url))
    assert error.code == "terraform-download-failed"
    assert "not an https address" in error.message


def test_interrupted_download_leaves_no_file(
    toolchain: Callable[..., Toolchain], site: ReleaseSite
) -> None:
    """KeyboardInterrupt is raised."""

    def interrupt(received: int, total: int | None) -> None:
        raise KeyboardInterrupt

    tools = toolchain(releases=site.url, progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        tools.terraform()
    assert [p for p in tools.cache.rglob("*") if p.is_file()] == []


def test_parallel_downloads_succeed(toolchain: Callable[..., Toolchain], site: ReleaseSite) -> None:
    """Each replaces the file atomically."""
    tools = toolchain(releases=site.url)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: tools.terraform(), range(4)))
    assert {binary.version for binary in found} == {TERRAFORM_VERSION}
    assert [p.name for p in tools.cache.rglob("*") if p.is_file()] == ["terraform"]
