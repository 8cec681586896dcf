"""The page on serve.py itself: what it asks for is what the server gives."""

import re

from tests.answering.page.browser import Window, ask_and_wait, expect
from tests.answering.serving.served import serving

import pytest


@pytest.fixture(scope="module")
def window(browser, raw_house, tmp_path_factory):
    """A window on the page of a server that has the history on."""
    history = tmp_path_factory.mktemp("history") / "history.jsonl"
    with serving(raw_house, history_path=history, max_new_tokens=400) as served:
        window = Window(browser, served.address)
        yield window
        window.context.close()
        assert window.faults == []


def test_a_question_is_answered_with_lines_that_open_their_document(window):
    page = window.open()
    ask_and_wait(page, "여권을 잃어버렸어요")
    title = "마닐라에서 여권을 잃어버렸을 때"
    expect(page.locator(".turn h3").first).to_have_text("요약")
    expect(page.get_by_text("모든 줄과 연락처가 글에 있는 그대로인지 확인했습니다.")).to_be_visible()
    page.locator(".todo .source").first.click()
    beside = page.locator("#document")
    expect(beside.locator("h2")).to_contain_text(title)
    marked = beside.locator("[aria-current]").inner_text()
    assert page.locator(".todo li").first.inner_text().split("\n")[0].rstrip(".") in marked


def test_the_history_finds_the_answer_again_after_a_reload(window):
    page = window.open()
    ask_and_wait(page, "여권을 잃어버렸어요")
    first = page.locator(".summary").inner_text()
    page.reload()
    expect(page.locator(".turn h2")).to_have_text("여권을 잃어버렸어요")
    expect(page.locator(".summary")).to_have_text(re.compile(re.escape(first.split("\n")[-1])))


def test_two_tabs_ask_at_once(window):
    first, second = window.open(), window.open()
    first.locator("#question").fill("여권을 잃어버렸어요")
    second.locator("#question").fill("태풍이 오면 어떻게 해야 하나요?")
    first.locator("#question").press("Enter")
    second.locator("#question").press("Enter")
    for page in (first, second):
        expect(page.locator(".turn footer")).to_be_visible()
        expect(page.locator(".turn .error")).to_have_count(0)
    assert first.locator(".turn h2").inner_text() != second.locator(".turn h2").inner_text()


def test_a_pasted_document_is_what_the_answer_is_from(window):
    page = window.open()
    page.locator("#open-own").click()
    page.locator("#own-paste").fill(
        "세부 시청 민원실 이용 안내\n\n1. 번호표를 먼저 뽑으세요.\n2. 신청서를 창구에 내세요.\n\n문의: 032-000-4411"
    )
    page.locator("#own-use").click()
    ask_and_wait(page, "민원실은 어떻게 이용하나요?")
    expect(page.locator(".todo")).to_contain_text("번호표를 먼저 뽑으세요")
    expect(page.locator(".card").first).to_contain_text("032-000-4411")


def test_the_corner_says_which_model_answers(window):
    page = window.open()
    page.locator("#open-model").click()
    expect(page.locator("#model-facts")).to_contain_text("korean-gpt")
    expect(page.locator("#model-facts")).to_contain_text("학습한 스텝")
