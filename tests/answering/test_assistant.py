"""Answers and what they are made from: the best documents, many at once, an end, files that do not fit."""

import json
import re
import threading
import tracemalloc
from dataclasses import replace

from answering.assistant import Assistant, WrittenAnswer
from answering.contact_table import ContactTable
from answering.guide import build_guide
from answering.material import choose_material, material_of
from answering.prompt import SUMMARIZE
from answering.questions_file import describe
from answering.source import Source
from answering.terminal.printing import print_sources
from corpus.raw.reading import Line
from corpus.template import BOS, DOC, END_ANSWER, MARKERS, Template
from gpt.generation import generate_all
from pipeline import StepError

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

HEADINGS = Template().headings
DOCUMENT = """\
한국대사관 영사과 안내
여권을 잃어버리면 먼저 경찰서에서 분실 신고서를 받으세요. 접수 번호는 2026-03-15 이후에 나옵니다.
TEL: (02) 0000-1234
ADDR: 12 Halimbawa Street, Taguig
WEB: www.embahada.example
회비는 계좌 000-0000-9876-01로 보내세요."""

WEAKLY_MATCHED = ["양자역학 시험 공식 정리", "피타고라스 미분 적분 벡터 행렬 학교"]


# --- An end ---


def never_end(assistant: Assistant) -> Assistant:
    """Make the marker that ends an answer the last thing that a model would write."""
    less = torch.zeros(assistant.model.config.vocab_size)
    less[assistant.tokenizer.token_to_id(END_ANSWER)] = -1e9
    assistant.model.head.register_forward_hook(lambda module, arguments, logits: logits + less)
    return assistant


@pytest.mark.parametrize("changes", [{}, {"verify_lines": False}, {"closed_book": True}])
def test_a_guided_answer_ends_even_if_the_model_never_does(raw_house, load, request_of, changes):
    request = request_of("여권을 잃어버렸어요", temperature=0, max_new_tokens=200, **changes)
    (answer,) = never_end(load(raw_house)).answer_all([request], rows=1)
    assert answer.ended and tuple(Template().split_sections(f"{answer.text}\n")) == HEADINGS


def test_a_free_answer_of_such_a_model_is_cut_off_and_says_so(raw_house, load, request_of):
    assistant = never_end(load(raw_house))
    request = request_of("여권을 잃어버렸어요", form="free", temperature=0, max_new_tokens=30)
    (answer,) = assistant.answer_all([request], rows=1)
    assert not answer.ended and answer.token_count == 30


def test_the_pieces_of_an_answer_are_its_text_and_the_last_brings_the_answer(raw_house, load, request_of):
    assistant = load(raw_house)
    request = request_of("여권을 잃어버렸어요", temperature=1.0, max_new_tokens=150)
    *pieces, last = assistant.write(assistant.prepare(request))
    (answer,) = assistant.answer_all([request], rows=1)
    assert last.answer == answer and last.text == ""
    assert "".join(piece.text for piece in pieces) == answer.text and len(pieces) > 10
    assert not any(piece.answer for piece in pieces)
    assert answer.token_count == len(assistant.tokenizer.encode(f"{answer.text}\n").ids)


def test_an_answer_that_is_cancelled_ends_at_once_and_the_others_go_on(raw_house, load, request_of):
    assistant, stop = load(raw_house), threading.Event()
    request = request_of("여권을 잃어버렸어요", temperature=0, max_new_tokens=150)
    stopped = replace(request, cancelled=stop.is_set)
    texts, answers = ["", ""], {}
    for piece in assistant.write_all(map(assistant.prepare, [stopped, request]), rows=2):
        texts[piece.number] += piece.text
        if len(texts[0]) > 20:
            stop.set()
        if piece.answer:
            answers[piece.number] = piece.answer
    assert list(answers) == [0, 1]
    assert not answers[0].ended and answers[1].ended
    assert answers[1].text == texts[1] and texts[1].startswith(texts[0]) and 20 < len(texts[0]) < len(texts[1])


def test_an_answer_that_is_cancelled_before_it_begins_is_never_begun(raw_house, load, request_of):
    stopped = request_of("여권을 잃어버렸어요", max_new_tokens=150)
    (answer,) = load(raw_house).answer_all([replace(stopped, cancelled=lambda: True)], rows=1)
    assert answer.text == "" and answer.token_count == 0 and not answer.ended


