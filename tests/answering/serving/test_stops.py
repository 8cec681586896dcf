"""Texts that end an answer, in whichever pieces it comes."""

from answering.serving.stops import StopFinder

from hypothesis import given
from hypothesis import strategies as st

LETTERS = st.text("가나다\n", max_size=12)


def cut(text: str, stops: list[str]) -> str:
    """The text before the first stop text in it, in the plainest way."""
    return text[: min((text.find(stop) for stop in stops if stop in text), default=len(text))]


@given(st.lists(LETTERS, max_size=8), st.lists(st.text("가나다\n", min_size=1, max_size=4), max_size=4))
def test_an_answer_ends_before_the_first_stop_text_however_it_is_split(pieces, stops):
    finder = StopFinder(stops)
    passed = "".join(map(finder.add, pieces)) + finder.finish()
    text = "".join(pieces)
    if not finder.found:
        assert passed == text and not any(stop in text for stop in stops)
    else:
        assert any(text[len(passed) :].startswith(stop) for stop in stops) and text.startswith(passed)
    if len(stops) == 1:
        assert passed == cut(text, stops)


@given(LETTERS)
def test_only_what_may_become_a_stop_text_waits(text):
    finder = StopFinder(["다다다"])
    passed = finder.add(text)
    if "다다다" not in text:
        waiting = text[len(passed) :]
        assert waiting == "다" * len(waiting) and len(waiting) < 3
