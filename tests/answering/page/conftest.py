"""A pretended server, and a browser that looks at its page."""

from tests.answering.page.pretend_server import PretendServer, serving

import pytest


@pytest.fixture(scope="module")
def browser():
    from tests.answering.page.browser import started  # skips where playwright is missing

    with started() as browser:
        yield browser


@pytest.fixture
def server():
    """What the page asks; a test changes what it answers."""
    return PretendServer()


@pytest.fixture
def open_window(browser, server):
    """Open a window of its own on the page: `open_window(viewport=PHONE)`. No script may have failed in the end."""
    from tests.answering.page.browser import Window

    windows = []
    with serving(server.application()) as address:

        def open_window(**options) -> Window:
            windows.append(Window(browser, address, **options))
            return windows[-1]

        yield open_window
        for window in windows:
            window.context.close()
    assert [fault for window in windows for fault in window.faults] == []


@pytest.fixture
def page(open_window):
    """The page on a desk."""
    return open_window().open()
