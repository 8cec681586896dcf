"""What a client of OpenAI's protocol sends becomes a question; what the model cannot do is refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from answering.follow_up import join_follow_up
from answering.request import Request
from answering.serving.answers import Question
from answering.serving.errors import ApiError, unsupported
from answering.serving.fields import Fields, wrong
from answering.source import Source
from pipeline import StepError

MOST_STOPS = 4  # as in the protocol
DOCUMENT_ROLES = ("system", "developer")


@dataclass(frozen=True)
class Call:
    """A request for an answer, and in which way it is to come."""

    question: Question
    stream: bool
    with_usage: bool  # a last chunk of the stream with the number of tokens


def read_chat(fields: Fields, defaults: Request) -> Call:
    """A request of /v1/chat/completions: the last message of the user is the question. Raises ApiError."""
    _refuse_unsupported(fields)
    messages = fields.objects("messages")
    questions = [content_of(message) for message in messages if message.text("role") == "user"]
    if not questions:
        raise ApiError(400, "messages holds no message of the user", "missing_question", "messages")
    texts = [content_of(message) for message in messages if message.text("role") in DOCUMENT_ROLES]
    text = fields.text("document") or "\n\n".join(texts)
    return _read_call(fields, defaults, questions, text, fields.whole("max_completion_tokens", 0))


def read_completion(fields: Fields, defaults: Request) -> Call:
    """A request of /v1/completions: the prompt is the question. Raises ApiError."""
    _refuse_unsupported(fields)
    if fields.has("suffix") or fields.has("echo"):
        raise unsupported("suffix", "suffix and echo are not supported: the prompt is a question, not a text to go on")
    prompts = fields.texts("prompt", 1)
    if not prompts:
        raise ApiError(400, "prompt is missing", "missing_question", "prompt")
    return _read_call(fields, defaults, prompts, fields.text("document"), 0)


def content_of(message: Fields) -> str:
    """The text of a message, which may come in parts."""
    if not isinstance(message.content.get("content"), list):
        return message.text("content")
    parts = message.objects("content")
    for part in parts:
        if part.text("type") not in ("text", "input_text"):
            raise unsupported("messages", f"this model reads text only, not {part.text('type')[:40]!r}")
    return "\n".join(part.text("text") for part in parts)


def join_questions(questions: Sequence[str]) -> tuple[str, int]:
    """The last question, with those before it that it goes on from; and the number that was chosen from its offer."""
    asked, choice = "", 0
    for question in map(str.strip, questions):
        choice = int(question) if asked and re.fullmatch("[1-9]", question) else 0
        asked = asked if choice else join_follow_up(question, asked)
    return asked, choice


def _read_call(fields: Fields, defaults: Request, questions: Sequence[str], text: str, max_tokens: int) -> Call:
    fields.text("model")  # any name: there is one model, and some clients cannot be told what it is called
    document = Source.of_text(text) if text.strip() else None
    asked, choice = join_questions(questions)
    request = _request_of(fields, defaults, asked, document)
    max_tokens = max_tokens or fields.whole("max_tokens", 0)
    if max_tokens < 0:
        raise wrong("max_tokens", "must be at least 1")
    if not (request.question or request.document or fields.has("document_id")):
        raise ApiError(400, "the question is empty, and there is no document", "missing_question", "messages")
    question = Question(
        request=request,
        document_id=fields.text("document_id"),
        choice=choice,
        max_tokens=max_tokens or None,
        stops=fields.texts("stop", MOST_STOPS),
    )
    return Call(question, fields.flag("stream"), fields.fields("stream_options").flag("include_usage"))


def _request_of(fields: Fields, defaults: Request, question: str, document: Source | None) -> Request:
    form: Literal["guided", "free"] = "free" if fields.text("form", defaults.form) == "free" else "guided"
    if fields.text("form", form) != form:
        raise wrong("form", "must be guided or free")
    sampling = defaults.sampling
    try:
        return replace(
            defaults,
            question=question,
            document=document if document and document.text else None,
            form=form,
            seed=fields.whole("seed", defaults.seed),
            sampling=replace(
                sampling,
                temperature=fields.number("temperature", sampling.temperature),
                top_p=fields.number("top_p", sampling.top_p),
                top_k=fields.whole("top_k", sampling.top_k),
            ),
        )
    except StepError as error:
        name = str(error).partition(" ")[0].lower()
        raise ApiError(422, str(error), "invalid_value", name) from None


def _refuse_unsupported(fields: Fields) -> None:
    """Raise ApiError for what would need another answer than this model can give; docs/serving.md lists the fields."""
    if fields.whole("n", 1) != 1 or fields.whole("best_of", 1) != 1:
        raise unsupported("n", "n must be 1: a request is answered once")
    for name in ("logprobs", "top_logprobs", "logit_bias", "functions"):
        if fields.has(name):
            raise unsupported(name, f"{name} is not supported")
    choice = fields.content.get("tool_choice")
    if choice not in (None, "none", "auto"):  # with "auto" a model is free to call none, as this one does
        raise unsupported("tool_choice", "this model calls no tools; leave tool_choice out")
    if fields.fields("response_format").text("type", "text") != "text":
        raise unsupported("response_format", "this model writes text only; response_format must be text")
    modalities = fields.texts("modalities", MOST_STOPS)
    if fields.has("audio") or any(each != "text" for each in modalities):
        raise unsupported("modalities", "this model writes text only")
