"""What benchmarks/answers.py says of answers whose worth is known."""

import importlib

import pipeline
from answering.assistant import Assistant
from answering.source import Source
from benchmarks.answers import (
    Finished,
    HeldOut,
    add_up,
    agreement,
    has_form,
    longest_common_subsequence,
    main,
    measure,
    read_held_out,
    read_parts,
    repeated_ngrams,
    support,
    topic_words,
    without,
)
from corpus.extraction.answers import extract_answer
from corpus.raw.documents import Document
from corpus.template import Template

import pytest

TEMPLATE = Template()
TITLE = "마닐라에서 여권을 잃어버렸을 때"
TEXT = f"""{TITLE}
먼저 가까운 경찰서에 가서 분실 신고서를 받으세요. 그다음 대사관에 전화로 예약하고 방문하면 단수여권을 사흘 안에 받을 수 있습니다.
준비물: 여권용 사진 2장, 분실 신고서
주의사항: 신고한 여권은 다시 찾아도 쓸 수 없습니다.
한국대사관 영사과
TEL: (02) 0000-1234
WEB: www.embahada.example"""
QUESTION = f"'{TITLE}' 글의 내용을 요약해줘."
REFERENCE = f"""요약:
- {TITLE}
- 먼저 가까운 경찰서에 가서 분실 신고서를 받으세요.
체크리스트:
- 해야 할 일:
  - 먼저 가까운 경찰서에 가서 분실 신고서를 받으세요.
- 준비물:
  - 여권용 사진 2장
  - 분실 신고서
- 주의사항:
  - 신고한 여권은 다시 찾아도 쓸 수 없습니다.
연락처(공공정보):
- 한국대사관 영사과
  - TEL: (02) 0000-1234
  - WEB: www.embahada.example
상세 설명:
그다음 대사관에 전화로 예약하고 방문하면 단수여권을 사흘 안에 받을 수 있습니다."""
EMPTY = """요약:
- 자료에 없음
체크리스트:
- 해야 할 일:
  - 자료에 없음
- 준비물:
  - 자료에 없음
- 주의사항:
  - 자료에 없음
연락처(공공정보):
- 자료에 없음
상세 설명:
자료에 없음"""


def shares_of(text: str, question: str = QUESTION, ended: bool = True, table=None) -> dict:
    """Every measure of one answer about the document; a character is a token here."""
    about = HeldOut(Source(TEXT, TITLE), QUESTION, QUESTION, REFERENCE)
    return measure(Finished(about, question, text, ended), TEMPLATE, lambda line: list(map(ord, line)), table)


def test_the_answer_that_step_01_made_scores_full_marks():
    figures = add_up([shares_of(REFERENCE)])
    full = {name for name in figures if name not in ("repeated 4-grams", "tokens per answer")}
    assert {name: figures[name] for name in full} == dict.fromkeys(full, 1.0)
    assert figures["tokens per answer"] == len(REFERENCE)


def test_an_answer_that_says_nothing_has_the_form_and_no_more():
    figures = add_up([shares_of(EMPTY)])
    assert figures["form"] == figures["ended by themselves"] == 1.0
    assert figures["contact recall"] == figures["lists like step 01's"] == figures["topic kept"] == 0.0
    # Nothing was said, so nothing said was right or wrong.
    assert figures["contact precision"] is figures["supported summary lines"] is figures["repeated 4-grams"] is None


# --- Form ---


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("체크리스트:\n", ""), "a heading is missing"),
        (lambda text: text.replace("- 준비물:\n", ""), "a list is missing"),
        (lambda text: text.replace("  - 분실 신고서", "요약:"), "a heading stands there twice"),
        (
            lambda text: text.replace("준비물", "임시").replace("주의사항", "준비물").replace("임시", "주의사항"),
            "order",
        ),
        (lambda text: text[: text.index("그다음 대사관")], "nothing is below the last heading"),
        (lambda text: text.replace("  - 신고한 여권은 다시 찾아도 쓸 수 없습니다.\n", "\n"), "nothing is below one"),
        (lambda text: text.replace("- 해야 할 일:", "- 여권\n- 해야 할 일:"), "something is between the headings"),
        (lambda text: "네, 알려 드릴게요.\n" + text, "something is above the first"),
    ],
)
def test_an_answer_without_the_form(change, why):
    assert has_form(TEMPLATE, REFERENCE) and change(REFERENCE) != REFERENCE
    assert not has_form(TEMPLATE, change(REFERENCE)), why


