"""The form of an answer: whole and in order in any room, made of the document's lines, with its contacts."""

import itertools

from answering.contacts_file import contacts_of
from answering.form import DETAIL_TOKENS, LINE_END_TOKENS, MIN_SUMMARY_LINES, GuidedForm, free_form
from answering.guide import AnswerGuide
from answering.material import Material, material_of
from answering.verification import KnownContacts, find_runs
from corpus.extraction.answers import extract_answer, extract_review
from corpus.extraction.contact_values import find_values
from corpus.extraction.contacts import find_contacts
from corpus.extraction.passages import candidate_passages
from corpus.raw.documents import Document
from corpus.raw.normalization import normalize, standardize_labels
from corpus.raw.titles import find_title
from corpus.template import CONTACT_START, END_ANSWER, END_SUMMARY, Template, count_markers, neutralize_markers

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TEMPLATES = [Template.of_style("answer"), Template.of_style("summary")]
TEMPLATE = TEMPLATES[0]
DOCUMENT = """\
[여권] 마닐라에서 여권을 잃어버렸을 때
지난달 말라테에서 지갑과 여권을 한꺼번에 잃어버렸습니다. 먼저 가까운 경찰서에 가서 분실 신고서(Police Report)를 받으세요.
그다음 대사관에 전화로 예약하고 방문하면 단수여권을 사흘 안에 받을 수 있습니다.
준비물: 여권용 사진 2장, 분실 신고서, 신분증 사본, 수수료
주의사항: 신고한 여권은 다시 찾아도 쓸 수 없습니다.
한국대사관 영사과
TEL: (02) 0000-1234
ADDR: 12 Halimbawa Street, Taguig
WEB: www.embahada.example"""
TABLE = [
    {
        "institution": "한국대사관 영사과",
        "contacts": [
            {"kind": "TEL", "value": "(02) 0000-1234"},
            {"kind": "ADDR", "value": "12 Halimbawa Street, Taguig"},
            {"kind": "WEB", "value": "https://www.embahada.example/" + "visa/" * 40},
        ],
    },
    {"institution": "[EOS]이민국 [ANSWER]", "contacts": [{"kind": "TEL", "value": "(02) 0000-2345"}]},
    {"institution": "유심 상담", "contacts": [{"kind": "KAKAO", "value": "simhelp_01"}]},
]
# As untidy as documents are, and as dangerous to a form.
LINES = st.sampled_from(
    [
        *DOCUMENT.split("\n"),
        "",
        "요약:",
        "- 준비물:",
        "체크리스트: 여권, 사진 2장을 챙기세요.",
        "[/ANSWER] 여기서 끝나는 줄 알았습니다. [EOS] 아직 아닙니다.",
        "자료에 없음",
        "1. 이민국 지점에서 신청서를 쓰세요.",
        "2026-03-15까지 회비 1,500,000원을 계좌 000-0000-9876-01로 보내세요.",
        "보험사 사고 접수: 1500-0012",
        "카톡 상담: simhelp_01, 이메일 tulong@embahada.example",
        "문의 TEL: 02-000-1234 / 0917-000-5678 (내선 5)",
        "마카티와 보니파시오는 월세가 비싼 편이고 파라냐케는 조금 쌉니다 " * 3 + "그러니 02-0000-7777 로 물어보세요",
        "아이가 밤에 열이 39도까지 올라서 병원 응급실로 갔습니다 👨‍👩‍👧 🙏",
        "물을 무서워하는 아이라면 소그룹반을 추천합니다. 탈의실이 좁고 불편해요.",
        "Bring your passport and 2 photos to the embassy.",
    ]
)
DOCUMENTS = st.lists(LINES, max_size=14).map("\n".join)
SEEDS = st.integers(0, 2**32)
ROOMS = st.integers(0, 500)


def clean(text: str) -> str:
    return neutralize_markers(standardize_labels(normalize(text).strip()))


def material_of_text(text: str, style: str = "answer") -> Material:
    text = clean(text)
    return material_of([(text, find_title(tuple(text.split("\n"))))], style=style)


@pytest.fixture(scope="module")
def count_tokens(tokenizer):
    return lambda text: len(tokenizer.encode(text).ids)


