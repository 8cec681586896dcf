"""Loops are seen token by token: below one heading, no run of tokens twice within lines and no two lines that begin alike."""

from answering.form import free_form
from answering.guide import AnswerGuide
from answering.repetition import Repetition
from corpus.template import Template

from hypothesis import given
from hypothesis import strategies as st

TEMPLATE = Template()


@given(
    lines=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=1, max_size=4),
    length=st.integers(1, 4),
)
def test_a_token_is_avoided_exactly_where_it_would_repeat_a_run_or_the_beginning_of_a_line(lines, length):
    repetition, runs, begun = Repetition(length), set(), set()
    for line in lines:
        for place, token in enumerate(line):
            for other in range(4):
                run = tuple([*line[:place], other][-length:])
                repeats = len(run) == length and run in runs
                begins_alike = place == 0 and other in begun
                assert (other in repetition.avoided()) == (repeats or begins_alike)
            repetition.take(token)
            if place + 1 >= length:
                runs.add(tuple(line[place + 1 - length : place + 1]))
        begun.add(line[0])
        repetition.end_line()


def test_a_new_section_may_say_what_the_last_one_said():
    repetition = Repetition(2)
    for token in (5, 6, 7):
        repetition.take(token)
    repetition.end_line(begins_section=True)
    assert repetition.avoided() == {5}  # the first token of the heading, which is the line that ends the section
    repetition.take(5)
    repetition.take(6)
    assert not repetition.avoided()


def test_a_length_of_0_avoids_nothing():
    repetition = Repetition(0)
    for token in (5, 5, 5):
        repetition.take(token)
        repetition.end_line()
        assert not repetition.avoided()


def avoided_after(tokenizer, text: str) -> set[str]:
    """The texts of the tokens that a guide of free answers avoids after this text."""
    guide = AnswerGuide(free_form(TEMPLATE), None, tokenizer, TEMPLATE, no_repeat_ngram=3)
    for token in tokenizer.encode(text).ids:
        guide.take(token)
    return {tokenizer.decode([token]) for token in guide.avoided()}


def first_token(tokenizer, text: str) -> str:
    """The first token of a list item behind its bullet."""
    bullet, *ids = tokenizer.encode(f"- {text}").ids
    assert tokenizer.decode([bullet]) == "-"
    return tokenizer.decode(ids[:1])


def test_items_of_a_list_do_not_begin_alike_but_their_bullets_do(tokenizer):
    assert avoided_after(tokenizer, "체크리스트:\n- 해야 할 일:\n  - 여권을 챙기세요.\n-") == {
        first_token(tokenizer, line) for line in ("해야 할 일:", "여권을")
    }


def test_another_list_may_begin_like_the_last_one_but_not_like_its_own_heading(tokenizer):
    text = "체크리스트:\n- 해야 할 일:\n  - 여권을 챙기세요.\n- 준비물:\n"
    assert avoided_after(tokenizer, text) == {first_token(tokenizer, "준비물:")}


def test_a_heading_that_comes_again_begins_no_section(tokenizer):
    text = "- 해야 할 일:\n  - 여권을 챙기세요.\n- 준비물:\n  - 사진\n- 해야 할 일:\n"
    lines = ("준비물:", "사진", "해야 할 일:")
    assert avoided_after(tokenizer, text) == {first_token(tokenizer, line) for line in lines}


def test_contacts_all_begin_alike(tokenizer):
    text = "연락처(공공정보):\n- 기관/상호: 대사관\n  - TEL: 000-0000\n- 기관/상호: 영사관\n"
    assert avoided_after(tokenizer, text) == set()
