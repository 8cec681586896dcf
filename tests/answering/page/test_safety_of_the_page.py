"""No text of a model, a document, a file name or a question becomes a part of the page."""

from tests.answering.page.browser import ask_and_wait, expect
from tests.answering.page.pretend_server import PASSPORT, SCRIPT, WEAK
from tests.answering.page.test_own_document import DROP


def assert_shown_as_text(page) -> None:
    expect(page).to_have_title("내 글에 물어보기")
    assert page.evaluate("document.querySelectorAll('script:not([src]), body img:not(#model-loss img)').length") == 0


def test_a_script_in_an_answer_is_shown_as_text(page):
    ask_and_wait(page)
    expect(page.locator(".details")).to_contain_text("<script>")
    assert_shown_as_text(page)


def test_a_script_in_a_question_and_its_entry_is_shown_as_text(page):
    ask_and_wait(page, SCRIPT)
    expect(page.locator(".turn h2")).to_have_text(SCRIPT)
    expect(page.locator(".entry")).to_contain_text("<script>")
    page.reload()
    expect(page.locator(".turn h2")).to_have_text(SCRIPT)
    assert_shown_as_text(page)


def test_a_script_in_titles_and_documents_is_shown_as_text(page, server):
    server.answer = WEAK | {"sources": [{"id": "passport", "title": SCRIPT, "file": SCRIPT, "line": 1}]}
    ask_and_wait(page)
    expect(page.locator(".offer li").last).to_have_text(SCRIPT)
    page.get_by_role("button", name="그래도 답 보기").click()
    page.locator(".summary li").first.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("<script>")
    page.locator(".summary .source").first.click()
    expect(page.locator("#document-lines")).to_contain_text(PASSPORT["lines"][-1])
    assert_shown_as_text(page)


def test_a_script_in_a_file_name_is_shown_as_text(page):
    page.evaluate(DROP, [SCRIPT, "글"])
    expect(page.locator("#own-chip")).to_contain_text("onerror")
    ask_and_wait(page)
    expect(page.locator(".of-document")).to_contain_text("onerror")
    assert_shown_as_text(page)


def test_a_script_in_the_topics_is_shown_as_text(open_window, server):
    server.status["topics"] = [SCRIPT]
    page = open_window().open()
    expect(page.locator("#topics button")).to_have_text(SCRIPT)
    assert_shown_as_text(page)


def test_a_key_is_asked_for_and_sent(open_window, server):
    server.status = {"key_needed": True}
    page = open_window().open()
    page.get_by_role("button", name="설정").click()
    page.get_by_label("접속 열쇠").fill("key-1")
    with page.expect_request("**/v1/status") as request:
        page.get_by_label("접속 열쇠").press("Enter")
    assert request.value.headers["authorization"].endswith("key-1")
