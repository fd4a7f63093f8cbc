"""Pages in a browser, and the deployment on the local target that they show.

- `browser`: the Chromium or Chrome of this machine, without a window.
- `open_page`: opens an address in it, and records what the browser says and requests.
- `live`: a deployment that was used, and whose alarm has fired; the tests may change it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.e2e.conftest import LOCAL, Clone, make_backend

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Yield the browser."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.fail(f"none of {', '.join(BROWSERS)} is on PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


class BrowserPage:
    """A page in the browser, what the browser complained of, and what it requested."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def part(self, name: str) -> Any:
        """Return the section of a part."""
        return self.page.locator(f"#{name}")


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., BrowserPage]]:
    """Open an address in a context of its own."""
    contexts: list[Any] = []

    def open_address(url: str, *, width: int = 1200, **options: Any) -> BrowserPage:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        opened = BrowserPage(context.new_page())
        opened.page.goto(url)
        return opened

    yield open_address
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def live(make_clone: Callable[..., Clone]) -> Iterator[Clone]:
    """Deploy, send requests, and let the alarm fire."""
    clone = make_clone(**LOCAL)
    make_backend(clone)
    clone.succeed("deploy", "--yes")
    api = clone.read("outputs")["api_url"]
    for _ in range(20):
        requests.get(f"{api}/tasks", timeout=10)
    clone.succeed("trigger-error", "--count", "3")
    until = time.monotonic() + 90
    while clone.read("alarms")["alarms"][0]["state"] != "ALARM":
        assert time.monotonic() < until, "the alarm did not fire"
        time.sleep(2)
    yield clone
    clone.run("local", "down")