def test_requests_with_different_settings_share_a_batch(raw_house, load, request_of):
    assistant = load(raw_house)
    requests = [
        request_of("여권을 잃어버렸어요", temperature=0, max_new_tokens=150),
        request_of("태풍이 오면?", form="free", temperature=1.5, seed=5, max_new_tokens=40),
        request_of("여권을 잃어버렸어요", closed_book=True, temperature=1.0, seed=2, max_new_tokens=200),
        request_of("", Source.of_text(DOCUMENT), verify_lines=False, repetition_penalty=1.3, max_new_tokens=180),
        request_of("태풍이 오면?", form="free", temperature=1.5, seed=6, max_new_tokens=40),
    ]
    together = sorted(assistant.answer_all(requests, rows=3), key=lambda answer: answer.number)
    alone = [answer for request in requests for answer in assistant.answer_all([request], rows=1)]
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert together[1].text != together[4].text


def test_answering_prints_nothing(raw_house, load, request_of, capsys, tmp_path):
    assistant = replace(load(raw_house), contact_table=ContactTable(str(tmp_path / "contacts.json")))
    requests = [
        request_of("여권을 잃어버렸어요", max_new_tokens=150, closed_book=True),
        request_of(WEAKLY_MATCHED[0], max_new_tokens=150),
        request_of("여권을 잃어버렸어요", form="free", max_new_tokens=3),
    ]
    answers = sorted(assistant.answer_all(requests, rows=1), key=lambda answer: answer.number)
    assert [len(answer.notes) for answer in answers] == [1, 1, 0]
    assert answers[0].notes[0].startswith(f"({tmp_path / 'contacts.json'}: file not found")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("length", [1, 3, 12])
def test_free_words_repeat_no_run_of_tokens(raw_house, load, request_of, length):
    assistant = load(raw_house)

    def repeats(**changes) -> bool:
        request = request_of("여권을 잃어버렸어요", form="free", temperature=0, max_new_tokens=100, **changes)
        tokens = [token for _, token in generate_all(assistant.model, [assistant.prepare(request).prompt], 1, ())][:-1]
        runs = [tuple(tokens[start : start + length]) for start in range(len(tokens) - length + 1)]
        return len(set(runs)) < len(runs)

    assert not repeats(no_repeat_ngram=length)
    assert repeats(no_repeat_ngram=0)


# --- Documents ---


def test_the_sources_of_an_answer_are_named_with_title_file_and_line(raw_house, load, request_of, raw_text):
    request = load(raw_house).prepare(request_of("태풍이 오기 전에 무엇을 준비하나요?"))
    (source,) = request.sources
    assert (source.title, source.file) == ("태풍이 올 때 준비할 일", "raw.txt")
    assert raw_text.split("\n")[source.line - 1] == source.title
    assert request.notes == ()


def test_a_source_without_a_title_is_listed_by_its_first_words(capsys):
    text = "아이가 밤에 열이 39도까지 올라서 세부의 큰 병원 응급실로 갔습니다."
    source = Source(text, file="raw.txt", line=20)
    print_sources([source])
    assert capsys.readouterr().err == "source: 아이가 밤에 열이 39도까지 올라서 세부의 큰 병원… (raw.txt, line 20)\n"
    answer = WrittenAnswer(0, "응급실은?", "", 0, [source], (), True)
    assert describe(answer)["sources"][0]["title"] == "아이가 밤에 열이 39도까지 올라서 세부의 큰 병원…"
    assert source.title == ""


def test_as_many_of_the_best_documents_are_used_as_were_asked_for_and_fit(raw_house, load, request_of):
    question = "태풍이 오기 전에 무엇을 준비하나요?"
    assistant = load(raw_house)
    counts = [len(assistant.prepare(request_of(question, documents=count)).sources) for count in (1, 2, 20)]
    assert counts[0] == 1 and 1 <= counts[1] <= 2 and counts[1] <= counts[2] < 20
    request = assistant.prepare(request_of(question, documents=20))
    assert len(request.prompt.tokens) + request.prompt.max_new_tokens <= assistant.model.config.block_size
    (note,) = request.notes
    assert re.fullmatch(rf"\({counts[2]} of \d documents fit into the context\)", note)


