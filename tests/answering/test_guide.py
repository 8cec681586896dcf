"""Token by token through a form: texts to choose from, and free lines that are whole, clean and hold no invented contact."""

from answering.form import Choice, Paragraph
from answering.guide import AnswerGuide
from answering.verification import KnownContacts
from corpus.raw.normalization import normalize
from corpus.template import MARKERS, Template, count_markers

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models

TEMPLATE = Template()
NOTHING = TEMPLATE.nothing
LINES = st.lists(
    st.sampled_from(
        [
            "- 여권을 챙기세요.\n",
            "- 여권을 만드세요.\n",
            "- 여권\n",
            "체크리스트:\n- 해야 할 일:\n",
            "가\n나\n",
            "12\n",
            "[/ANSWER]",
        ]
    ),
    min_size=1,
    max_size=5,
    unique=True,
)
SEEDS = st.integers(0, 2**32)
KNOWN = KnownContacts(
    [("TEL", "(02) 0000-1234"), ("TEL", "0917-000-5678"), ("ADDR", "12 Halimbawa Street, Taguig")],
    "계좌는 000-0000-9876-01입니다.",
)


class Told:
    """A form that offers its choices one after another and keeps what it is told."""

    def __init__(self, *choices: Choice | Paragraph):
        self.choices, self.heard = choices, []

    def write(self):
        for choice in self.choices:
            self.heard.append((yield choice))
        while True:
            yield Choice(["[/ANSWER]"])


@pytest.fixture(scope="module")
def guided(tokenizer):
    """A guide through some choices."""

    def guided(*choices, contacts=None):
        return AnswerGuide(Told(*choices).write(), contacts, tokenizer, TEMPLATE)

    return guided


@pytest.fixture(scope="module")
def free(guided):
    """A guide at the beginning of a free line."""

    def free(contacts=None, longest=1000, **changes):
        return guided(Paragraph("[/ANSWER]", longest=longest, **changes), contacts=contacts)

    return free


@pytest.fixture(scope="module")
def follow(tokenizer):
    """Write a text as far as a guide lets it; return what was written. Where something must come, it does."""

    def follow(guide, text: str) -> str:
        tokens = tokenizer.encode(text).ids
        written = []
        for token in tokens:
            allowed = guide.allowed()
            if token not in allowed if allowed is not None else not guide.accepts(token):
                break
            guide.take(token)
            written.append(token)
        return tokenizer.decode(written)

    return follow


def required(guide, tokenizer) -> str:
    """What must follow now, up to the next choice."""
    written = []
    while (allowed := guide.allowed()) is not None and len(allowed) == 1:
        if tokenizer.id_to_token(allowed[0]) in MARKERS:
            break
        written.append(allowed[0])
        guide.take(allowed[0])
    return tokenizer.decode(written)


# --- Texts to choose from ---


