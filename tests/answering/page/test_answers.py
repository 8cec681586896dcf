"""What one can do with an answer: tick, call, look at the source, share, print."""

import re

from tests.answering.page.browser import PHONE, ask, ask_and_wait, expect
from tests.answering.page.pretend_server import PASSPORT


def test_ticks_stay_after_a_reload(page):
    ask_and_wait(page)
    page.locator(".todo input").nth(1).check()
    page.locator(".prepare label").first.click()
    expect(page.locator(".todo .count")).to_have_text("4개 중 1개 했어요")
    page.reload()
    expect(page.locator(".todo input").nth(1)).to_be_checked()
    expect(page.locator(".prepare input").first).to_be_checked()
    expect(page.locator(".todo input").first).not_to_be_checked()


def test_a_tick_made_while_the_answer_is_written_stays(page, server):
    server.pause = 0.03
    ask(page, "여권을 잃어버렸어요")
    page.locator(".todo input").first.check()
    expect(page.locator(".turn footer")).to_be_visible()
    expect(page.locator(".todo input").first).to_be_checked()


def test_contacts_are_cards_that_call_and_show_the_way(page):
    ask_and_wait(page)
    cards = page.locator(".card")
    assert cards.locator("h4").all_inner_texts() == ["한국대사관 영사과", "이민국(BI) 기록계"]
    expect(cards.get_by_role("link", name="02-0000-4100")).to_have_attribute("href", "tel:0200004100")
    expect(cards.get_by_role("link", name="Halimbawa Tower")).to_have_attribute("href", re.compile("^https://.*/maps/"))
    expect(cards.get_by_text("consul_mnl_example")).to_be_visible()
    page.get_by_role("button", name="02-0000-4100 복사").click()
    expect(page.locator("#toast")).to_have_text("복사했습니다")
    assert page.evaluate("navigator.clipboard.readText()") == "02-0000-4100"


def test_a_link_of_another_kind_than_its_contact_is_no_link(page, server):
    contact = server.answer["sections"][4]["lines"][0]["contact"] | {"href": "javascript:alert(1)"}
    line = server.answer["sections"][4]["lines"][0] | {"contact": contact}
    server.answer = server.answer | {"sections": [{"key": "contacts", "title": "연락처", "lines": [line]}]}
    ask_and_wait(page)
    expect(page.locator(".card").get_by_text("02-0000-4100")).to_be_visible()
    expect(page.locator(".card a")).to_have_count(0)


def test_a_line_shows_where_it_comes_from_and_a_click_opens_it(page):
    ask_and_wait(page)
    page.locator(".summary li").nth(2).hover()
    expect(page.get_by_role("tooltip")).to_have_text(f"{PASSPORT['title']} · 6째 줄")
    page.locator(".summary li span").nth(2).click()
    beside = page.get_by_role("dialog", name=PASSPORT["title"])
    expect(beside.locator("[aria-current]")).to_contain_text("한국대사관 영사과에 예약하고")
    expect(beside.locator("[aria-current]")).to_be_in_viewport()
    marked = beside.locator("mark").all_inner_texts()
    assert PASSPORT["lines"][5] in marked
    assert PASSPORT["lines"][7] not in marked
    expect(page.locator(".summary")).to_be_visible()


def test_on_a_phone_a_tap_shows_the_source_and_its_button_opens_it(open_window):
    page = open_window(viewport=PHONE, has_touch=True, is_mobile=True).open()
    page.locator("#question").fill("여권을 잃어버렸어요")
    page.get_by_role("button", name="묻기", exact=True).tap()
    expect(page.locator(".turn footer")).to_be_visible()
    page.locator(".summary li span").first.tap()
    expect(page.get_by_role("tooltip")).to_contain_text("2째 줄")
    expect(page.locator("#document")).to_be_hidden()
    page.locator(".summary .source").first.tap()
    expect(page.get_by_role("dialog", name=PASSPORT["title"])).to_be_visible()


def test_the_document_beside_can_be_asked_alone(page, server):
    ask_and_wait(page)
    page.locator(".sources button").click()
    page.get_by_role("button", name="이 글에만 묻기").click()
    ask_and_wait(page, "준비물은 무엇인가요?")
    assert server.asked[-1]["document_id"] == "passport"


def test_an_answer_is_shared_as_text(page, server):
    ask_and_wait(page)
    page.evaluate("navigator.share = undefined")
    page.get_by_role("button", name="공유").click()
    expect(page.locator("#toast")).to_have_text("복사했습니다")
    shared = page.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n")
    assert shared == f"여권을 잃어버렸어요\n\n{server.written.strip()}\n\n* {PASSPORT['title']} (sample_raw.txt, 1324)"


def test_print_takes_one_answer_and_leaves_out_the_buttons(page):
    ask_and_wait(page, "여권을 잃어버렸어요")
    ask_and_wait(page, "여권을 도둑맞았어요")
    page.evaluate("window.print = () => {}")
    page.get_by_role("button", name="인쇄").last.click()
    page.emulate_media(media="print")
    shown = [turn.is_visible() for turn in page.locator(".turn").all()]
    assert shown == [False, True]
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.locator(".source").last).to_be_hidden()