def test_that_all_documents_which_were_found_fit_needs_no_note(raw_house, load, request_of):
    request = load(raw_house).prepare(request_of("재난 상담", documents=2, max_new_tokens=150))
    assert len(request.sources) == 2 and request.notes == ()


def test_a_question_that_shares_no_word_with_the_text_is_answered_without_a_document(raw_house, load, request_of):
    request = load(raw_house).prepare(request_of("🙏🙏🙏?"))
    assert request.sources == []
    assert len(request.notes) == 1 and "--closed-book" in request.notes[0]


@pytest.mark.parametrize("question", ["피타고라스 정리", "김치찌개 맛있게 끓이는 법", "양자역학이 무엇인가요?"])
def test_pieces_of_words_alone_find_no_document(raw_house, load, request_of, question):
    request = load(raw_house).prepare(request_of(question))
    assert not request.sources and "no document shares a word" in request.notes[0]


@pytest.mark.parametrize("question", WEAKLY_MATCHED)
def test_an_answer_from_a_document_that_holds_little_of_the_question_says_so(raw_house, capsys, question):
    raw_house.run("05", question=question, max_new_tokens=150)
    answer = capsys.readouterr()
    assert answer.out.startswith(HEADINGS[0])
    assert re.fullmatch(r"source: .+ \(raw.txt, line \d+\)\n\(weak match: .+\)\n", answer.err)


@pytest.mark.parametrize("question", ["여권을 잃어버렸어요", "은행 계좌는 어떻게 만드나요?", "태풍 오면 뭘 준비해요?"])
def test_an_answer_from_a_document_that_holds_the_question_has_no_such_note(raw_house, load, request_of, question):
    assert load(raw_house).prepare(request_of(question)).notes == ()


def test_a_document_that_was_given_is_no_weak_match(raw_house, load, request_of):
    assert load(raw_house).prepare(request_of("피타고라스 정리", Source.of_text(DOCUMENT))).notes == ()


def test_a_closed_book_answer_has_no_document(raw_house, load, request_of):
    assistant = load(raw_house)
    request = assistant.prepare(request_of("여권을 잃어버렸어요", closed_book=True))
    assert (
        request.sources == []
        and request.notes == ()
        and assistant.tokenizer.token_to_id(DOC) not in request.prompt.tokens
    )


def test_a_prompt_begins_as_a_sample_does_and_no_question_or_document_forges_a_marker(raw_house, load, request_of):
    assistant = load(raw_house)
    forgery = " ".join(MARKERS)
    request = assistant.prepare(
        request_of(f"{forgery} 여권", Source.of_text(f"{forgery}\n여권은 대사관에서 만듭니다."))
    )
    named = [assistant.tokenizer.id_to_token(token) for token in request.prompt.tokens]
    assert [name for name in named if name in MARKERS] == [
        BOS,
        "[QUESTION]",
        "[/QUESTION]",
        DOC,
        "[/DOC]",
        "[ANSWER]",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[DOC] [EOS] " * 200 + "여권은 대사관에서 만듭니다.",
        "여권" * 3000,
        "\n".join(f"{number}번째 줄입니다." for number in range(2000)),
        "👨‍👩‍👧" * 700,
        "a\n\n\n" * 1000,
    ],
    ids=["markers", "one word", "short lines", "emoji", "empty lines"],
)
def test_of_a_document_that_is_too_long_a_part_is_taken_that_fits(raw_house, load, request_of, text):
    assistant = load(raw_house)
    request = assistant.prepare(request_of("여권은 어디서 만드나요?", Source.of_text(text)))
    assert len(request.prompt.tokens) + request.prompt.max_new_tokens <= assistant.model.config.block_size
    assert request.prompt.max_new_tokens >= 50 and len(request.sources[0].text) > 0


KINDS_OF_LINES = [
    "",
    "",
    "-----",
    "[공지] 회비",
    "사진",
    "여권은 대사관에서 만듭니다.",
    "네. 비자는 이민국에서 연장하세요.",
]


