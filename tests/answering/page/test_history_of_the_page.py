"""The history, which the server keeps: after a reload, in two tabs, searched, deleted, saved and taken back."""

import json

from tests.answering.page.browser import ask_and_wait, expect


def test_an_answer_is_there_after_a_reload(page):
    ask_and_wait(page, "여권을 잃어버렸어요")
    page.reload()
    expect(page.locator(".turn h2")).to_have_text("여권을 잃어버렸어요")
    expect(page.locator(".summary")).to_be_visible()


def test_a_question_of_one_tab_appears_in_the_other(open_window, server):
    window = open_window()
    first, second = window.open(), window.open()
    ask_and_wait(first, "여권을 잃어버렸어요")
    expect(second.locator("#history-list li")).to_have_count(1)
    ask_and_wait(second, "뎅기열 증상이 궁금합니다.")
    expect(first.locator("#history-list li")).to_have_count(2)
    expect(first.locator(".turn h2")).to_have_text("여권을 잃어버렸어요")
    assert [entry["question"] for entry in server.entries] == ["여권을 잃어버렸어요", "뎅기열 증상이 궁금합니다."]


def test_two_tabs_are_answered_at_once(open_window, server):
    server.pause = 0.02
    window = open_window()
    tabs = [window.open(), window.open()]
    for number, tab in enumerate(tabs):
        tab.locator("#question").fill(f"{number}번째 질문")
        tab.locator("#question").press("Enter")
    for number, tab in enumerate(tabs):
        expect(tab.locator(".turn footer")).to_be_visible()
        expect(tab.locator(".turn h2")).to_have_text(f"{number}번째 질문")
    assert server.given_up == 0


def test_it_is_searched_opened_and_deleted(page):
    ask_and_wait(page, "여권을 잃어버렸어요")
    ask_and_wait(page, "뎅기열 증상이 궁금합니다.")
    page.get_by_role("searchbox", name="지난 질문에서 찾기").fill("뎅기열")
    expect(page.locator("#history-list li")).to_have_count(1)
    page.locator("#history-search").fill("")
    expect(page.locator("#history-list li")).to_have_count(2)
    page.locator(".entry").filter(has_text="여권을").click()
    assert page.locator(".turn h2").all_inner_texts() == ["여권을 잃어버렸어요"]
    page.get_by_role("button", name="지우기: 뎅기열 증상이 궁금합니다.").click()
    expect(page.locator("#history-list li")).to_have_count(1)


def test_all_of_it_is_deleted_after_a_question(page, server):
    ask_and_wait(page)
    page.locator(".todo input").first.check()
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="모두 지우기").click()
    assert len(server.entries) == 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="모두 지우기").click()
    expect(page.locator("#history-empty")).to_have_text("아직 물어본 것이 없습니다.")
    assert page.evaluate("Object.keys(localStorage).filter(name => name.startsWith('ticks:'))") == []


def test_a_backup_is_taken_back_and_a_text_is_saved(page, server, tmp_path):
    ask_and_wait(page, "여권을 잃어버렸어요")
    with page.expect_download() as saved:
        page.get_by_role("button", name="글로 저장").click()
    assert saved.value.suggested_filename == "history.md"
    with page.expect_download() as saved:
        page.get_by_role("button", name="백업").click()
    saved.value.save_as(tmp_path / "history.json")
    server.entries.clear()
    page.locator("#history-file").set_input_files(tmp_path / "history.json")
    expect(page.locator("#toast")).to_have_text("1개를 가져왔습니다")
    assert [entry["question"] for entry in server.entries] == ["여권을 잃어버렸어요"]


def test_another_file_is_not_taken_for_a_backup(page):
    for content in (b"not JSON", json.dumps([1]).encode()):
        page.evaluate("document.querySelector('#toast').textContent = ''")
        page.locator("#history-file").set_input_files(
            {"name": "x.json", "mimeType": "application/json", "buffer": content}
        )
        expect(page.locator("#toast")).to_have_text("이 페이지에서 백업한 파일이 아닙니다.")


def test_a_server_without_a_history_says_so(open_window, server):
    server.status["history"] = False
    page = open_window().open()
    expect(page.locator("#history-empty")).to_have_text("이 서버는 지난 질문을 남기지 않습니다.")
    expect(page.locator("#history-search")).to_be_hidden()
    page.locator("#question").fill("여권을 잃어버렸어요")
    page.locator("#question").press("Enter")
    expect(page.locator(".turn footer")).to_be_visible()
    assert server.entries == []
