"""A document becomes the answer that its sample teaches, and every line of it comes from the document."""

import re

from corpus.extraction.answers import extract_answer
from corpus.extraction.contact_values import FULL_NUMBER, find_values
from corpus.extraction.passages import candidate_passages
from corpus.extraction.shortening import shorten
from corpus.raw.documents import Document
from corpus.raw.normalization import normalize, standardize_labels
from corpus.raw.words import content_words
from corpus.template import Answer, Template

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

LONGEST_LINE = 120  # characters that a line of an answer may have
CUT = "…"  # the end of a line that goes on in the document


def document(text: str, title: str = "") -> Document:
    return Document("raw.txt", 1, 0, 0, title, standardize_labels(normalize(text)).strip())


def items_of(answer: Answer) -> list[str]:
    return [*answer.to_do, *answer.to_bring, *answer.to_beware]


def lines_of(answer: Answer) -> list[str]:
    return [*answer.summary, *items_of(answer)]


def one_line(text: str) -> str:
    return " ".join(text.split())


PASSPORT = """\
마닐라에서 여권을 잃어버렸을 때
지난달 말라테에서 지갑과 여권을 한꺼번에 잃어버렸습니다. 먼저 가까운 경찰서에 가서 분실 신고서를 받으세요.
그다음 대사관에 예약하고 방문하면 단수여권을 사흘 안에 받을 수 있습니다.
준비물: 여권용 사진 2장, 분실 신고서, 신분증 사본, 수수료 1,500페소
주의사항: 신고한 여권은 다시 찾아도 쓸 수 없습니다.
한국대사관 영사과
☎ 전화: (02) 0000-1234
주소: 12 Halimbawa Street, Taguig
홈페이지: www.embahada.example"""


@pytest.fixture(scope="module")
def posts(raw_text) -> list[Document]:
    return [document(post, post.split("\n")[0]) for post in raw_text.split("\n\n\n")]


@pytest.fixture(scope="module")
def passport() -> Answer:
    return extract_answer(document(PASSPORT, "마닐라에서 여권을 잃어버렸을 때"))


# --- Nothing is invented ---


def test_every_line_of_an_answer_is_taken_from_its_document(posts):
    for post in posts:
        answer = extract_answer(post)
        assert answer.summary
        assert all(one_line(line.removesuffix(CUT)) in one_line(post.text) for line in lines_of(answer))
        assert all(each.value in post.text for contacts in answer.contacts.values() for each in contacts)
        assert all(line in one_line(post.text) for line in answer.details.split("\n"))


def test_no_line_is_too_long_or_cut_inside_a_word(posts):
    marks = " ,;():-.…"  # what the end of a line may have lost, besides whole words
    for post in posts:
        words = {word.strip(marks) for word in post.text.split()}
        for line in lines_of(extract_answer(post)):
            assert 0 < len(line) <= LONGEST_LINE
            assert {word.strip(marks) for word in line.split()} <= words | {""}


def test_a_statement_stands_in_one_place_of_the_checklist_only(posts):
    for post in posts:
        items = items_of(extract_answer(post))
        assert len(items) == len(set(items))


def test_an_item_that_is_listed_twice_is_told_once():
    text = "준비물: 여권 원본, 사진 2장\n\n어제 다시 가 보니 하나 더 내라고 했습니다.\n\n구비서류: 여권 원본, 사진 2장, 주소 증명서"
    assert extract_answer(document(text)).to_bring == ["여권 원본", "사진 2장", "주소 증명서"]


def test_the_summary_holds_no_contacts(posts):
    for post in posts:
        assert not any(re.search(FULL_NUMBER, line) or "TEL:" in line for line in extract_answer(post).summary)


def test_the_same_document_always_gets_the_same_answer(passport):
    assert extract_answer(document(PASSPORT, "마닐라에서 여권을 잃어버렸을 때")) == passport


# --- The summary ---