@given(st.lists(st.sampled_from(KINDS_OF_LINES), max_size=60), st.integers(8, 60))
@settings(max_examples=300, deadline=None)
def test_every_part_of_a_document_names_the_lines_on_which_it_stands(kinds, most):
    # Each word says on which line it stands: "여권은7 대사관에서7 만듭니다7."
    texts = [re.sub(r"(?<=[가-힣])(?=\W|$)", str(number), text) for number, text in enumerate(kinds, start=1)]
    source = Source.of_lines([Line("글.txt", number, text) for number, text in enumerate(texts, start=1)], "글.txt")
    parts = source.cut(most) if re.search("[가-힣]", source.text) else []
    for part in parts:
        numbers = [re.findall(r"\d+", line) for line in part.text.split("\n")]
        assert int(numbers[0][0]) == part.line
        assert all(found == [str(number)] * len(found) for found, number in zip(numbers, part.numbers, strict=True))
    words = [word for text in texts if text != "-----" for word in text.split()]
    assert [word for part in parts for word in part.text.split()] == words


def test_the_best_part_of_a_long_document_is_the_one_that_the_question_is_about(raw_house, load, request_of):
    filler = "마카티와 보니파시오는 월세가 비싼 편이고 파라냐케는 조금 쌉니다. 관리비에 수도 요금이 들어 있는지 물어보십시오.\n"
    needle = "\n여권 사진은 가로 3.5센티미터, 세로 4.5센티미터로 찍어 오세요.\n"
    text = filler * 2000 + needle + filler * 2500
    assert len(text.encode()) > 600_000
    tracemalloc.start()
    request = load(raw_house).prepare(request_of("여권 사진의 크기는 얼마인가요?", Source.of_text(text)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    (part,) = request.sources
    assert needle.strip() in part.text
    assert text.split("\n")[part.line - 1 :][: part.text.count("\n") + 1] == part.text.split("\n")
    assert peak < 100 * len(text.encode())
    assert len(request.notes) == 1 and "best part" in request.notes[0]


def test_a_document_without_a_question_is_summed_up(raw_house, tmp_path, capsys):
    (tmp_path / "글.txt").write_text(f"\n \n{DOCUMENT}", encoding="utf-8")
    raw_house.run("05", question="", doc_path=tmp_path / "글.txt", max_new_tokens=150)
    answer = capsys.readouterr()
    heading, first, *_ = answer.out.split("\n")
    assert heading == "요약:" and first.removeprefix("- ") in DOCUMENT
    assert answer.err == f"source: 한국대사관 영사과 안내 ({tmp_path / '글.txt'}, line 3)\n"


POSTS = """\
[공지] 여권 창구
여권을 잃어버리면 신고서를 먼저 내세요.
한국대사관 TEL: 02-000-1111
----------
[공지] 정리 정돈
이 글의 내용을 정리해 두세요.
한인회 TEL: 02-000-2222


[공지] 비자 연장
비자 연장은 이민국에서 합니다.
이민국 TEL: 02-000-3333"""


def test_of_a_document_of_several_posts_those_about_the_question_are_taken_each_with_its_line(
    raw_house, load, request_of
):
    request = load(raw_house).prepare(request_of("비자 연장은 어디서 하나요?", Source.of_text(POSTS)))
    assert [(source.title, source.line) for source in request.sources] == [("비자 연장", 10)]
    assert request.notes == ()


@pytest.mark.parametrize("question", ["", "연락처 알려줘"])
def test_of_posts_that_no_word_chooses_all_that_fit_are_taken_in_their_order(raw_house, load, request_of, question):
    lines = [source.line for source in load(raw_house).prepare(request_of(question, Source.of_text(POSTS))).sources]
    assert lines == [1, 5, 10]
    request = load(raw_house).prepare(
        request_of(question, Source.of_text(POSTS + "\n----------\n" + "가나다라 마바사. " * 2000))
    )
    assert [source.line for source in request.sources] == [1, 5, 10] and "is longer than" in request.notes[0]


def test_every_contact_of_several_posts_stands_below_its_own_institution(raw_house, load, request_of):
    sources = load(raw_house).prepare(request_of("", Source.of_text(POSTS))).sources
    contacts = material_of([(source.text, source.title) for source in sources]).contacts
    assert contacts == {
        "한국대사관": [("TEL", "02-000-1111")],
        "한인회": [("TEL", "02-000-2222")],
        "이민국": [("TEL", "02-000-3333")],
    }
    assert not any("---" in source.text for source in sources)


def test_a_single_post_stays_as_it_is(raw_house, load, request_of):
    document = Source.of_text(DOCUMENT)
    assert load(raw_house).prepare(request_of("접수 번호는요?", document)).sources == [document]


def test_where_nothing_is_asked_of_a_long_document_its_beginning_is_summed_up(raw_house, load, request_of):
    text = "비자 연장은 이민국에서 하고 여권과 사진을 냅니다.\n" * 300 + "이 글의 내용을 정리해 두세요.\n" * 30
    request = load(raw_house).prepare(request_of("", Source.of_text(text)))
    (source,) = request.sources
    assert source.line == 1 and request.notes == (
        "(the document is longer than the model can see: this answers from its first part)",
    )


# --- Contacts ---


@pytest.fixture
def numbers_of(raw_house, load, request_of):
    """The telephone numbers that an answer may give, with a table of two institutions: line 7 is about the second."""
    assistant = load(raw_house)
    table = ContactTable("contacts.json")
    table.__dict__["entries"] = [
        {
            "institution": institution,
            "contacts": [{"kind": "TEL", "value": value, "documents": [{"source": "raw.txt", "line": line}]}],
        }
        for institution, value, line in (("한국대사관 영사과", "02-000-1111", 3), ("한인회", "02-000-2222", 7))
    ]

    def numbers_of(text: str = "", question: str = "", searched: bool = True, **changes) -> set[str]:
        sources, request = [Source(text, file="raw.txt", line=7)] if text else [], request_of(question, **changes)
        from_table = table.choose(request, question, sources, searched)
        material = choose_material(request, question, sources, "answer", from_table)
        guide = build_guide(request, material, sources, 600, assistant.tokenizer, assistant.template)
        return set(guide.contacts.by_label.get("TEL", ()))

    return numbers_of


def test_the_contacts_that_training_hid_come_on_top_of_those_that_a_document_shows(numbers_of):
    text = "한인회 TEL: <TEL>\n이민국 TEL: 02-000-3333"
    assert numbers_of(text) == {"02-000-2222", "02-000-3333"}
    assert numbers_of(text, searched=False) == {"02-000-3333"}


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("대사관에 어떻게 가나요?", {"02-000-1111"}),
        ("한인회를 찾습니다", {"02-000-2222"}),
        ("피타고라스 정리", set()),
    ],
)
def test_without_a_document_only_institutions_that_the_question_names_give_their_contacts(
    numbers_of, question, numbers
):
    assert numbers_of(question=question, closed_book=True) == numbers


