"""The console in a browser; run with `pytest -m browser`."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.alarm import DEFINITION
from tests.endpoint import account, client

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone

    from .conftest import BrowserPage

pytestmark = pytest.mark.browser
SOON, LATER = 60_000, 240_000  # ms
WIDTHS = (400, 800, 1600)


def expect(locator: Any) -> Any:
    """Return the assertions about a part of a page, which wait until they hold."""
    from playwright.sync_api import expect as assertions

    assertions.set_options(timeout=SOON)
    return assertions(locator)


@contextmanager
def served(clone: Clone, **environment: str) -> Iterator[str]:
    """Run `tt-ops console`; yield the address that it prints."""
    with clone.start("console", "--no-browser", "--output", "json", **environment) as process:
        assert process.stdout is not None
        try:
            lines = iter(process.stdout.readline, "")
            text = ""
            for line in lines:
                text += line
                if line.rstrip() == "}":
                    break
            yield json.loads(text)["url"]
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130


@pytest.fixture
def show(open_page: Callable[..., BrowserPage]) -> Callable[..., BrowserPage]:
    """Return a function that opens the console, and waits until it is connected."""

    def show(url: str, **options: Any) -> BrowserPage:
        shown = open_page(url, **options)
        expect(shown.page.locator("#connection")).to_have_text("live")
        return shown

    return show


def broken_words(page: Any) -> list[str]:
    """Return the words of the page that are broken over two lines at a place without a hyphen."""
    return page.evaluate("""() => {
      const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        for (const word of node.data.matchAll(/[^\\s-]+/g)) {
          const range = document.createRange();
          range.setStart(node, word.index);
          range.setEnd(node, word.index + word[0].length);
          const boxes = [...range.getClientRects()].filter((box) => box.width);
          if (new Set(boxes.map((box) => Math.round(box.top))).size > 1) found.push(word[0]);
        }
      }
      return found;
    }""")


def test_everything_can_be_done_by_clicks(live: Clone, show: Callable[..., BrowserPage]) -> None:
    """Confirm, add, finish, remove, restore, drill, roll back; the numbers are the commands'."""
    live.edit("lambda_function/handler.py", '"""', '"""\n')  # other bytes: a second release
    live.succeed("deploy", "--yes")
    muted = live.read("alarms", "mute", "Duration", "--for", "1h", "--reason", "load test")
    with served(live) as url:
        shown = show(url)
        page = shown.page
        assert page.url == url.partition("#")[0]  # the token has left the address

        url_of_api = live.read("outputs")["api_url"]
        expect(shown.part("status")).to_contain_text(url_of_api)
        expect(page.locator("#headline")).to_contain_text("error rate")
        titles = [widget["title"] for widget in live.read("metrics")["widgets"]]
        expect(page.locator("#charts h3")).to_have_text(titles)
        expect(page.locator("#charts canvas")).to_have_count(3)
        expect(page.locator("#charts .legend").first).to_contain_text("LambdaErrorAlarm > 0")
        expect(shown.part("log")).to_contain_text("trigger-error")
        expect(shown.part("alarms")).to_contain_text("→ ALARM")
        expect(shown.part("alarms")).to_contain_text(f"Duration > 1,000, muted by {muted['who']}")
        for age in page.locator(".age:not([data-part=drill])").all():
            expect(age).to_contain_text("ago")

        page.get_by_role("button", name="Confirm the subscription of operator@example.com").click()
        expect(page.locator("#messages")).to_contain_text("Confirmed operator@example.com.")
        assert live.run("local", "confirm").returncode == 1  # nothing is pending any more

        page.keyboard.press("Escape")
        page.keyboard.press("n")
        page.keyboard.type("Renew the <b>certificate</b>")
        page.keyboard.press("Enter")
        row = shown.part("tasks").get_by_role("row", name="Renew the <b>certificate</b>")
        expect(row).to_contain_text("pending")
        row.get_by_role("button", name="Finish").click()
        expect(row).to_contain_text("done")
        row.get_by_role("button", name="Remove").click()
        expect(row).to_have_count(0)
        page.get_by_role("button", name="Restore").click()
        expect(row).to_have_count(1)
        assert live.read("tasks", "list")[0]["title"] == "Renew the <b>certificate</b>"

        page.get_by_role("button", name="Let release 1 serve").click()
        expect(page.get_by_role("dialog")).to_contain_text("Let release 1")
        page.get_by_role("button", name="No").click()
        assert live.read("releases")["releases"][0]["live"]
        page.get_by_role("button", name="Let release 1 serve").click()
        page.get_by_role("button", name="Yes").click()
        expect(page.locator("#messages")).to_contain_text("Release 1 is live")
        expect(page.get_by_role("button", name="Let release 2 serve")).to_be_visible()

        alarm = shown.part("alarms").get_by_role("row", name="LambdaErrorAlarm").first
        expect(alarm).to_contain_text("OK", timeout=LATER)
        page.get_by_role("button", name="Make it fail").click()
        page.get_by_role("button", name="Yes").click()
        expect(shown.part("drill")).to_contain_text("1 request to /trigger-error")
        expect(shown.part("drill")).to_contain_text("OK → ALARM", timeout=LATER)
        expect(shown.part("drill")).to_contain_text("complete", timeout=LATER)
        expect(shown.part("inbox")).to_contain_text("OK:")

        assert shown.complaints == []
        assert all(each.startswith(url.partition("#")[0]) for each in shown.requests)


