"""The one form of a sample: markers that no text can forge, sections, questions, and the file of samples."""

import importlib

from corpus.extraction.grammar import has_final_consonant
from corpus.extraction.questions import ask
from corpus.raw.documents import Document
from corpus.samples import Sample, format_sample, read_samples
from corpus.template import MARKERS, UNK, Answer, Contact, Template, count_markers, neutralize_markers
from pipeline import StepError

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEMPLATE = Template()
ANSWER = Answer(
    summary=["먼저 경찰서에서 분실 신고서를 받으세요."],
    to_do=["대사관에 예약하고 방문하세요."],
    to_bring=["여권용 사진 2장", "신분증 사본"],
    to_beware=[],
    contacts={
        "한국대사관 영사과": [
            Contact("한국대사관 영사과", "TEL", "(02) 0000-1234", "+63200001234"),
            Contact("한국대사관 영사과", "WEB", "www.embahada.example", "embahada.example"),
        ]
    },
    details="지난달 말라테에서 여권을 잃어버렸습니다.",
)
QUESTION = "여권을 잃어버리면 무엇부터 해야 하나요?"
DOCUMENT = "지난달 말라테에서 여권을 잃어버렸습니다.\n먼저 경찰서에서 분실 신고서를 받으세요."
WRITTEN_ANSWER = """\
요약:
- 먼저 경찰서에서 분실 신고서를 받으세요.
체크리스트:
- 해야 할 일:
  - 대사관에 예약하고 방문하세요.
- 준비물:
  - 여권용 사진 2장
  - 신분증 사본
- 주의사항:
  - 자료에 없음
연락처(공공정보):
- 한국대사관 영사과
  - TEL: (02) 0000-1234
  - WEB: www.embahada.example
상세 설명:
지난달 말라테에서 여권을 잃어버렸습니다."""

# --- The form ---


def test_a_grounded_sample_is_question_document_and_answer_in_their_markers():
    assert TEMPLATE.write_sample(QUESTION, DOCUMENT, ANSWER) == (
        f"[QUESTION]\n{QUESTION}\n[/QUESTION]\n\n[DOC]\n{DOCUMENT}\n[/DOC]\n\n[ANSWER]\n{WRITTEN_ANSWER}\n[/ANSWER]"
    )


def test_a_closed_book_sample_has_no_document():
    assert TEMPLATE.write_sample(QUESTION, "", ANSWER) == (
        f"[QUESTION]\n{QUESTION}\n[/QUESTION]\n\n[ANSWER]\n{WRITTEN_ANSWER}\n[/ANSWER]"
    )


def test_an_empty_answer_says_in_every_section_that_there_is_nothing():
    written = TEMPLATE.write_answer(Answer())
    assert [line for line in written.split("\n") if line in TEMPLATE.headings] == list(TEMPLATE.headings)
    assert written.count(TEMPLATE.nothing) == 6


def test_words_that_look_like_places_to_fill_in_stay_as_they_are():
    prompt = TEMPLATE.write_prompt("{document} {question}", "{question} {document} {0} \\1")
    assert "\n{document} {question}\n" in prompt and "\n{question} {document} {0} \\1\n" in prompt


def test_a_template_comes_back_from_its_plain_strings():
    changed = Template(summary="간추림:")
    assert Template(**changed.to_dict()) == changed
    assert all(isinstance(value, str) for value in changed.to_dict().values())


# --- Sections ---

LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=20)
LINES = st.lists(LINE, max_size=3)
HEADING = st.sampled_from([*TEMPLATE.headings, TEMPLATE.to_do, "- 준비물:"])
ANSWERS = st.builds(
    Answer,
    summary=LINES,
    to_do=LINES,
    to_bring=LINES,
    to_beware=LINES,
    contacts=st.dictionaries(
        LINE,
        st.lists(st.builds(Contact, LINE, st.sampled_from(["TEL", "WEB"]), LINE, LINE), min_size=1, max_size=2),
        max_size=2,
    ),
    details=st.lists(st.one_of(LINE, HEADING), max_size=5).map("\n".join),
)


@given(ANSWERS)
@settings(max_examples=150, deadline=None)
def test_any_written_answer_falls_into_its_four_sections_again(answer):
    written = TEMPLATE.write_answer(answer)
    sections = TEMPLATE.split_sections(written)
    assert tuple(sections) == TEMPLATE.headings
    assert "".join(f"{heading}\n{text}" for heading, text in sections.items()) == written + "\n"
    assert sections[TEMPLATE.details] == (answer.details or TEMPLATE.nothing) + "\n"
    assert sections[TEMPLATE.summary].count("\n") == max(1, len(answer.summary))


def test_a_heading_that_is_absent_or_out_of_order_is_no_section():
    assert TEMPLATE.split_sections("체크리스트:\n- 가\n요약:\n- 나") == {"체크리스트:": "- 가\n요약:\n- 나\n"}
    assert TEMPLATE.split_sections("여권 이야기") == {}


