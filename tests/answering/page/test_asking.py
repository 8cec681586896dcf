"""Questions on the page: asked, answered while one looks, stopped, asked again."""

from tests.answering.page.browser import ask, ask_and_wait, expect, wait_until
from tests.answering.page.pretend_server import WEAK, refusal

SECTIONS = ["요약", "해야 할 일", "준비물", "주의사항", "연락처", "상세 설명"]


def test_a_question_is_answered_in_sections(page, server):
    ask_and_wait(page, "여권을 잃어버렸어요")
    assert page.locator(".turn h3").all_inner_texts() == SECTIONS
    assert server.asked[0]["messages"] == [{"role": "user", "content": "여권을 잃어버렸어요"}]
    assert page.locator("#question").input_value() == ""


def test_sections_appear_while_the_answer_is_written(page, server):
    server.pause = 0.1
    ask(page, "여권을 잃어버렸어요")
    expect(page.locator(".turn h3").first).to_have_text("요약")
    expect(page.locator(".summary li").first).to_contain_text("창피하지만 3년")
    expect(page.locator(".turn")).to_have_attribute("aria-busy", "true")
    assert page.locator(".turn h3").count() < len(SECTIONS)


def test_stop_ends_the_answer_and_keeps_what_came(page, server):
    server.pause = 0.1
    ask(page, "여권을 잃어버렸어요")
    expect(page.locator(".summary li").first).to_be_visible()
    page.get_by_role("button", name="멈추기").click()
    expect(page.get_by_text("여기서 멈췄습니다.").first).to_be_visible()
    expect(page.locator(".summary li").first).to_be_visible()
    expect(page.get_by_role("button", name="묻기", exact=True)).to_be_visible()
    page.wait_for_timeout(300)
    assert server.given_up == 1


def test_an_answer_is_written_again_with_another_seed(page, server):
    ask_and_wait(page)
    page.get_by_role("button", name="다시 쓰기").click()
    expect(page.locator(".turn footer")).to_be_visible()
    wait_until(page, "document.querySelectorAll('#history-list li').length === 2")
    assert "seed" not in server.asked[0]
    assert isinstance(server.asked[1]["seed"], int)
    assert page.locator(".turn").count() == 1


def test_an_edited_question_takes_the_place_of_the_first(page):
    ask_and_wait(page, "여권을 잃어버렸어요")
    page.get_by_role("button", name="질문 고치기").click()
    expect(page.locator("#question")).to_have_value("여권을 잃어버렸어요")
    ask_and_wait(page, "여권을 도둑맞았어요")
    assert page.locator(".turn h2").all_inner_texts() == ["여권을 도둑맞았어요"]


def test_a_topic_of_the_text_is_asked_by_a_click(page, server):
    page.get_by_role("button", name="뎅기열 증상이 궁금합니다.").click()
    expect(page.locator(".turn h2")).to_have_text("뎅기열 증상이 궁금합니다.")
    expect(page.locator("#welcome")).to_be_hidden()


def test_a_weak_match_offers_titles_instead_of_the_answer(page, server):
    server.answer = WEAK
    ask_and_wait(page, "고양이를 데려가려면?")
    titles = page.locator(".offer li button")
    assert titles.count() == 3
    expect(page.locator(".summary")).to_be_hidden()
    page.get_by_role("button", name="그래도 답 보기").click()
    expect(page.locator(".summary")).to_be_visible()
    titles.nth(1).click()
    expect(page.locator(".turn")).to_have_count(2)
    assert server.asked[-1]["document_id"] == "dengue"
    assert server.asked[-1]["messages"][0]["content"] == "고양이를 데려가려면?"


def test_a_full_queue_is_waited_for_once(page, server):
    server.refusals = [refusal(429, "the queue is full", **{"Retry-After": "3"})]
    ask(page, "여권을 잃어버렸어요")
    expect(page.get_by_text("3초 뒤에 다시 물어볼게요")).to_be_visible()
    expect(page.locator(".turn footer")).to_be_visible()
    expect(page.locator(".summary")).to_be_visible()


def test_a_refusal_is_shown_and_the_question_can_be_tried_again(page, server):
    server.refusals = [refusal(500, "out of memory")]
    ask(page, "여권을 잃어버렸어요")
    expect(page.locator(".turn .error")).to_have_text("답하지 못했습니다. out of memory")
    page.get_by_role("button", name="다시 시도").click()
    expect(page.locator(".summary")).to_be_visible()
    expect(page.locator(".turn .error")).to_have_count(0)


def test_a_server_that_went_away_is_told_apart_from_a_refusal(page):
    page.route("**/v1/chat/completions", lambda route: route.abort())
    ask(page, "여권을 잃어버렸어요")
    expect(page.locator(".turn .error")).to_contain_text("serve.py가 켜져 있는지")


def test_only_changed_settings_are_sent(page, server):
    page.get_by_role("button", name="설정").click()
    expect(page.locator("#temperature")).to_have_attribute("placeholder", "0.3")
    page.locator("#temperature").fill("0.7")
    page.locator("#settings .close").click()
    ask_and_wait(page)
    assert server.asked[0]["temperature"] == 0.7
    assert not {"top_p", "top_k", "seed", "form"} & set(server.asked[0])


def test_a_number_out_of_range_is_not_sent(page, server):
    page.get_by_role("button", name="설정").click()
    page.locator("#temperature").fill("9")
    page.locator("#top_p").focus()
    page.locator("#settings .close").click()
    ask_and_wait(page)
    assert "temperature" not in server.asked[0]


LISTENS = """window.SpeechRecognition = class {
  start() { setTimeout(() => { this.onresult({results: [[{transcript: '비자 연장은 어떻게 하나요'}]]}); this.onend(); }) }
  stop() {}
}"""
DEAF = "for (const name of ['SpeechRecognition', 'webkitSpeechRecognition']) Object.defineProperty(window, name, {value: undefined})"


def test_a_spoken_question_goes_into_the_field(open_window):
    window = open_window()
    window.context.add_init_script(LISTENS)
    page = window.open()
    page.get_by_role("button", name="말로 묻기").click()
    expect(page.locator("#question")).to_have_value("비자 연장은 어떻게 하나요")


def test_a_browser_that_cannot_listen_shows_no_microphone(open_window):
    window = open_window()
    window.context.add_init_script(DEAF)
    expect(window.open().locator("#speak")).to_be_hidden()
