"""A browser for the tests of the page: Chromium, driven by Playwright."""

import os
import shutil
import time
from contextlib import contextmanager

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is missing: pip install -r requirements-dev.txt"
)
expect = playwright.expect
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1440, "height": 900}

# What Chromium writes to the console for every status from 400 on; the page shows these in its own words.
REFUSED = "Failed to load resource"


@contextmanager
def started():
    """Chromium without a window. Skips the test where there is none."""
    with playwright.sync_playwright() as driver:
        path = CHROMIUM or driver.chromium.executable_path
        if not os.path.exists(path):
            pytest.skip("Chromium is missing: apt-get install chromium, or playwright install chromium")
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"] if is_root else [])
        yield browser
        browser.close()


class Window:
    """Pages of one browser with a storage of its own; `faults` are errors that its scripts and the policy reported."""

    def __init__(self, browser, address: str, **options) -> None:
        permissions = ["clipboard-read", "clipboard-write"]
        options = {
            "viewport": DESK,
            "locale": "ko-KR",
            "permissions": permissions,
            "reduced_motion": "reduce",
        } | options
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(10_000)
        self.address = address
        self.faults: list[str] = []

    def open(self, path: str = "/"):
        """A new tab with the page in it."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._note)
        page.goto(self.address + path)
        wait_until(
            page,
            "document.querySelector('#open-model').textContent || document.querySelector('#key-field:not([hidden])')",
        )
        return page

    def _note(self, message) -> None:
        if message.type == "error" and not message.text.startswith(REFUSED):
            self.faults.append(message.text)


def wait_until(page, condition: str) -> None:
    """Wait until an expression is true. Playwright's own way needs `eval` in the page, which its policy forbids."""
    last = time.monotonic() + 10
    while not page.evaluate(condition):
        assert time.monotonic() < last, condition
        page.wait_for_timeout(20)


def ask(page, question: str) -> None:
    """Type a question and send it."""
    page.locator("#question").fill(question)
    page.locator("#question").press("Enter")


def ask_and_wait(page, question: str = "여권을 잃어버렸어요") -> None:
    """Ask and wait for the whole answer, which is in the history then."""
    ask(page, question)
    expect(page.locator(".turn").last.locator("footer")).to_be_visible()
    wait_until(page, "location.hash")
