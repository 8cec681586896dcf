"""The page for everybody: a phone, a keyboard alone, a screen reader, large text, the dark, English."""

from tests.answering.page.browser import DESK, PHONE, ask_and_wait, expect, wait_until

import pytest

SERIOUS = ("serious", "critical")


def violations(page) -> list[tuple[str, list[str]]]:
    """What axe-core finds wrong, of those findings that keep somebody from using the page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing").Axe()
    found = axe.run(page).response["violations"]
    return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found if each["impact"] in SERIOUS]


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_window, viewport, color_scheme):
    page = open_window(viewport=viewport, color_scheme=color_scheme).open()
    assert violations(page) == []
    ask_and_wait(page)
    page.locator(".todo input").first.check()
    assert violations(page) == []
    for opener, dialog in (("#open-own", "#own"), ("#open-settings", "#settings"), ("#open-model", "#model")):
        page.locator(opener).click()
        assert violations(page) == [], dialog
        page.locator(f"{dialog} .close").click()
    page.locator(".source").first.click()
    assert violations(page) == []


@pytest.mark.parametrize("size", ["normal", "largest"])
def test_nothing_is_wider_than_a_phone(open_window, size):
    window = open_window(viewport=PHONE)
    window.context.add_init_script(f"localStorage.setItem('page', JSON.stringify({{size: '{size}'}}))")
    page = window.open()
    ask_and_wait(page, "주소가 아주 긴 곳: https://www.example.com/" + "a" * 80)
    for opener, dialog in (
        (None, None),
        ("#open-history", "#history"),
        ("#open-settings", "#settings"),
        ("#open-own", "#own"),
    ):
        if opener:
            page.locator(opener).click()
        widths = page.evaluate(
            "[...document.querySelectorAll('html, dialog[open]')].map(e => [e.scrollWidth, e.clientWidth])"
        )
        assert all(wanted <= given for wanted, given in widths), dialog
        if dialog:
            page.locator(f"{dialog} .close").click()


def test_at_twice_the_size_all_can_be_read_and_used(open_window):
    # Zoom to 200 % halves the window as the page sees it.
    page = open_window(viewport={"width": 640, "height": 450}, device_scale_factor=2).open()
    ask_and_wait(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".todo input").last.check()
    page.get_by_role("button", name="인쇄").scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="인쇄")).to_be_in_viewport()


def luminance(page, selector: str) -> float:
    color = page.locator(selector).evaluate("element => getComputedStyle(element).backgroundColor")
    return sum(map(float, color.removeprefix("rgb(").removesuffix(")").split(","))) / (3 * 255)


def test_the_dark_follows_the_device_or_the_choice(open_window):
    page = open_window(color_scheme="dark").open()
    assert luminance(page, "body") < 0.2
    page.get_by_role("button", name="설정").click()
    page.get_by_text("밝게", exact=True).click()
    assert luminance(page, "body") > 0.8
    page.reload()
    assert luminance(page, "body") > 0.8


def focused(page) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.className")


def press_until(page, key: str, wanted: str) -> None:
    for _ in range(60):
        if wanted in focused(page).split():
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} never comes to {wanted}")


def test_everything_is_done_with_the_keyboard_alone(page):
    assert focused(page) == "question"
    page.keyboard.type("여권을 잃어버렸어요")
    page.keyboard.press("Enter")
    expect(page.locator(".turn footer")).to_be_visible()
    wait_until(page, "location.hash")
    page.locator("#question").focus()
    press_until(page, "Shift+Tab", "source")
    assert page.get_by_role("tooltip").is_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#document")).to_be_visible()
    assert focused(page) == "document-lines"
    page.keyboard.press("Escape")
    expect(page.locator("#document")).to_be_hidden()
    assert focused(page).split()[0] == "source"
    page.locator(".todo input").first.focus()
    page.keyboard.press("Space")
    expect(page.locator(".todo input").first).to_be_checked()


def test_a_window_over_the_page_gives_the_focus_back(page):
    page.locator("#open-settings").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#settings")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#settings")).to_be_hidden()
    assert focused(page) == "open-settings"


def test_enter_that_ends_a_syllable_does_not_ask(page, server):
    page.locator("#question").fill("여권")
    page.locator("#question").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    assert server.asked == []


def test_a_screen_reader_hears_that_the_answer_is_there(page):
    ask_and_wait(page)
    expect(page.locator("#announce")).to_contain_text("답이 나왔습니다. 요약 3줄, 해야 할 일 4줄")
    expect(page.locator("#announce")).to_have_attribute("aria-live", "polite")
    expect(page.locator(".turn")).to_have_attribute("aria-busy", "false")


def test_korean_first_and_english_by_a_switch(page):
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    ask_and_wait(page)
    page.get_by_role("button", name="설정").click()
    page.get_by_text("English").click()
    page.get_by_role("button", name="Close").last.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.locator(".turn h3").first.inner_text() == "Summary"
    page.reload()
    expect(page.get_by_placeholder("Ask a question")).to_be_visible()


def test_both_languages_have_every_text_and_the_page_starts_with_the_korean_ones(page):
    names = page.evaluate("import('/texts.js').then(texts => texts.names)")
    assert names["ko"] == names["en"]
    differing = page.evaluate(
        """fetch('/').then(reply => reply.text()).then(html => {
          const written = new DOMParser().parseFromString(html, 'text/html');
          const texts = root => [...root.querySelectorAll('[data-text]')].map(element => element.textContent);
          const shown = texts(document);
          return texts(written).filter((text, place) => text !== shown[place]);
        })"""
    )
    assert differing == []