def test_the_summary_is_in_the_order_of_the_text_and_repeats_nothing(passport):
    text = one_line(PASSPORT)
    places = [text.find(line) for line in passport.summary]
    assert places == sorted(set(places)) and places[0] >= 0


def test_the_summary_begins_with_the_title_and_has_it_only_there(passport):
    first, *others = passport.summary
    assert first == "마닐라에서 여권을 잃어버렸을 때"
    assert not any(first in line for line in others)


def test_the_summary_does_not_tell_the_same_thing_twice():
    text = "관광비자는 이민국에서 연장합니다. 관광비자는 이민국에서 꼭 연장합니다. 이민국에서 관광비자를 연장합니다. 수수료는 창구에서 현금으로 냅니다. 영수증은 출국할 때까지 보관합니다."
    summary = extract_answer(document(text)).summary
    assert sum("연장합니다" in line for line in summary) == 1 and len(summary) == 3


def test_the_summary_of_a_chat_says_what_was_said_and_not_who_said_it():
    chat = (
        "[리아맘] [오후 3:12] 여권 잃어버리면 어디로 가나요\n"
        "[망고] [오후 3:13] 먼저 가까운 경찰서에서 분실 신고서를 받으세요."
    )
    assert extract_answer(document(chat, "여권 잃어버리면 어디로 가나요")).summary == [
        "여권 잃어버리면 어디로 가나요",
        "먼저 가까운 경찰서에서 분실 신고서를 받으세요.",
    ]


# --- The checklist ---


def test_what_follows_a_heading_of_things_to_bring_is_brought(passport):
    assert passport.to_bring == ["여권용 사진 2장", "분실 신고서", "신분증 사본", "수수료 1,500페소"]


@pytest.mark.parametrize(
    "heading", ["준비물:", "구비서류:", "구비 서류", "[준비물]", "필요 서류 :", "제출서류는 다음과 같습니다:"]
)
def test_the_items_of_a_list_below_such_a_heading_are_brought(heading):
    text = f"은행 계좌를 만들려고 세 번 다녀왔습니다.\n{heading}\n- 여권 원본\n- 주소 증명서\n- ACR 카드"
    assert extract_answer(document(text)).to_bring == ["여권 원본", "주소 증명서", "ACR 카드"]


def test_the_items_below_a_heading_of_warnings_are_warnings():
    text = "택시를 탈 때 알아 둘 것이 있습니다.\n주의사항:\n- 미터기를 켜는지 보기\n- 큰돈은 나누어 넣기"
    answer = extract_answer(document(text))
    assert answer.to_beware == ["미터기를 켜는지 보기", "큰돈은 나누어 넣기"]
    assert answer.to_bring == []


def test_the_items_below_a_heading_of_steps_are_done():
    text = "면허증을 바꾸러 교통국에 다녀왔습니다.\n신청 절차:\n1. 접수 창구에서 번호표 뽑기\n2. 건강 검진 받기\n3. 사진 찍고 기다리기"
    assert extract_answer(document(text)).to_do == ["접수 창구에서 번호표 뽑기", "건강 검진 받기", "사진 찍고 기다리기"]


def test_a_heading_ends_at_a_blank_line():
    text = "준비물:\n- 여권 원본\n\n- 창문에서 떨어져 있기"
    assert "창문에서 떨어져 있기" not in extract_answer(document(text)).to_bring


@pytest.mark.parametrize(
    "sentence",
    [
        "돈을 먼저 보내 달라는 사람을 조심하세요.",
        "하루라도 넘기면 벌금이 붙습니다.",
        "현장에서 합의금을 주지 마세요.",
        "경찰관이 올 때까지 현장을 떠나면 안 됩니다.",
        "입금부터 요구하면 사기입니다.",
    ],
)
def test_a_warning_is_something_to_beware_of(sentence):
    assert extract_answer(document(f"어제 시장에 다녀왔습니다. {sentence}")).to_beware == [sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "먼저 가까운 이민국 지점으로 가세요.",
        "보험사에 하루 안에 연락하십시오.",
        "아침 일찍 줄을 서야 합니다.",
        "예약은 전화로 하시면 됩니다.",
    ],
)
def test_an_instruction_is_something_to_do(sentence):
    assert extract_answer(document(f"어제 시장에 다녀왔습니다. {sentence}")).to_do == [sentence]