def test_an_answer_that_was_cut_off_has_neither_form_nor_end():
    shares = shares_of(REFERENCE, ended=False)
    assert shares["form"] == shares["ended by themselves"] == (False, 1)


def test_parts_are_read_without_bullets_and_without_the_phrase_for_nothing():
    parts = read_parts(TEMPLATE, REFERENCE.replace("  - 여권용 사진 2장\n  - 분실 신고서", "  - 자료에 없음"))
    assert parts["to_bring"] == [] and parts["to_beware"] == ["신고한 여권은 다시 찾아도 쓸 수 없습니다."]
    assert parts["contacts"] == ["- 한국대사관 영사과", "  - TEL: (02) 0000-1234", "  - WEB: www.embahada.example"]


def test_the_summary_style_has_its_own_parts():
    text = "핵심요약:\n- 값이 싸다.\n장점:\n- 자료에 없음\n단점:\n- 멀다.\n추천대상:\n- 자료에 없음\n주의사항:\n- 자료에 없음"
    template = Template.of_style("summary")
    assert has_form(template, text) and not has_form(TEMPLATE, text)
    assert read_parts(template, text)["drawbacks"] == ["멀다."]


# --- Contacts ---


def test_another_spelling_of_a_contact_is_the_same_and_a_made_up_one_is_wrong():
    shares = shares_of(REFERENCE.replace("(02) 0000-1234", "02 0000 1234").replace("embahada", "imbento"))
    assert shares["contact precision"] == (1, 2) and shares["contact recall"] == (1, 2)


def test_a_made_up_contact_is_found_wherever_it_stands():
    in_details = REFERENCE.replace("전화로 예약하고", "0917-000-9999로 예약하고")
    assert shares_of(in_details)["contact precision"] == (2, 3)
    no_number_by_its_shape = REFERENCE.replace("TEL: (02) 0000-1234", "TEL: 12")
    assert shares_of(no_number_by_its_shape)["contact precision"] == (1, 2)


def test_only_listed_contacts_count_as_recalled():
    told = REFERENCE.replace("  - TEL: (02) 0000-1234\n", "").replace("전화로", "(02) 0000-1234로")
    assert shares_of(told)["contact precision"] == (2, 2) and shares_of(told)["contact recall"] == (1, 2)


def test_without_a_document_an_answer_may_give_the_contacts_of_the_table():
    table = {("WEB", "embahada.example"), ("TEL", "+63200009999")}
    assert shares_of(REFERENCE, table=table)["contact precision"] == (1, 2)
    assert shares_of(REFERENCE, table=table)["contact recall"] == (2, 2)


# --- Summary and lists ---


@pytest.mark.parametrize("line", extract_answer(Document("", 0, 0, 0, TITLE, TEXT)).summary)
def test_a_quotation_is_supported_wholly(line):
    assert support(line, TEXT) == 1.0


@pytest.mark.parametrize(
    ("line", "least", "most"),
    [
        ("가까운 경찰서에서 분실 신고서를 받으세요.", 0.8, 0.95),  # another particle, and two words left out
        ("대사관에 전화로 예약하면 단수여권을 사흘 안에 받을 수 있습니다.", 0.8, 0.95),
        ("받으세요 신고서를 분실 가서 경찰서에 가까운 먼저.", 0.0, 0.4),  # the same words in no order
        ("여권을 다시 받을 수 있는 은행은 세부에 없습니다.", 0.0, 0.5),
        ("먼저 사흘 사진 신고한 영사과", 0.0, 0.5),  # in order, but gathered from the whole document
        ("비가 오면 학교와 관공서가 쉽니다.", 0.0, 0.3),
    ],
)
def test_a_line_is_supported_as_far_as_one_stretch_of_the_document_says_it(line, least, most):
    assert least <= support(line, TEXT) <= most


def test_support_by_a_document_that_is_shorter_than_the_line():
    assert support("여권을 받으세요. 여권을 받으세요.", "여권을 받으세요.") == 0.5
    assert support("여권", "") == 0.0


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [("", "가나", 0), ("가나다", "", 0), ("가나다", "가나다", 3), ("가나다라", "나가라", 2), ("가가가", "나가나가", 2)],
)
def test_the_longest_common_subsequence(one, other, length):
    assert longest_common_subsequence(one, other) == longest_common_subsequence(other, one) == length


