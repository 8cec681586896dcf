"""How soon does the page of serve.py show something? The first paint, beside that of a page with one line of text.

    python -m benchmarks.paint

Starts serve.py on a free port in the current folder and opens both pages in turn, each time in a new window.
The browser's own time is most of it, so compare the two columns.
Needs: pip install starlette uvicorn httpx playwright; a Chromium, Playwright's own or the one that PATH has
"""

import argparse
import shutil
from statistics import median

from benchmarks.serve import started

from playwright.sync_api import Browser, ViewportSize, sync_playwright

PATHS = {"the page": "/", "one line of text": "/health"}
WINDOW = ViewportSize(width=1440, height=900)
WAIT = 400  # milliseconds after the page has been loaded, for a paint that comes later

FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint').map((entry) => entry.startTime)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=15, help="how often each page is opened")
    turns = parser.parse_args().turns
    paints: dict[str, list[float]] = {name: [] for name in PATHS}
    with started("guided") as (_, address), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(turns):
            for name, path in PATHS.items():
                paints[name] += first_paint(browser, address + path)
        browser.close()
    for name, milliseconds in paints.items():
        print(f"{name:18} median {median(milliseconds):4.0f} ms, longest {max(milliseconds):4.0f} ms")


def first_paint(browser: Browser, address: str) -> list[float]:
    """Milliseconds from the request to the first text on the screen; empty if there was none in time."""
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    page.goto(address)
    page.wait_for_timeout(WAIT)
    milliseconds: list[float] = page.evaluate(FIRST_PAINT)
    context.close()
    return milliseconds


if __name__ == "__main__":
    main()