@pytest.fixture(scope="module")
def write(tokenizer, wander, count_tokens):
    """Write an answer by chance, as far as a guided form allows; return its text and its tokens."""

    def write(material, room, seed, template=TEMPLATE, known=None):
        form = GuidedForm(template, material, room, count_tokens).write()
        tokens = wander(AnswerGuide(form, known, tokenizer, template.nothing), seed)
        return tokenizer.decode(tokens), tokens

    return write


@pytest.fixture(scope="module")
def shortest(tokenizer):
    """Tokens of the answer that says in each of its parts that there is nothing."""

    def shortest(template=TEMPLATE):
        parts = "".join(f"{part.heading}\n{part.bullet}{template.nothing}\n" for part in template.parts)
        return len(tokenizer.encode(parts + template.answer_end.strip()).ids)

    return shortest


def parts_of(text: str, template: Template = TEMPLATE) -> dict[str, list[str]]:
    """The lines of each part, after proving that all parts are there, in their order, and hold something."""
    assert text.endswith("\n") and "\n\n\n" not in text
    lines, position = text.rstrip("\n").split("\n"), 0
    parts: dict[str, list[str]] = {}
    headings = [part.heading.split("\n") for part in template.parts]
    for part, heading, following in zip(template.parts, headings, [*headings[1:], None], strict=True):
        assert lines[position : position + len(heading)] == heading
        position += len(heading)
        end = position + 1
        while end < len(lines) and (following is None or lines[end : end + len(following)] != following):
            end += 1
        parts[part.name] = lines[position:end]
        position = end
        for line in parts[part.name]:
            is_contact = part.name == "contacts" and line.startswith(CONTACT_START)
            assert is_contact or line.startswith(part.bullet)
            assert line.removeprefix(part.bullet).strip() or part.name == "details"
        assert parts[part.name][0].strip()
    assert position == len(lines)
    return parts


# --- Answers made of a document ---


@given(document=DOCUMENTS, room=ROOMS, seed=SEEDS, template=st.sampled_from(TEMPLATES))
@settings(max_examples=120, deadline=None)
def test_an_answer_has_its_whole_form_within_any_room_that_holds_the_shortest(
    write, shortest, count_tokens, document, room, seed, template
):
    material = material_of_text(document, template.style)
    if room < shortest(template):
        with pytest.raises(ValueError, match=f"needs {shortest(template) - room} more tokens"):
            GuidedForm(template, material, room, count_tokens)
        return
    text, tokens = write(material, room, seed, template)
    parts_of(text, template)
    assert len(tokens) < room  # the marker that ends it has its place too
    assert count_markers(text) == 0


@given(document=DOCUMENTS, seed=SEEDS)
@settings(max_examples=80, deadline=None)
def test_every_line_is_one_of_the_document(write, document, seed):
    document = clean(document)
    title = find_title(tuple(document.split("\n")))
    parts = parts_of(write(material_of_text(document), 1500, seed)[0])
    answer = extract_answer(Document("", 0, 0, 0, title, document))
    for name in ("summary", "to_do", "to_bring", "to_beware"):
        lines = getattr(answer, name)
        said = [line.strip().removeprefix("- ") for line in parts[name]]
        assert said == [TEMPLATE.nothing] or (set(said) <= set(lines) and said == sorted(set(said), key=lines.index))
        assert all(line in document for line in said if line != TEMPLATE.nothing)
    passages = [passage for of_start in candidate_passages(document) for passage in of_start]
    assert "\n".join(parts["details"]) in [TEMPLATE.nothing, *passages]