def test_agreement_is_the_f1_of_the_lines():
    one, two, three = "경찰서에 가세요.", "대사관에 가세요!", "은행 계좌를 여세요."
    assert agreement(([one, two], [one, two])) == (4, 4)
    assert agreement(([one, three], [one, two])) == (2, 4)  # precision and recall 1/2
    assert agreement(([], [one]), ([two], [])) == (0, 2)  # the right line in the wrong list
    assert without(TITLE, [TITLE, TITLE[:10], one]) == [one]


# --- Repetition and topic ---


def test_repeated_runs_count_within_lines():
    assert repeated_ngrams([[1, 2, 3, 4, 5], [6, 7, 8]]) == (0, 2)
    assert repeated_ngrams([[1, 1, 1, 1, 1, 1]]) == (2, 3)
    assert repeated_ngrams([[1, 2, 3, 4], [1, 2, 3, 4]]) == (1, 2)


def test_contacts_headings_and_bullets_do_not_count_as_repeated():
    assert shares_of(EMPTY)["repeated 4-grams"] == (0, 0)
    again = REFERENCE.replace("상세 설명", "- 한국대사관 영사과\n  - TEL: (02) 0000-1234\n상세 설명")
    assert shares_of(again)["repeated 4-grams"] == shares_of(REFERENCE)["repeated 4-grams"]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("여권 재발급과 준비물을 알려줘.", ["여권", "재발급"]),
        ("'교통사고가 났을 때' 글에서 보험사 부분을 정리해줘.", ["교통사고", "났을", "보험사"]),
        ("ACR 카드가 궁금해요. 요약과 체크리스트로 정리해줘.", ["acr", "카드"]),
        ("이 글의 내용을 정리해줘.", []),
    ],
)
def test_the_topic_of_a_question_is_what_its_pattern_does_not_say(question, words):
    assert topic_words(question) == words


def test_the_topic_is_kept_where_its_words_stand_with_any_particle():
    kept = shares_of(EMPTY.replace("- 자료에 없음", "- 여권은 경찰서에서", 1), "여권을 파는 은행이 궁금해요.")
    assert kept["topic kept"] == (1, 3)  # 여권; neither 파는 nor 은행


# --- Over all answers ---


def test_shares_are_added_up_before_they_are_divided():
    shares = [{"form": (1, 1), "lines": (1, 3)}, {"form": (0, 1), "lines": (1, 1)}, {"form": (0, 1), "lines": (0, 0)}]
    assert add_up(shares) == {"form": 1 / 3, "lines": 0.5}
    assert add_up([{"lines": (0, 0)}]) == {"lines": None}


def test_the_held_out_documents_come_with_their_titles_questions_and_answers(built_house):
    step_05 = importlib.import_module("05_generate")
    flags = ["--checkpoint-path", str(built_house.checkpoint), "--samples-path", str(built_house.samples)]
    settings = pipeline.read_settings(step_05.Settings, vars(step_05), flags)
    assistant = Assistant.load(step_05.artifacts_of(settings))
    held_out = read_held_out(assistant, str(built_house.val_bin), 100)
    texts = built_house.samples.read_text(encoding="utf-8")
    assert held_out and read_held_out(assistant, str(built_house.val_bin), 1) == held_out[:1]
    for each in held_out:
        assert each.document.title in texts and each.document.line > 0
        assert TEMPLATE.write_prompt(each.question, each.document.text) + each.reference in texts
        assert TEMPLATE.write_prompt(each.closed_question) in texts
        assert has_form(TEMPLATE, each.reference)


def test_two_tables_have_a_column_for_each_way_to_ask(built_house, capsys):
    paths = {
        "checkpoint-path": "checkpoint",
        "control": "checkpoint",
        "samples-path": "samples",
        "contacts-path": "contacts",
        "val-bin": "val_bin",
    }
    flags = [text for flag, name in paths.items() for text in (f"--{flag}", str(getattr(built_house, name)))]
    main([*flags, "--device", "cpu", "--limit", "1", "--show", "1", "--max-new-tokens", "150"])
    guided, alone = capsys.readouterr().out.split("\nthe model alone: form free, no line or contact verified\n")
    for table, form in (guided, ["1.000", "1.000", "1.000", "1.000"]), (alone, ["0.000", "0.000", "0.000", "1.000"]):
        assert table.count("--- step 01's") == 2
        rows = [
            next(line for line in table.split("\n") if line.startswith(start)).split() for start in ("1 doc", "form")
        ]
        assert rows == [
            ["1", "documents", "grounded", "control", "closed-book", "step", "01's", "goal"],
            ["form", *form, "1.0"],
        ]
