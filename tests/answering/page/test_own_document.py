"""A document of the user's own: pasted, chosen, dropped."""

from tests.answering.page.browser import ask_and_wait, expect

NOTE = "치과 예약 안내\n예약은 하루 전까지 바꿀 수 있습니다.\n보험 카드를 가져오세요."
FILE = {"name": "치과.txt", "mimeType": "text/plain", "buffer": NOTE.encode()}

DROP = """([name, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name, {type: 'text/plain'}));
  document.body.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: transfer}));
}"""


def test_a_pasted_text_is_asked(page, server):
    page.get_by_role("button", name="내 문서로 묻기").click()
    page.get_by_label("여기에 붙여 넣기").fill(NOTE)
    page.get_by_role("button", name="이 문서로 묻기").click()
    expect(page.locator("#own-chip")).to_contain_text("붙여 넣은 글")
    ask_and_wait(page, "무엇을 가져가나요?")
    assert server.asked[0]["document"] == NOTE
    expect(page.locator(".of-document")).to_have_text("붙여 넣은 글")


def test_a_file_is_chosen_and_without_a_question_it_is_summarized(page, server):
    page.get_by_role("button", name="내 문서로 묻기").click()
    page.locator("#own-file").set_input_files(FILE)
    expect(page.locator("#own-chip")).to_contain_text("치과.txt")
    page.get_by_role("button", name="묻기", exact=True).click()
    expect(page.locator(".turn h2")).to_have_text("이 문서를 정리해 주세요")
    expect(page.locator(".turn footer")).to_be_visible()
    assert server.asked[0]["messages"] == [{"role": "user", "content": ""}]
    assert server.asked[0]["document"] == NOTE


def test_a_file_is_dropped_anywhere_on_the_page(page):
    page.evaluate(DROP, ["치과.txt", NOTE])
    expect(page.locator("#own-chip")).to_contain_text("치과.txt")


def test_a_removed_document_is_not_asked(page, server):
    page.evaluate(DROP, ["치과.txt", NOTE])
    page.get_by_role("button", name="이 문서 빼기").click()
    ask_and_wait(page)
    assert "document" not in server.asked[0]


def test_lines_of_the_document_open_beside_the_answer(page, server):
    source = {"document_id": "given", "line": 2}
    line = {"text": "보험 카드를 가져오세요.", "source": source, "contact": None}
    server.answer = server.answer | {
        "sections": [{"key": "prepare", "title": "준비물", "lines": [line]}],
        "sources": [{"id": "given", "title": "치과 예약 안내", "file": "", "line": 1}],
    }
    page.evaluate(DROP, ["치과.txt", NOTE])
    expect(page.locator("#own-chip")).to_be_visible()
    ask_and_wait(page, "무엇을 가져가나요?")
    page.locator(".prepare .source").click()
    expect(page.locator("#document [aria-current]")).to_have_text("보험 카드를 가져오세요.")


def test_an_empty_document_is_refused_in_words(page):
    page.get_by_role("button", name="내 문서로 묻기").click()
    page.get_by_role("button", name="이 문서로 묻기").click()
    expect(page.get_by_role("alert")).to_have_text("글을 붙여 넣거나 파일을 골라 주세요.")