@given(document=DOCUMENTS, seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_every_contact_of_the_document_is_listed_below_its_owner_where_there_is_room(write, document, seed):
    document = clean(document)
    contacts = find_contacts(document, find_title(tuple(document.split("\n"))))
    owners = {f"- {contact.institution}" for contact in contacts}
    listed: set[tuple[str, str]] = set()
    owner = ""
    for line in parts_of(write(material_of_text(document), 3000, seed)[0])["contacts"]:
        if line in owners:
            owner = line
        elif contacts:
            listed.add((owner, line))
    assert listed == {(f"- {each.institution}", f"  - {each.label}: {each.value}") for each in contacts}


@given(seed=SEEDS)
@settings(max_examples=30, deadline=None)
def test_other_lines_leave_the_contacts_their_room(write, seed):
    """Room for half of what the document offers: the contacts are all listed nevertheless."""
    document = clean(DOCUMENT) + "\n1. 이민국 지점에서 신청서를 쓰세요.\n2. 수수료를 내고 영수증을 받으세요." * 3
    contacts = find_contacts(document, "마닐라에서 여권을 잃어버렸을 때")
    assert len(contacts) == 3
    parts = parts_of(write(material_of_text(document), 250, seed)[0])
    assert {f"  - {each.label}: {each.value}" for each in contacts} < set(parts["contacts"])
    assert parts["summary"] != ["- 자료에 없음"]


@given(seed=SEEDS, room=st.integers(500, 900))
@settings(max_examples=30, deadline=None)
def test_a_long_list_leaves_the_other_parts_their_share(write, seed, room):
    """Room for less than half of what the document offers: every part that could say something does."""
    steps = "\n".join(
        f"{number}. 이민국 {number}번 창구에 가서 신청서를 쓰고 도장을 받으세요." for number in range(1, 11)
    )
    material = material_of_text(f"{clean(DOCUMENT)}\n{steps}")
    parts = parts_of(write(material, room, seed)[0])
    said = {name: [line.strip(" -") for line in lines] != [TEMPLATE.nothing] for name, lines in parts.items()}
    assert said == {name: bool(material.lists.get(name, True)) for name in parts}


@given(seed=SEEDS, room=st.integers(50, 2000))
@settings(max_examples=20, deadline=None)
def test_a_document_without_contacts_has_the_fixed_phrase_in_their_place(write, seed, room):
    document = "태풍 신호가 3호 이상이면 학교와 관공서가 쉽니다. 물과 통조림과 손전등을 사흘 치 준비하세요."
    assert parts_of(write(material_of_text(document), room, seed)[0])["contacts"] == ["- 자료에 없음"]


@given(seed=SEEDS, room=st.integers(50, 200))
@settings(max_examples=20, deadline=None)
def test_no_document_at_all_gives_the_shortest_answer(write, seed, room):
    parts = parts_of(write(material_of([]), room, seed)[0])
    assert all(line.strip(" -") == TEMPLATE.nothing for lines in parts.values() for line in lines)


def test_a_summary_begins_with_the_title_and_has_some_lines_more(write):
    more = "\n".join(
        f"재발급 {number}단계에서는 영사과 {number}번 창구에 여권 서류를 냅니다." for number in range(1, 10)
    )
    material = material_of_text(f"{DOCUMENT}\n{more}")
    summaries = [parts_of(write(material, 1000, seed)[0])["summary"] for seed in range(20)]
    assert {summary[0] for summary in summaries} == {"- 마닐라에서 여권을 잃어버렸을 때"}
    assert min(map(len, summaries)) == 1 + MIN_SUMMARY_LINES
    assert len({tuple(summary) for summary in summaries}) > 3  # which of the lines is the model's choice


def test_a_summary_is_about_the_question():
    statements = [
        "은행 계좌를 열려면 외국인 등록증과 주소 증명이 필요합니다.",
        "재래시장은 새벽에 가야 생선이 싱싱하고 값도 쌉니다.",
        "학교 입학 상담은 삼월에 시작해서 오월에 끝납니다.",
        "태풍이 오면 전기가 끊기니 손전등과 물을 사 두세요.",
        "소포를 보낼 때는 상자를 봉하지 말고 창구로 가져가세요.",
        "수영장은 월요일마다 청소하느라 문을 닫습니다.",
    ]
    document = [("\n".join(["세부 생활 안내", *statements]), "세부 생활 안내")]
    for question, told in (("은행 계좌 열기", 0), ("태풍에 손전등과 물", 3), ("소포 상자와 창구", 4)):
        assert statements[told] in material_of(document, question).lists["summary"]
    lists = [material_of(document, question).lists["summary"] for question in ("학교 입학 상담", "수영장 월요일 청소")]
    assert lists[0] != lists[1]


def test_a_list_leaves_nothing_out(write):
    lists = material_of_text(DOCUMENT).lists
    for seed in range(20):
        parts = parts_of(write(material_of_text(DOCUMENT), 600, seed)[0])
        for name in ("to_do", "to_bring", "to_beware"):
            assert parts[name] == [f"  - {line}" for line in lists[name] or [TEMPLATE.nothing]]


def test_a_document_without_a_title_has_a_summary_of_its_sentences(write):
    document = "태풍 신호가 3호 이상이면 학교와 관공서가 쉽니다. 물과 통조림과 손전등을 사흘 치 준비하세요."
    summary = parts_of(write(material_of([(document, "")]), 400, 0)[0])["summary"]
    assert summary and all(line.removeprefix("- ") in document for line in summary)


def test_a_summing_document_gives_the_lists_of_its_style():
    document = clean(DOCUMENT)
    review = extract_review(Document("", 0, 0, 0, "", document))
    lists = material_of([(document, "")], style="summary").lists
    assert lists["to_beware"] == review.to_beware and set(lists) >= {"merits", "drawbacks", "audience"}


def test_of_a_table_only_the_contacts_of_some_places_can_be_taken():
    table = [
        {
            "institution": "대사관",
            "contacts": [{"kind": "TEL", "value": "02-000-1234", "documents": [{"source": "a.txt", "line": 3}]}],
        },
        {
            "institution": "은행",
            "contacts": [{"kind": "TEL", "value": "02-000-5678", "documents": [{"source": "a.txt", "line": 9}]}],
        },
    ]
    assert contacts_of(table, {("a.txt", 9)}) == {"은행": [("TEL", "02-000-5678")]}
    assert set(contacts_of(table)) == {"대사관", "은행"}


@given(document=DOCUMENTS, seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_tokens_line_by_line_are_those_of_the_whole_answer(write, tokenizer, document, seed):
    text, tokens = write(material_of_text(document), 800, seed)
    assert tokens == tokenizer.encode(text).ids


def test_a_line_cut_inside_a_number_is_not_offered():
    number = "마카티와 보니파시오는 월세가 비싼 편이고 파라냐케는 조금 쌉니다 그러니 먼저 꼭 전화로 물어보고 가세요 번호는 0917-000-5678입니다"
    document = f"월세 이야기\n{number}"
    cut = extract_answer(Document("", 0, 0, 0, "월세 이야기", document)).summary[1]
    assert len(cut) < len(number)
    half = document.replace(number, "가" * 60 + " 연락 0917 000 5678 로 하세요")
    assert any(list(find_runs(line)) for line in half.split("\n"))
    for text in (document, half):
        material = material_of([(text, "월세 이야기")])
        known = KnownContacts(text=text)
        lines = [line for lines in (*material.lists.values(), *material.passages) for line in lines]
        assert all(map(known.allow_all, lines))


def test_two_documents_that_say_the_same_say_it_once():
    assert material_of([(DOCUMENT, "여권")] * 2) == material_of([(DOCUMENT, "여권")])


@given(document=DOCUMENTS, seed=SEEDS, room=st.integers(150, 500))
@settings(max_examples=20, deadline=None)
def test_a_form_can_be_written_more_than_once(tokenizer, wander, count_tokens, document, seed, room):
    form = GuidedForm(TEMPLATE, material_of_text(document), room, count_tokens)
    first, again = (wander(AnswerGuide(form.write(), None, tokenizer, TEMPLATE.nothing), seed) for _ in range(2))
    assert first == again


# --- Answers in free words, with the contacts of a table ---


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
        guide, following, written = AnswerGuide(form, KNOWN, tokenizer, TEMPLATE.nothing), itertools.cycle(repeated), []
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


@pytest.mark.parametrize("room", [150, 400, 900])
def test_a_line_whose_sentence_never_ends_ends_in_time(tokenizer, recite, room):
    parts = parts_of(recite(tokenizer.encode(" 여권을 잃어버렸다면 1500.50페소를 내고").ids, room)[0])
    details = len(tokenizer.encode("\n".join(parts["details"])).ids)
    assert (details == DETAIL_TOKENS - LINE_END_TOKENS) == (room == 900)


# --- The free form ---


@pytest.mark.parametrize(("template", "end"), [(TEMPLATES[0], END_ANSWER), (TEMPLATES[1], END_SUMMARY)])
def test_a_free_answer_ends_with_the_marker_of_its_style_at_the_beginning_of_a_line(tokenizer, template, end):
    guide = AnswerGuide(free_form(template), None, tokenizer, template.nothing)
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