# --- Markers ---

FORGERIES = st.lists(
    st.one_of(
        st.sampled_from(
            [*MARKERS, "[", "]", "[/", "[EO", "S]", "[[EOS]", "EOS]", "［EOS］", "[eos]", "[ANSWER", "여권 ", "\n"]
        ),
        st.text(max_size=5),
    ),
    max_size=10,
).map("".join)


@pytest.fixture(scope="module")
def tokenizer():
    """A tokenizer as step 02 makes it, with a small vocabulary."""
    texts = [TEMPLATE.write_sample(QUESTION, DOCUMENT, ANSWER), "Bring 2 copies of the passport.\n"] * 20
    return importlib.import_module("02_train_tokenizer").train_tokenizer(iter(texts), 450, 2)


def markers_in(tokenizer, text: str) -> list[str]:
    """The special tokens of an encoded text, in their order."""
    return [MARKERS[token] for token in tokenizer.encode(text).ids if token < len(MARKERS)]


def test_each_marker_is_one_token_whose_id_is_its_place_in_the_list(tokenizer):
    assert [tokenizer.encode(marker).ids for marker in MARKERS] == [[token] for token in range(len(MARKERS))]


@given(FORGERIES)
@settings(max_examples=300, deadline=None)
def test_no_text_holds_a_marker_once_it_is_neutralised(tokenizer, text):
    safe = neutralize_markers(text)
    assert markers_in(tokenizer, safe) == []
    assert len(safe) == len(text)
    assert neutralize_markers(safe) == safe
    assert count_markers(safe) == 0 and (count_markers(text) > 0) == (safe != text)


@given(FORGERIES, FORGERIES, FORGERIES)
@settings(max_examples=200, deadline=None)
def test_a_sample_holds_each_marker_only_where_the_template_puts_it(tokenizer, question, document, line):
    answer = Answer([line], [line], [line], [line], {line: [Contact(line, "TEL", line, line)]}, document)
    sample = TEMPLATE.write_sample(question, document, answer)
    in_document = ["[DOC]", "[/DOC]"] if document else []
    assert markers_in(tokenizer, sample) == ["[QUESTION]", "[/QUESTION]", *in_document, "[ANSWER]", "[/ANSWER]"]


@given(FORGERIES, FORGERIES)
@settings(max_examples=200, deadline=None)
def test_what_step_05_asks_is_how_a_sample_begins_to_the_token(tokenizer, question, document):
    prompt = TEMPLATE.write_prompt(question, document)
    sample = TEMPLATE.write_sample(question, document, ANSWER)
    assert sample.startswith(prompt)
    prompt_ids = tokenizer.encode(prompt).ids
    assert tokenizer.encode(sample).ids[: len(prompt_ids)] == prompt_ids


@given(
    st.one_of(
        st.text(max_size=100),
        st.lists(st.sampled_from(["여권", " ", "\n", "👨‍👩‍👧", "🇵🇭", "ñ", "12", "\r\n", "[EOS]"])).map("".join),
    )
)
@settings(max_examples=300, deadline=None)
def test_every_text_comes_back_from_its_tokens_to_the_letter(tokenizer, text):
    ids = tokenizer.encode(text).ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == text
    assert UNK in text or tokenizer.token_to_id(UNK) not in ids


# --- The file of samples ---


def sample_of(text: str, **changes) -> Sample:
    where = {"family": 12, "post": 14, "part": 1, "kind": "grounded", "source": "raw.txt", "line": 345}
    return Sample(**{**where, "title": '"여권" 분실 # ［1］', **changes}, text=text)


def test_a_sample_stands_below_a_line_that_says_where_it_comes_from():
    sample = sample_of(TEMPLATE.write_sample(QUESTION, DOCUMENT, ANSWER))
    header, text = format_sample(sample).split("\n", 1)
    assert header.startswith("### {") and '"line": 345' in header and "여권" in header
    assert text == sample.text + "\n\n"


def test_samples_come_back_from_their_file(tmp_path):
    grounded = sample_of(TEMPLATE.write_sample(QUESTION, DOCUMENT, ANSWER))
    closed_book = sample_of(TEMPLATE.write_sample(QUESTION, "", Answer()), kind="closed-book", title="", post=15)
    path = tmp_path / "samples.txt"
    path.write_text(format_sample(grounded) + format_sample(closed_book), encoding="utf-8", newline="\n")
    assert list(read_samples(path)) == [grounded, closed_book]


LOOKALIKES = [
    format_sample(sample_of("")).strip(),
    "### {",
    "[/ANSWER]",
    "[QUESTION]",
    "",
    "여권 분실",
    "\u2028",
    "가\r나",
    "### {}\n[/ANSWER]",
]