@pytest.mark.parametrize(
    "sentence",
    ["여권 사본을 두 장 준비하세요.", "진단서와 영수증 원본을 꼭 챙겨 가세요.", "신분증 사본 2부가 필요합니다."],
)
def test_a_thing_that_somebody_must_have_is_something_to_bring(sentence):
    assert extract_answer(document(f"어제 시장에 다녀왔습니다. {sentence}")).to_bring == [sentence]


def test_a_story_gives_no_checklist():
    answer = extract_answer(document("바기오는 서늘했습니다. 시장에서 딸기를 샀습니다. 저녁에는 비가 왔습니다."))
    assert (answer.to_do, answer.to_bring, answer.to_beware) == ([], [], [])


# --- Contacts and details ---


def test_contacts_stand_below_their_institution(passport):
    (contacts,) = passport.contacts.values()
    assert set(passport.contacts) == {each.institution for each in contacts} == {"한국대사관 영사과"}
    assert [(each.label, each.value) for each in contacts] == [
        ("TEL", "(02) 0000-1234"),
        ("ADDR", "12 Halimbawa Street, Taguig"),
        ("WEB", "www.embahada.example"),
    ]


def test_the_details_say_something_that_the_summary_leaves_out():
    text = " ".join(f"{number}번째 집은 방이 {number}개이고 월세가 {number}만 페소였습니다." for number in range(1, 15))
    answer = extract_answer(document(text))
    sentences = [
        sentence for sentence in answer.details.split(". ") if sentence.rstrip(".") + "." not in answer.summary
    ]
    assert sentences and answer.details in text


def test_what_a_line_says_besides_its_contact_stands_in_the_details():
    text = (
        "세부 병원 ☎ 032-000-1234. 주말에는 응급실만 엽니다. 접수할 때 여권 사본을 냅니다.\n"
        "바기오 병원 ☎ 074-000-1234. 한국어 통역이 있습니다."
    )
    assert extract_answer(document(text)).details == (
        "주말에는 응급실만 엽니다. 접수할 때 여권 사본을 냅니다.\n한국어 통역이 있습니다."
    )


def test_sentences_on_both_sides_of_a_contact_stand_below_each_other():
    text = "접수는 창구에서 합니다. 문의는 02-000-1234로 하세요. 점심에는 닫습니다."
    assert extract_answer(document(text)).details == "접수는 창구에서 합니다.\n점심에는 닫습니다."


def test_a_text_of_nothing_but_contacts_is_told_with_them():
    lines = ["세부 병원 TEL: 032-000-1234", "바기오 병원 TEL: 074-000-1234 (내선 12)"]
    post = document("\n".join(lines))
    assert extract_answer(post).details == "\n".join(lines)
    assert extract_answer(post).details in [passage for each in candidate_passages(post.text) for passage in each]


def test_a_sentence_longer_than_the_details_is_cut_as_a_line_is():
    post = document("이민국에 들러 신청하고 " * 40 + "왔습니다.")
    details = extract_answer(post).details
    assert 200 < len(details) <= 300 and details.endswith("신청하고…") and details.removesuffix(CUT) in post.text