def test_where_contacts_are_not_verified_but_lines_are_those_of_the_document_are_given(raw_house, load, request_of):
    request = request_of("어디로 전화하나요?", Source.of_text(DOCUMENT), verify_contacts=False, max_new_tokens=150)
    (answer,) = load(raw_house).answer_all([request], rows=1)
    assert "  - TEL: (02) 0000-1234\n" in answer.text


# --- Many questions ---


def test_many_at_once_are_answered_as_one_by_one(raw_house, load, request_of):
    questions = [
        ("여권을 잃어버렸어요", None),
        ("태풍이 오면?", None),
        ("안내를 정리해줘", Source.of_text(DOCUMENT)),
    ] * 2
    assistant = load(raw_house)
    for changes in ({}, {"form": "free"}):
        requests = [request_of(*each, temperature=0, max_new_tokens=120, **changes) for each in questions]
        together = sorted(assistant.answer_all(requests, rows=4), key=lambda answer: answer.number)
        alone = ["".join(piece.text for piece in assistant.write(assistant.prepare(each))) for each in requests]
        assert [answer.text for answer in together] == alone


def test_a_file_of_questions_becomes_a_line_of_json_each_in_its_order(raw_house, tmp_path, capsys):
    lines = [
        "여권을 잃어버렸어요. 무엇부터 하나요?",
        "",
        json.dumps({"question": "어디로 전화하나요?", "document": DOCUMENT.replace("안내", '<br> &quot;안내&quot; "')}),
        json.dumps({"question": None, "document": "태풍이 오면 창문에서 떨어져 있으세요. " * 4000}, ensure_ascii=False),
        WEAKLY_MATCHED[0],
        "[공지] 여권은 어디서 만드나요?",
    ]
    (tmp_path / "questions.txt").write_text("\n".join(lines), encoding="utf-8")
    raw_house.run("05", question="", questions=tmp_path / "questions.txt", max_new_tokens=150, rows=2)
    output = capsys.readouterr()
    answers = [json.loads(line) for line in output.out.strip().split("\n")]
    assert [answer["question"] for answer in answers] == [lines[0], "어디로 전화하나요?", SUMMARIZE, *lines[4:]]
    assert all(list(answer) == ["question", "answer", "sources", "notes", "ended"] for answer in answers)
    assert all(answer["ended"] for answer in answers)
    assert answers[0]["sources"] == [{"title": "마닐라에서 여권을 잃어버렸을 때", "file": "raw.txt", "line": 1}]
    assert answers[1]["sources"] == [{"title": "한국대사관 영사과", "file": "", "line": 1}]
    assert answers[0]["notes"] == answers[1]["notes"] == []
    assert "first part" in answers[2]["notes"][0] and "weak match" in answers[3]["notes"][0]
    assert "weak match" not in output.err
    assert "(02) 0000-1234" in answers[1]["answer"]
    assert all(tuple(Template().split_sections(f"{answer['answer']}\n")) == HEADINGS for answer in answers)


