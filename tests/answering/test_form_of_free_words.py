"""The form of an answer in the model's own words: whole in any room, with no contact but those of a table."""

import itertools

from answering.contacts_file import contacts_of
from answering.form import DETAIL_TOKENS, LINE_END_TOKENS, GuidedForm, free_form
from answering.guide import AnswerGuide
from answering.material import Material
from answering.verification import KnownContacts
from corpus.extraction.contact_values import find_values
from corpus.template import END_ANSWER, END_SUMMARY, count_markers, neutralize_markers
from tests.answering.forms import (
    ROOMS,
    SEEDS,
    TABLE,
    TEMPLATE,
    TEMPLATES,
    parts_of,
)

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

KNOWN = KnownContacts(Material(contacts=contacts_of(TABLE)).values(), may_begin=lambda value: len(value) < 30)


@given(room=ROOMS, seed=SEEDS, template=st.sampled_from(TEMPLATES))
@settings(max_examples=60, deadline=None)
def test_free_lines_keep_the_form_within_any_room(write, shortest, room, seed, template):
    if room < shortest(template):
        return
    text, tokens = write(Material(contacts=contacts_of(TABLE)), room, seed, template, KNOWN)
    assert len(tokens) < room
    parts_of(text, template)
    headings = [line for part in template.parts for line in part.heading.split("\n")]
    assert [line for line in text.split("\n") if line in headings] == headings
    assert count_markers(text) == 0 and "\ufffd" not in text


@given(seed=SEEDS)
@example(seed=565664)  # wrote a short number that is in no table, beside a word for calling
@settings(max_examples=40, deadline=None)
def test_free_lines_hold_no_contact_but_those_of_the_table(write, seed):
    text, _ = write(Material(contacts=contacts_of(TABLE)), 1000, seed, TEMPLATE, KNOWN)
    assert all(map(KNOWN.allow, text.split("\n")))
    values = {value for _, value in Material(contacts=contacts_of(TABLE)).values()}
    assert {found.value for line in text.split("\n") for found in find_values(line)} <= values


@given(seed=SEEDS, room=st.integers(150, 1500))
@settings(max_examples=40, deadline=None)
def test_institutions_of_the_table_come_with_their_contacts_and_none_twice(write, seed, room):
    lines = parts_of(write(Material(contacts=contacts_of(TABLE)), room, seed, TEMPLATE, KNOWN)[0])["contacts"]
    blocks = {block.split("\n")[0]: block.split("\n")[1:] for block in "\n".join(lines).split("\n- ")}
    blocks = {name.removeprefix("- "): values for name, values in blocks.items()}
    assert len(blocks) == sum(line.startswith("- ") for line in lines)
    whole = {
        neutralize_markers(entry["institution"]): [f"  - {each['kind']}: {each['value']}" for each in entry["contacts"]]
        for entry in TABLE
    }
    for name, values in blocks.items():
        assert name == TEMPLATE.nothing or (values and values == whole[name][: len(values)])


def test_free_words_without_a_table_and_without_contacts_say_that_there_is_nothing(write):
    for seed in range(10):
        parts = parts_of(write(Material(contacts={}), 800, seed, TEMPLATE, KnownContacts())[0])
        assert parts["contacts"] == ["- 자료에 없음"]


@given(seed=SEEDS, room=st.integers(50, 800))
@settings(max_examples=30, deadline=None)
def test_unverified_contacts_keep_the_form_too(write, seed, room):
    text, tokens = write(Material(), room, seed)
    parts_of(text)
    assert len(tokens) < room


@pytest.fixture(scope="module")
def recite(tokenizer, count_tokens):
    """Write with a model that only knows these tokens, over and over; return its text and its tokens."""

    def recite(repeated, room):
        form = GuidedForm(TEMPLATE, Material(contacts={}), room, count_tokens).write()
        guide, following, written = AnswerGuide(form, KNOWN, tokenizer, TEMPLATE), itertools.cycle(repeated), []
        while len(written) < room:
            if (allowed := guide.allowed()) is not None:
                token = allowed[0]  # a free line rather than the end of the part
            else:
                token = next(token for token in following if guide.accepts(token))
            if token == tokenizer.token_to_id(END_ANSWER):
                break
            guide.take(token)
            written.append(token)
        assert len(written) < room
        return tokenizer.decode(written), written

    return recite


@pytest.mark.parametrize("room", [120, 180, 250, 400, 700])
def test_lines_that_a_model_spells_out_byte_by_byte_take_their_true_room(tokenizer, recite, room):
    single_bytes = [token for letter in "여권을 잃어버렸습니다" for token in tokenizer.encode(letter).ids]
    text, written = recite(single_bytes, room)
    assert len(tokenizer.encode(text).ids) < 0.9 * len(written)
    parts_of(text)


@pytest.mark.parametrize("room", range(300, 900, 50))
def test_free_lines_end_with_their_sentences_where_the_room_for_them_does(tokenizer, recite, room):
    sentences = " 여권을 잃어버렸다면 경찰서에 먼저 신고하세요. 그다음 1500.50페소를 대사관에 내야 합니다."
    assert len(tokenizer.encode(sentences).ids) < LINE_END_TOKENS
    parts = parts_of(recite(tokenizer.encode(sentences).ids, room)[0])
    lines = [line for name in parts.keys() - {"contacts"} for line in parts[name]]
    assert len(lines) >= 8
    assert all(line.endswith(("신고하세요.", "합니다.", TEMPLATE.nothing)) for line in lines)
    if room > 600:
        assert len(parts["summary"]) > 2 and parts["details"][0].count(".") > 6


@pytest.mark.parametrize("room", [150, 400, 1100])
def test_a_line_whose_sentence_never_ends_ends_in_time(tokenizer, recite, room):
    parts = parts_of(recite(tokenizer.encode(" 여권을 잃어버렸다면 1500.50페소를 내고").ids, room)[0])
    details = len(tokenizer.encode("\n".join(parts["details"])).ids)
    assert (details == DETAIL_TOKENS - LINE_END_TOKENS) == (room == 1100)


@pytest.mark.parametrize(("template", "end"), [(TEMPLATES[0], END_ANSWER), (TEMPLATES[1], END_SUMMARY)])
def test_a_free_answer_ends_with_the_marker_of_its_style_at_the_beginning_of_a_line(tokenizer, template, end):
    guide = AnswerGuide(free_form(template), None, tokenizer, template)
    marker = tokenizer.token_to_id(end)
    assert guide.accepts(marker)
    for token in tokenizer.encode("요약").ids:
        guide.take(token)
    assert not guide.accepts(marker)
    for token in tokenizer.encode(":\n").ids:
        guide.take(token)
    assert guide.accepts(marker)
    others = {tokenizer.token_to_id(other) for other in (END_ANSWER, END_SUMMARY, "[EOS]", "[BOS]")} - {marker}
    assert not any(map(guide.accepts, others))