@given(st.lists(st.one_of(st.sampled_from(LOOKALIKES), LINE), max_size=8).map("\n".join), LINE)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_document_can_pass_for_the_head_or_the_end_of_a_sample(tmp_path, document, title):
    texts = [
        TEMPLATE.write_sample(document, document, Answer(details=document)),
        TEMPLATE.write_sample(title, "", ANSWER),
    ]
    samples = [sample_of(text, title=title) for text in texts]
    path = tmp_path / "samples.txt"
    path.write_text("".join(map(format_sample, samples)), encoding="utf-8", newline="\n")
    assert list(read_samples(path)) == samples


@pytest.mark.parametrize(
    ("content", "place"),
    [("여권 분실\n", "line 1"), ('### {"post": 1}\n', "line 1"), ("### 3\n", "line 1"), ("\n\n### {여권\n", "line 3")],
)
def test_a_file_of_another_kind_is_refused_with_the_line(tmp_path, content, place):
    path = tmp_path / "samples.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(StepError, match=rf"samples\.txt, {place}:"):
        list(read_samples(path))


def test_a_file_that_breaks_off_is_refused(tmp_path):
    path = tmp_path / "samples.txt"
    whole = format_sample(sample_of(TEMPLATE.write_sample(QUESTION, DOCUMENT, ANSWER)))
    path.write_text(whole + whole[:-20], encoding="utf-8")
    with pytest.raises(StepError, match=r"samples\.txt"):
        list(read_samples(path))


# --- Questions ---


def document(title: str = "", text: str = DOCUMENT, part: int = 0) -> Document:
    return Document("raw.txt", 1, 0, part, title, text)


def questions_of(title: str) -> set[str]:
    """Every question that names this title, whatever the text and the variant."""
    texts = [f"{DOCUMENT} {number}" for number in range(40)]
    return {ask(document(title, text), variant) for text in texts for variant in (0, 1)}


def test_the_same_document_and_variant_always_get_the_same_question():
    for variant in range(6):
        assert ask(document("여권 분실"), variant) == ask(document("여권 분실"), variant)


def test_variants_of_a_question_differ():
    assert len({ask(document("여권 분실"), variant) for variant in range(4)}) == 4


@pytest.mark.parametrize(
    ("title", "with_particles"),
    [
        ("여권 발급", {"여권 발급이", "여권 발급을", "여권 발급은"}),
        ("여권 분실 신고", {"여권 분실 신고가", "여권 분실 신고를", "여권 분실 신고는"}),
        ("비자 (분실)", {"비자가", "비자를", "비자는"}),
        ("유심 2", {"유심 2가", "유심 2를", "유심 2는"}),
        ("교민 단체방 3", {"교민 단체방 3이", "교민 단체방 3을", "교민 단체방 3은"}),
    ],
)
def test_the_topic_takes_the_particle_that_its_last_letter_asks_for(title, with_particles):
    questions = questions_of(title)
    assert all(any(question.startswith(start) for question in questions) for start in with_particles)
    wrong = {"이": "가", "가": "이", "을": "를", "를": "을", "은": "는", "는": "은"}
    never = {start[:-1] + wrong[start[-1]] + " " for start in with_particles}
    assert not any(question.startswith(tuple(never)) for question in questions)


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("여권", True),
        ("비자", False),
        ("'여권'", True),
        ("(비자)", False),
        ("2", False),
        ("1", True),
        ("SIM", True),
        ("SSS", False),
    ],
)
def test_a_final_consonant_is_heard(text, closed):
    assert has_final_consonant(text) == closed


@pytest.mark.parametrize(
    "title",
    ["관광비자 연장하는 방법", "운전면허를 한국 면허로 바꾸는 절차", "절차 안내", "여권 재발급 안내", "안내"],
)
def test_every_question_begins_with_its_topic_and_does_not_name_the_way_twice(title):
    for question in questions_of(title):
        assert question[0] not in " ,에이가을를은는"
        assert "방법 방법" not in question and "절차 절차" not in question and "  " not in question


@pytest.mark.parametrize("title", ["관광비자", "할림바와 동네", "층간 소음"])
def test_a_noun_that_happens_to_end_like_a_sentence_is_not_quoted(title):
    assert not any(question.startswith("'") for question in questions_of(title))


def test_a_title_that_is_a_sentence_is_quoted():
    assert all(
        question.startswith("'유심 등록을 안 하면 번호가 끊깁니다'")
        for question in questions_of("유심 등록을 안 하면 번호가 끊깁니다")
    )


def test_without_a_title_the_question_names_what_the_text_is_about():
    text = "여권을 잃어버렸습니다. 여권은 대사관에서 다시 만듭니다. 여권 사진은 두 장입니다."
    assert all("여권" in ask(document(text=text), variant) for variant in range(6))


def test_a_later_part_of_a_post_asks_for_what_that_part_is_about():
    text = "보증금을 먼저 냅니다. 보증금은 두 달 치이고 보증금 영수증을 받습니다."
    question = ask(document("콘도 임대 계약", text, part=2))
    assert "콘도 임대 계약" in question and "보증금" in question
