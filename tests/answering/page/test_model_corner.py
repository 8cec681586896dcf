"""The corner that says which model answers, and how a training goes on."""

from tests.answering.page.browser import expect


def test_the_line_below_the_question_and_what_it_opens(page):
    line = page.locator("#open-model")
    expect(line).to_have_text("파라미터 560만 개 · 240스텝 · 검증 손실 1.36")
    line.click()
    facts = page.locator("#model-facts")
    for fact in ("5,600,000", "240", "1.3561", "2026년 11월 26일", "242"):
        expect(facts).to_contain_text(fact)
    expect(page.get_by_role("img", name="학습하는 동안의 손실")).to_be_visible()
    assert page.locator("#model-loss img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_a_training_shows_its_progress(open_window, server):
    server.status["training"] = {"step": 60, "steps": 240, "validation_loss": 1.5, "seconds_left": 600}
    page = open_window().open()
    expect(page.locator("#open-model")).to_contain_text("학습 중 60/240 · 10분 남음")
    assert page.get_by_role("progressbar").evaluate("bar => bar.value") == 0.25
    page.locator("#open-model").click()
    expect(page.locator("#model-training")).to_contain_text("지금 학습이 진행되고 있습니다.")
