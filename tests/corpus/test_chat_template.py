"""Other programs ask as step 05 asks: the chat templates against the template of the samples."""

import functools
import re

from corpus.chat_template import write_jinja, write_ollama
from corpus.template import BOS, EOS, MARKERS, STYLES, Template

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment

ANSWER, SUMMARY = Template.of_style("answer"), Template.of_style("summary")
QUESTION = "마닐라에서 여권을 잃어버리면 무엇부터 해야 하나요?"
DOCUMENT = "먼저 경찰서에서 분실 신고서를 받으세요.\n그다음 대사관에 예약하고 방문하세요."

# Korean, marks that templates and programs take for their own, and markers whole and in pieces.
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(
            [*MARKERS, "[", "]", "[[EOS]EOS]", "{{ bos }}", "{% if %}", "'", '"', "\\n", "\n", " ", "\u3000"]
        ),
        st.text(st.characters(codec="utf-8"), max_size=5),
        st.sampled_from([QUESTION, "여권", DOCUMENT]),
    ),
    max_size=8,
).map("".join)


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


@functools.cache
def compile_jinja(template: Template, trim_blocks: bool, lstrip_blocks: bool):
    environment = ImmutableSandboxedEnvironment(trim_blocks=trim_blocks, lstrip_blocks=lstrip_blocks)
    return environment.from_string(write_jinja(template))


def render(template: Template, *messages: dict, add_generation_prompt: bool = True, trim=True, lstrip=True) -> str:
    """As transformers does it; other programs leave white space where it stands."""
    jinja = compile_jinja(template, trim, lstrip)
    return jinja.render(messages=messages, add_generation_prompt=add_generation_prompt)


@given(question=TEXTS)
@settings(max_examples=200, deadline=None)
def test_a_user_message_is_asked_as_a_question(question):
    assert render(ANSWER, message("user", question)) == BOS + ANSWER.write_prompt(question)


@given(question=TEXTS, document=TEXTS)
@settings(max_examples=200, deadline=None)
def test_a_system_message_is_the_document(question, document):
    found = render(ANSWER, message("system", document), message("user", question))
    assert found == BOS + ANSWER.write_prompt(question, document.strip())


@given(document=TEXTS)
@settings(max_examples=200, deadline=None)
def test_a_model_that_sums_up_takes_the_user_message_as_its_document(document):
    assert render(SUMMARY, message("user", document)) == BOS + SUMMARY.write_prompt("", document.strip())


@pytest.mark.parametrize("trim", [True, False])
@pytest.mark.parametrize("lstrip", [True, False])
def test_no_program_adds_or_loses_white_space(trim, lstrip):
    found = render(ANSWER, message("system", DOCUMENT), message("user", QUESTION), trim=trim, lstrip=lstrip)
    assert found == BOS + ANSWER.write_prompt(QUESTION, DOCUMENT)


def test_the_last_question_of_a_chat_is_asked_and_the_turns_before_it_are_left_out():
    chat = [
        message("user", "비자는 어디서 연장하나요?"),
        message("assistant", "요약:\n- 이민국"),
        message("user", QUESTION),
    ]
    assert render(ANSWER, *chat) == BOS + ANSWER.write_prompt(QUESTION)


def test_a_chat_that_ends_with_an_answer_is_a_whole_sample():
    found = render(
        ANSWER, message("user", QUESTION), message("assistant", "요약:\n- 경찰서"), add_generation_prompt=False
    )
    assert found == f"{BOS}{ANSWER.write_prompt(QUESTION)}요약:\n- 경찰서\n[/ANSWER]{EOS}"


@given(texts=st.tuples(TEXTS, TEXTS, TEXTS))
@settings(max_examples=100, deadline=None)
def test_no_message_can_forge_a_marker(texts):
    chat = [message(role, text) for role, text in zip(("system", "user", "assistant"), texts, strict=True)]
    document, _, answer = (text.strip() for text in texts)
    wanted = [BOS, "[QUESTION]", "[/QUESTION]", *(["[DOC]", "[/DOC]"] if document else [])]
    wanted += ["[ANSWER]", *(["[/ANSWER]", EOS] if answer else [])]
    assert re.findall("|".join(map(re.escape, MARKERS)), render(ANSWER, *chat)) == wanted


# --- Ollama ---


def fill_in(ollama_template: str, question: str, document: str) -> str:
    """What Ollama makes of a chat with one user message: its language, as far as the template speaks it."""
    text = ollama_template.removeprefix(
        '{{- range $i, $_ := .Messages }}\n{{- if and (eq .Role "user") (eq (len (slice $.Messages $i)) 1) -}}\n'
    ).removesuffix("{{ end }}\n{{- end }}")
    assert len(text) < len(ollama_template) - 100
    text = re.sub(r"\{\{ if \$\.System \}\}(.*?)\{\{ end \}\}", r"\1" if document else "", text, flags=re.DOTALL)
    text = text.replace("{{ $.System }}", document).replace("{{ .Content }}", question)
    assert "{{" not in text
    return text


@pytest.mark.parametrize("document", ["", DOCUMENT])
def test_ollama_asks_a_question_in_the_same_way(document):
    assert fill_in(write_ollama(ANSWER), QUESTION, document) == ANSWER.write_prompt(QUESTION, document)


def test_ollama_gives_a_model_that_sums_up_its_document():
    assert fill_in(write_ollama(SUMMARY), DOCUMENT, "") == SUMMARY.write_prompt("", DOCUMENT)


@pytest.mark.parametrize("style", STYLES)
def test_a_template_of_another_wording_is_followed(style):
    template = Template.of_style(style)
    reworded = Template(**{**template.to_dict(), "document": '[DOC]\n"자료" {document}\n끝\\[/DOC]\n\n'})
    assert render(reworded, message("user", QUESTION), message("system", DOCUMENT)) == BOS + (
        reworded.write_prompt(QUESTION, DOCUMENT if style == "answer" else QUESTION)
    )