def test_the_details_begin_where_a_line_does():
    """What stands within a line leans on what was said before: "신청서는 거기 있고…"."""
    text = (
        "이민국은 오전 8시에 엽니다. 줄은 7시부터 섭니다.\n"
        "접수는 2층에서 합니다. 카드는 안 받는다. 신청서는 거기 있고 사진은 옆 가게에서 찍습니다.\n"
        "영수증은 꼭 챙기세요. 출국할 때 다시 봅니다."
    )
    passages = [passage for each in candidate_passages(text) for passage in each]
    beginnings = ("이민국은", "접수는", "영수증은")
    assert len(passages) == 7 + 5 + 2 and all(passage.startswith(beginnings) for passage in passages)
    assert extract_answer(document(text)).details.startswith(beginnings)


@pytest.mark.parametrize(
    ("heading", "below"),
    [
        ("자주 틀리는 거", "- 성과 이름을 바꿔 씁니다."),
        ("1. 증상", "- 갑자기 열이 납니다."),
        ("1. 증상", "갑자기 열이 나고 온몸이 쑤십니다."),
        ("▶ 꼭 알아둘 것", "1. 여권은 두고 다니세요."),
        ("비상연락", "TEL: 02-0000-1234"),
        ("흔히 다음과 같은 순서로 진행됩니다.", "① 경찰서에 갑니다."),
        ("그 뒤로 한 일은 이렇습니다.", "공증을 받았습니다."),
        ("연락할 곳", ""),
    ],
)
def test_the_details_do_not_end_on_what_announces_a_list(heading, below):
    text = f"뎅기열은 모기가 옮깁니다. 우기에 많습니다.\n{heading}\n{below}"
    passages = [passage for each in candidate_passages(text) for passage in each]
    assert "뎅기열은 모기가 옮깁니다. 우기에 많습니다." in passages
    assert not any(passage.endswith(heading) for passage in passages)


@pytest.mark.parametrize("item", ["- 사진 두 장", "2. 사진 두 장"])
def test_the_details_may_end_on_an_item_of_a_list(item):
    text = f"이민국에 낸 것입니다.\n{item[:2]} 여권 원본\n{item}\n{item[:2]} 수수료"
    assert any(passage.endswith(item) for each in candidate_passages(text) for passage in each)


def test_a_line_of_marks_only_is_not_in_the_details():
    passages = candidate_passages("여권 | 원본\n|---|---|\n사진 | 두 장\n모두 창구에 냅니다.")
    assert passages and not any("---" in passage for each in passages for passage in each)


def test_the_number_of_an_item_within_a_line_is_no_part_of_what_it_counts():
    text = "여권을 잃어버리면 이렇게 하세요. 1. 경찰서에 가서 분실 신고를 하세요. 2. 대사관에 가서 여권을 신청하세요."
    answer = extract_answer(document(text))
    assert answer.to_do[-2:] == ["경찰서에 가서 분실 신고를 하세요.", "대사관에 가서 여권을 신청하세요."]
    assert "대사관에 가서 여권을 신청하세요." in answer.summary


def test_where_there_is_nothing_to_say_the_answer_says_so():
    template = Template()
    sections = template.split_sections(template.write_answer(extract_answer(document("바기오는 서늘했습니다."))))
    assert sections[template.contacts] == f"- {template.nothing}\n"
    assert sections[template.checklist].count(template.nothing) == 3
    assert "바기오는 서늘했습니다." in sections[template.details]


# --- Lines ---


def test_a_sentence_of_usual_length_stays_whole():
    line = "구비서류: 여권 사본, 비자면 사본 또는 ACR I-Card 앞뒤, 재직증명서(회사 계약이면 Secretary's Certificate), 2x2 사진 2장."
    assert 80 < len(line) <= LONGEST_LINE and shorten(line) == line


def test_a_long_line_is_cut_after_a_clause_and_shows_it():
    line = (
        "이민국은 아침 여덟 시에 문을 여는데 사람이 많아서 일찍 줄을 서야 하고, 점심시간에는 창구 하나만 열려 있어서 "
        "오래 기다릴 수 있으니 간식을 챙기는 편이 낫고 화장실은 밖에 있으며 가까운 은행은 길 건너에 있습니다."
    )
    assert len(line) > LONGEST_LINE
    assert line.startswith(shorten(line).removesuffix(CUT)) and shorten(line).endswith("있으며…")