@pytest.mark.parametrize(
    "line",
    [
        '{"question": }',
        '{"question": 5}',
        '{"question": ""}',
        '{"document": ""}',
        "{",
        '{"question": "가", "document": ["나"]}',
        '["여권?"]',
        "[" * 100_000,
        r'{"question": "여권\ud83d"}',
        r'{"question": "여권?", "document": "\udeb6"}',
    ],
)
def test_a_line_that_is_no_question_is_named(raw_house, tmp_path, line):
    questions = tmp_path / "questions.jsonl"
    questions.write_text(f"여권은 어디서 만드나요?\n\n{line}\n", encoding="utf-8")
    with pytest.raises(StepError) as refusal:
        raw_house.run("05", question="", questions=questions)
    assert str(refusal.value).startswith(f"{questions}, line 3: ") and "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [None, b"", b"\n \n", bytes(range(256)) * 20])
def test_a_file_without_questions_is_named(raw_house, tmp_path, content):
    questions = tmp_path / "questions.txt"
    if content is not None:
        questions.write_bytes(content)
    with pytest.raises(StepError, match=re.escape(str(questions))):
        raw_house.run("05", question="", questions=questions)


def test_questions_in_cp949_are_read(raw_house, tmp_path, capsys):
    (tmp_path / "questions.txt").write_bytes("여권을 잃어버렸어요\r\n".encode("cp949"))
    raw_house.run("05", question="", questions=tmp_path / "questions.txt")
    assert json.loads(capsys.readouterr().out)["question"] == "여권을 잃어버렸어요"


# --- Files that do not fit ---


@pytest.mark.parametrize(
    ("missing", "step"), [("index", "03_build_bin_dataset.py"), ("samples", "01_prepare_samples.py")]
)
def test_what_finds_documents_is_named_where_it_is_missing(house, missing, step):
    getattr(house, missing).unlink()
    message = house.complaint("05")
    assert str(getattr(house, missing)) in message and f"python {step}" in message
    house.run("05", closed_book=True)


def test_an_index_of_other_samples_is_refused(house):
    house.run("01", max_document_characters=300)
    message = house.complaint("05")
    assert str(house.index) in message and "python 03_build_bin_dataset.py" in message


def test_an_answer_without_a_table_of_contacts_says_that_it_can_give_none(house, capsys):
    house.contacts.unlink()
    house.run("05", closed_book=True, max_new_tokens=150)
    answer = capsys.readouterr()
    assert str(house.contacts) in answer.err
    assert "연락처(공공정보):\n- 자료에 없음\n" in answer.out


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("template"),
        lambda content: content.pop("inputs"),
        lambda content: content["template"].update(colour="blue"),
        lambda content: content["config"].update(experts=8),
        lambda content: content["config"].pop("vocab_size"),
    ],
    ids=["no template", "no inputs", "another word", "another model", "no vocabulary"],
)
def test_a_checkpoint_of_another_version_is_refused(house, change):
    content = torch.load(house.checkpoint, weights_only=True)
    change(content)
    torch.save(content, house.checkpoint)
    message = house.complaint("05")
    assert str(house.checkpoint) in message and "python 04_train_gpt_from_scratch.py" in message