@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_fits_every_width(
    live: Clone, show: Callable[..., BrowserPage], look: str, request: pytest.FixtureRequest
) -> None:
    """Nothing is cut off at the side, and no word is broken; the key d changes the look."""
    with served(live) as url:
        shown = show(url, color_scheme=look)
        page = shown.page
        expect(page.locator("#charts canvas")).to_have_count(3)
        expect(shown.part("inbox")).to_be_visible()
        colour = "getComputedStyle(document.body).backgroundColor"
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert broken_words(page) == []
        before = page.evaluate(colour)
        page.keyboard.press("d")
        assert page.evaluate(colour) != before
        assert shown.complaints == []


def test_the_keyboard_reaches_everything(live: Clone, show: Callable[..., BrowserPage]) -> None:
    """Sections by their keys, with a visible focus; every control has a name."""
    with served(live) as url:
        page = show(url).page
        expect(page.locator("#charts canvas")).to_have_count(3)
        for key, section in {"a": "alarms", "t": "tasks", "l": "log", "f": "drill"}.items():
            page.keyboard.press(key)
            assert page.evaluate("document.activeElement.id") == section
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_contain_text("a new task")
        page.keyboard.press("Escape")
        page.keyboard.press("c")
        for _ in range(3):
            page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) != "none"
        page.locator(".chart").first.focus()
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#charts .legend").first).to_contain_text("UTC")
        unnamed = "b => b.filter((e) => !(e.textContent.trim() || e.ariaLabel)).length"
        assert page.eval_on_selector_all("button, a", unnamed) == 0
        assert page.locator("main").count() == page.locator("nav").count() == 1


def test_an_account_is_shown_too(
    endpoint: str, service: Any, make_clone: Callable[..., Clone], show: Callable[..., BrowserPage]
) -> None:
    """On plain moto: what can be read is there, and what cannot says why; there is no inbox."""
    cloudwatch = client("cloudwatch", endpoint)
    topic = client("sns", endpoint).create_topic(Name="task-tracker-alerts")["TopicArn"]
    cloudwatch.put_metric_alarm(**DEFINITION, AlarmActions=[topic])
    row = ["AWS/Lambda", "Errors", "FunctionName", "task-tracker-function"]
    widget = {"type": "metric", "properties": {"title": "Errors", "metrics": [row]}}
    cloudwatch.put_dashboard(DashboardName="board", DashboardBody=json.dumps({"widgets": [widget]}))
    client("logs", endpoint).create_log_group(logGroupName="/aws/lambda/task-tracker-function")
    description = {
        "schema": 1,
        "region": "eu-west-3",
        "api_url": service.url,
        "api_id": "abc123",
        "api_auth": "NONE",
        "function_name": "task-tracker-function",
        "function_alias": "live",
        "log_group": "/aws/lambda/task-tracker-function",
        "table_name": "TaskTable",
        "dashboard_name": "board",
        "alarm_names": ["LambdaErrorAlarm"],
        "topic_arn": topic,
    }
    client("ssm", endpoint).put_parameter(
        Name="/task-tracker/deployment", Value=json.dumps(description), Type="String"
    )
    with served(make_clone(**account(endpoint))) as url:
        shown = show(url)
        page = shown.page
        expect(shown.part("alarms")).to_contain_text("LambdaErrorAlarm")
        expect(page.locator("#charts h3")).to_have_text(["Errors"])
        expect(shown.part("status")).to_contain_text("unhealthy")
        expect(shown.part("status")).to_contain_text("does not exist")
        page.get_by_label("New task").fill("Over an account")
        page.get_by_role("button", name="Add").click()
        expect(shown.part("tasks")).to_contain_text("Over an account")
        expect(shown.part("inbox")).to_be_hidden()