@pytest.mark.parametrize(
    "value",
    [
        "12 Halimbawa Street, Poblacion, Makati City",
        "Unit 12F, Halimbawa Residences, Mandaluyong",
        "0917 000 1234",
        "https://embahada.example/visa/annual-report/2024?kind=9a&lang=ko",
    ],
)
@pytest.mark.parametrize("before", range(60, 118, 4))
def test_a_line_is_never_cut_inside_a_contact(value, before):
    words = "신청서와 여권 사본을 들고 아침 일찍 이민국에 가서 번호표를 뽑고 기다렸다가 창구에서 접수한 다음 영수증을 꼭 받아 두셨다가 "
    line = f"{(words * 2)[:before].strip()} {value} 근처 은행에서 수수료를 내고 돌아와서 다시 기다리세요."
    found = find_values(line)[0]
    short = shorten(line)
    assert found.value == value and len(short) <= LONGEST_LINE
    assert short == line or len(short.removesuffix(CUT)) <= found.start or found.end <= len(short.removesuffix(CUT))
    assert {each.value for each in find_values(short)} <= {value}


def test_a_contact_longer_than_a_line_is_kept_whole_where_the_line_begins_with_it():
    address = "https://embahada.example/visa?" + "&".join(f"item{number}=value{number}" for number in range(12))
    assert shorten(f"{address} 에서 신청서를 받으세요.") == address + CUT
    assert shorten(f"신청서: {address} 에서 받으세요.") == "신청서:" + CUT
    assert shorten(address) == address


WORDS = st.lists(
    st.text(st.sampled_from("가나다라마바사아자차카타파하고지만,.;()a1"), min_size=1, max_size=12),
    min_size=1,
    max_size=40,
)


@given(WORDS)
@settings(max_examples=400, deadline=None)
def test_any_line_is_shortened_to_its_beginning_without_cutting_a_word(words):
    line = " ".join(words)
    short = shorten(line)
    kept = short.removesuffix(CUT)
    assert len(short) <= LONGEST_LINE and line.startswith(kept)
    assert short == line or (short.endswith(CUT) and line[len(kept)] in " ,;()")
    assert len(line) > LONGEST_LINE or short == line


def test_the_words_that_carry_the_subject_come_without_particles():
    assert content_words("대사관에서 여권을 Police 신고서로 받습니다.")[:4] == ["대사관", "여권", "police", "신고서"]


SENTENCES = [
    "여권을 준비하세요.",
    "준비물: 여권, 사진",
    "주의사항:",
    "- 여권 사본",
    "1. 신청하세요",
    "☎ 02-000-1234",
    "세부 병원",
    "",
    "2024-03-15",
]
SENTENCES += [
    "절대로 돈을 먼저 보내지 마세요.",
    "가" * 90,
    "이민국에 가서 신청서를 쓰고 " * 8,
    "[EOS]",
    "😀",
    "준비물:",
    "해야 할 일: 신고",
    "주소: 12 Halimbawa St., Brgy. San Roque, Makati City. 문의는 02-000-1234로 하세요.",
    "3. 신청하고 4. 기다립니다. " * 12,
]


@given(
    st.one_of(
        st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12).map("\n".join), st.text(min_size=1, max_size=100)
    )
)
@settings(max_examples=400, deadline=None)
def test_whatever_the_document_says_the_answer_adds_nothing(text):
    post = document(text)
    answer = extract_answer(post)
    assert all(0 < len(line) <= LONGEST_LINE and line.removesuffix(CUT) in post.text for line in lines_of(answer))
    assert all(line.removesuffix(CUT) in one_line(post.text) for line in answer.details.split("\n"))
