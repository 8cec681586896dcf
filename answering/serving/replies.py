"""An answer in OpenAI's form, whole or chunk by chunk; what is beyond the protocol stands beside it."""

import json
import secrets
import time
from collections.abc import Sequence
from typing import Any, Literal

from answering.assistant import PreparedAnswer
from answering.serving.answers import RunningAnswer
from answering.serving.documents import describe_document
from answering.serving.markdown import BlankLines
from answering.serving.sections import sections_of

DONE = b"data: [DONE]\n\n"
WAITING = b": waiting\n\n"  # a comment, which clients leave out
CUT_OFF_NOTE = "(cut off: the limit of tokens or the model's context was reached, or the answer was stopped)"

Json = dict[str, Any]
Kind = Literal["chat", "completion"]


class Reply:
    """The objects of one reply, which share id, time and model."""

    def __init__(self, kind: Kind, model: str, with_usage: bool, headings: Sequence[str]) -> None:
        self.is_chat = kind == "chat"
        self.with_usage = with_usage
        self.blank_lines = BlankLines(headings if self.is_chat else ())  # clients show a chat as Markdown
        self.head: Json = {
            "id": f"{'chatcmpl' if self.is_chat else 'cmpl'}-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": model,
        }

    def whole(self, running: RunningAnswer) -> Json:
        """The reply that is not a stream."""
        text = self.blank_lines.add(running.text) + self.blank_lines.finish()
        content: Json = {"message": {"role": "assistant", "content": text}} if self.is_chat else {"text": text}
        choice = {"index": 0, **content, "logprobs": None, "finish_reason": _reason(running)}
        return {
            **self.head,
            "object": "chat.completion" if self.is_chat else "text_completion",
            "choices": [choice],
            "usage": usage_of(running),
            "answer": describe(running),
        }

    def first(self, prepared: PreparedAnswer) -> bytes:
        """The first chunk of a stream: who speaks, and what the search has found."""
        answer = describe_search(prepared)
        return self._chunk({"role": "assistant", "content": ""}, "", None, {"answer": {"sections": [], **answer}})

    def next(self, text: str) -> bytes:
        """A chunk with the next characters; b"" while they wait for those that follow."""
        text = self.blank_lines.add(text)
        return self._text_chunk(text) if text else b""

    def last(self, running: RunningAnswer) -> list[bytes]:
        """The chunks after the last characters."""
        waiting = self.blank_lines.finish()
        chunks = [self._text_chunk(waiting)] if waiting else []
        chunks.append(self._chunk({}, "", _reason(running), {"answer": describe(running)}))
        if self.with_usage:
            chunks.append(_event({**self._stream_head(), "choices": [], "usage": usage_of(running)}))
        return [*chunks, DONE]

    def _stream_head(self) -> Json:
        return {**self.head, "object": "chat.completion.chunk" if self.is_chat else "text_completion"}

    def _text_chunk(self, text: str) -> bytes:
        return self._chunk({"content": text}, text, None, {})

    def _chunk(self, delta: Json, text: str, reason: str | None, beyond: Json) -> bytes:
        content: Json = {"delta": delta} if self.is_chat else {"text": text}
        choice = {"index": 0, **content, "logprobs": None, "finish_reason": reason}
        usage: Json = {"usage": None} if self.with_usage else {}
        return _event({**self._stream_head(), "choices": [choice], **usage, **beyond})


def error_events(content: Json) -> list[bytes]:
    """The end of a stream that cannot go on."""
    return [_event(content), DONE]


def usage_of(running: RunningAnswer) -> Json:
    """The number of tokens of the prompt and of the answer."""
    prompt = len(running.prepared.prompt.tokens)
    answer = running.written.token_count if running.written else 0
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def describe_search(prepared: PreparedAnswer) -> Json:
    """What is known before the answer is written."""
    return {
        "sources": list(map(describe_document, prepared.sources)),
        "notes": [*prepared.notes],
        "offer": list(map(describe_document, prepared.offer)),
    }


def describe(running: RunningAnswer) -> Json:
    """What is beyond the protocol: sections with their sources, notes, what was verified."""
    prepared, assistant = running.prepared, running.model.assistant
    request, found = prepared.request, describe_search(prepared)
    # A line of one of our documents is counted in the whole document, also where the answer is from a part of it.
    whole = [None if source.id is None else assistant.search.document(source.id) for source in prepared.sources]
    sources = [document or source for document, source in zip(whole, prepared.sources, strict=True)]
    return {
        "sections": [] if prepared.offer else sections_of(running.text, assistant.template, sources),
        **found,
        "notes": found["notes"] if running.ended else [*found["notes"], CUT_OFF_NOTE],
        "verified": {
            "lines": request.verify_lines and request.form == "guided" and bool(prepared.sources),
            "contacts": request.verify_contacts,
        },
        "seconds": round(time.monotonic() - running.started, 3),
        "tokens": usage_of(running)["completion_tokens"],
    }


def _reason(running: RunningAnswer) -> str:
    return "stop" if running.ended else "length"


def _event(content: Json) -> bytes:
    return f"data: {json.dumps(content, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