@given(texts=LINES, seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_one_of_the_texts_is_written_and_the_form_is_told_which(tokenizer, wander, texts, seed):
    told = Told(Choice(texts))
    tokens = wander(AnswerGuide(told.write(), None, tokenizer, TEMPLATE), seed)
    text = tokenizer.decode(tokens)
    assert text in texts or (text == "" and "[/ANSWER]" in texts)
    assert told.heard in ([], [(text, len(tokens))])


@given(texts=LINES)
@settings(max_examples=30, deadline=None)
def test_each_of_the_texts_can_be_written(guided, follow, texts):
    for text in texts:
        written = follow(guided(Choice(texts)), text)
        assert written == text.replace("[/ANSWER]", "")


def test_texts_and_the_starts_of_free_lines_are_offered_together(guided, follow):
    choice = Choice(["상세 설명:\n"], ["- ", "  - "], longest=50)
    for text in ("상세 설명:\n", "- 이민국\n", "  - 2층 창구\n"):
        assert follow(guided(choice), text) == text
    assert follow(guided(choice), "이민국\n") == ""
    assert follow(guided(choice), "-이민국\n") == "-"


def test_the_form_is_told_how_many_tokens_were_written_and_not_how_few_would_do(tokenizer):
    told = Told(Paragraph(None, longest=50))
    guide = AnswerGuide(told.write(), None, tokenizer, TEMPLATE)
    single_bytes = [tokenizer.token_to_id(character) for character in ("ì", "Ĺ", "¬", "ê", "¶", "Į", "Ċ")]
    for token in single_bytes:
        assert guide.accepts(token)
        guide.take(token)
    assert told.heard == [("여권\n", 7)]
    assert len(tokenizer.encode("여권\n").ids) < 7


# --- Free lines: form ---


@given(seed=SEEDS, longest=st.integers(1, 60), start=st.sampled_from(["", "- ", "  - "]))
@settings(max_examples=60, deadline=None)
def test_a_free_line_is_whole_clean_and_never_empty_and_ends_in_time(tokenizer, wander, seed, longest, start):
    headings = ["- 준비물:", "요약:"]
    offered = Choice([], [start], longest, headings) if start else Paragraph(None, longest=longest, forbidden=headings)
    told = Told(*[offered] * 4)
    tokens = wander(AnswerGuide(told.write(), None, tokenizer, TEMPLATE), seed)
    text = tokenizer.decode(tokens)
    assert "".join(line for line, _ in told.heard) == text and len(told.heard) == 4
    for line, count in told.heard:
        assert line.startswith(start) and line[len(start) :].strip()
        assert line.endswith("\n") and line.count("\n") <= (1 if start else 2)
        assert count <= longest + 10  # to the end of a character
        assert "\ufffd" not in line and not count_markers(line)
        said = line.rstrip("\n").removeprefix("  ")
        assert normalize(said).rstrip(" ") == said.rstrip(" ")


@pytest.mark.parametrize("marker", MARKERS)
def test_no_marker_can_be_written_as_a_token_or_letter_by_letter(free, follow, tokenizer, marker):
    guide = free()
    assert guide.accepts(tokenizer.token_to_id(marker)) == (marker == "[/ANSWER]")
    letters = [tokenizer.encode(letter).ids[0] for letter in marker]
    for letter in letters[:-1]:
        assert guide.accepts(letter)
        guide.take(letter)
    assert not guide.accepts(letters[-1])


@pytest.mark.parametrize("text", ["\n", "- 준비물:\n", "요약:\n", " \n", "여권\n\n\n"])
def test_a_line_that_would_be_empty_or_a_heading_cannot_end(free, follow, text):
    assert follow(free(forbidden=["- 준비물:", "요약:"]), text) != text


@pytest.mark.parametrize("text", ["요약: 여권\n", "- 준비물: 사진\n", "[여권]\n\n", "가 나 다\n", "😀👍🏽 ½ ㎡ ㅋㅋ\n"])
def test_any_other_line_can(free, follow, text):
    assert follow(free(forbidden=["- 준비물:", "요약:"]), text) == text


@pytest.mark.parametrize(
    "text",
    [
        "여\u200b권",
        "여\x1b[1m권",
        "여권\r",
        "여\x00권",
        "여  권",
        "여\u00a0권",
        "여\t권",
        "가\u11a8",
        "여\u2028권",
        "a<br>b",
    ],
)
def test_characters_that_step_01_takes_out_cannot_be_written(free, follow, text):
    assert follow(free(), text) != text


def test_a_list_item_needs_something_behind_its_bullet(guided, follow):
    guide = guided(Choice([], ["- "], longest=1))
    assert follow(guide, "- \n") == "- "
    assert follow(guide, "가") == "가"
    assert guide.allowed() is not None  # now the line must end


# --- Free lines: sentences ---


def test_a_list_item_ends_with_its_first_sentence(guided, follow, tokenizer):
    for sentence in ("- 여권을 챙기세요.", "- 값이 싸요!", "- 사진도 있어야 한다.", "- 어디로 가나요?"):
        guide = guided(Choice([], ["- "], longest=100))
        assert follow(guide, f"{sentence} 그리고 기다리세요.\n") == sentence
        assert required(guide, tokenizer).startswith("\n")


@pytest.mark.parametrize(
    "line",
    [
        "- 여권을 잃어버렸다면 신고하세요",
        "- 면세 한도는 1500.50페소입니다만 바뀝니다",
        "- 3.5km 떨어진 www.embahada.example/visa에서 신청",
        "- 2026. 6. 2. 개정",
        "- No. 12 Halimbawa St. Taguig",
    ],
)
def test_what_only_looks_like_the_end_of_a_sentence_ends_no_line(guided, follow, line):
    assert follow(guided(Choice([], ["- "], longest=100)), f"{line}\n") == f"{line}\n"


def test_a_paragraph_ends_with_a_sentence_when_it_has_enough_tokens(guided, follow, tokenizer):
    sentence = " 여권을 챙기세요."
    size = len(tokenizer.encode(sentence).ids)
    for enough in (1, size, size + 1, 3 * size):
        guide = guided(Paragraph(None, enough, longest=10 * size))
        assert follow(guide, sentence * 9) == sentence * -(-enough // size)
        assert required(guide, tokenizer).startswith("\n")


# --- Free lines: broken characters ---


def byte_tokens(tokenizer) -> list[int]:
    """The token of each single byte, from 0 to 255."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [tokenizer.token_to_id(chr(byte if byte in visible else next(others))) for byte in range(256)]


def test_every_syllable_can_be_written_byte_by_byte(free, tokenizer):
    single = byte_tokens(tokenizer)
    for code in range(ord("가"), ord("힣") + 1, 7):
        guide = free()
        for byte in chr(code).encode():
            assert guide.accepts(single[byte])
            guide.take(single[byte])


@pytest.mark.parametrize(
    "broken",
    [
        b"\xff",
        b"\x80",
        b"\xc0",
        b"\xed\xa0",
        b"\xea\xb0a",
        b"\xea\n",
        b"\xf4\x90",
        b"\xe0\x80",
        b"\xef\xbf\xbe\xea\xb0\xea",
        "여\ufffd".encode(),  # text, but what is printed for bytes that are none
    ],
)
def test_bytes_that_are_no_text_are_refused(free, tokenizer, broken):
    single = byte_tokens(tokenizer)
    guide = free()
    for byte in broken[:-1]:
        assert guide.accepts(single[byte])
        guide.take(single[byte])
    assert not guide.accepts(single[broken[-1]])


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_bytes_that_begin_a_character_can_always_be_gone_on_with(free, tokenizer, data):
    single, guide = byte_tokens(tokenizer), free()
    for _ in range(8):
        accepted = [byte for byte in range(256) if guide.accepts(single[byte])]
        assert accepted
        guide.take(single[data.draw(st.sampled_from(sorted(accepted, reverse=True)))])
        if guide.allowed():
            break


def test_a_line_that_is_long_enough_is_not_put_off_by_one_cut_character_after_the_other():
    characters = [chr(code) for code in range(0x21, 0x144)]
    end_and_beginning = "Įê"  # the last byte of 권 and the first of the next syllable
    vocabulary = {character: number for number, character in enumerate([*characters, end_and_beginning])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [tuple(end_and_beginning)]))
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(marker, special=True, normalized=False) for marker in MARKERS])
    for longest, is_accepted in ((1, False), (9, True)):
        form = Told(Paragraph(None, longest=longest)).write()
        guide = AnswerGuide(form, None, tokenizer, TEMPLATE)
        for character in "ê¶":
            guide.take(vocabulary[character])
        assert guide.accepts(vocabulary[end_and_beginning]) == is_accepted
        assert guide.accepts(vocabulary["Į"])


# --- Free lines: contacts ---


def test_after_a_label_one_of_its_values_must_follow(free, follow, tokenizer):
    guide = free(KNOWN)
    assert follow(guide, "문의 TEL:") == "문의 TEL:"
    assert follow(guide, " (02) 0000-1234\n") == " (02) 0000-1234\n"
    guide = free(KNOWN)
    follow(guide, "ADDR:")
    assert required(guide, tokenizer) == " 12 Halimbawa Street, Taguig\n"


def test_after_a_label_without_values_stands_the_fixed_phrase(free, follow, tokenizer):
    for contacts in (KNOWN, KnownContacts()):
        guide = free(contacts)
        follow(guide, "문의 KAKAO:")
        assert required(guide, tokenizer) == f" {NOTHING}\n"


def test_a_contact_that_is_begun_is_written_to_its_end(free, follow, tokenizer):
    for begun, rest in [
        ("문의는 0917-000", "-5678"),
        ("먼저 12 Halimbawa Street", ", Taguig"),
        ("계좌 000-0000", "-9876-01"),
    ]:
        guide = free(KNOWN)
        assert follow(guide, f"{begun}{rest}로") == f"{begun}{rest}로"
        guide = free(KNOWN)
        assert follow(guide, f"{begun}\n") == begun


@pytest.mark.parametrize(
    "invented", ["(02) 0000-1235", "0918-000-5678", "www.embahada.example", "kim@bangko.example", "12345678"]
)
def test_an_invented_contact_cannot_be_written(free, follow, invented):
    assert follow(free(KNOWN), f"문의는 {invented}\n") != f"문의는 {invented}\n"
    assert follow(free(), f"문의는 {invented}\n") == f"문의는 {invented}\n"


@given(seed=SEEDS, enough=st.integers(0, 40), longest=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_no_free_line_holds_or_breaks_off_a_contact(tokenizer, wander, seed, enough, longest):
    told = Told(*[Paragraph(None, enough, longest)] * 4)
    wander(AnswerGuide(told.write(), KNOWN, tokenizer, TEMPLATE), seed)
    assert len(told.heard) == 4
    for line, count in told.heard:
        assert all(map(KNOWN.allow, line.split("\n")))
        assert count <= longest + 40
