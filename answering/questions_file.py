"""A file of questions, and its answers as JSON."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from answering.assistant import WrittenAnswer
from answering.given_document import require_file
from answering.request import Request
from answering.source import Source
from corpus.raw.encodings import detect_encoding
from pipeline import StepError


def read_requests(path: str, request: Request, check: Callable[[str], object]) -> list[Request]:
    """A request for each line that is not empty: a question, or JSON with "question" and optionally "document".

    In all else they are like `request`. `check` raises StepError for a question that cannot be answered. Raises
    StepError, with the number of the line.
    """
    require_file(path, "set QUESTIONS to a file of questions, or leave it empty")
    requests: list[Request] = []
    # Not with `read_lines`: its cleaning of the text would damage JSON.
    with open(path, encoding=detect_encoding(Path(path)), errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                question, document = parse_question(line.strip())
                check(question)
                requests.append(replace(request, question=question, document=document))
            except (ValueError, TypeError, AttributeError, RecursionError):
                raise StepError(
                    f'{path}, line {number}: not valid JSON; expected {{"question": "여권 재발급 방법은?"}}'
                ) from None
            except StepError as error:
                raise StepError(f"{path}, line {number}: {error}") from None
    return requests


def parse_question(text: str) -> tuple[str, Source | None]:
    """The question and the document of a line.

    Raises the errors of `json`, and ValueError, TypeError or AttributeError for JSON that is not a question.
    """
    try:
        entry = json.loads(text)
    except ValueError:
        if text.startswith("{"):
            raise
        return text, None  # also one like "[공지] 회비는 얼마인가요?"
    if isinstance(entry, list):
        raise ValueError("a list is not a question")
    if not isinstance(entry, dict):
        return text, None  # a number, or a question in quotation marks
    json.dumps(entry, ensure_ascii=False).encode()  # raises ValueError for half of a surrogate pair
    document = Source.of_text(entry.get("document") or "")
    question = (entry.get("question") or "").strip()
    if not (question or document.text):
        raise ValueError("neither a question nor a document")
    return question, document if document.text else None


def describe(answer: WrittenAnswer) -> dict[str, Any]:
    """An answer as a JSON object."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "sources": list(map(describe_source, answer.sources)),
        "offer": list(map(describe_source, answer.offer)),
        "notes": answer.notes,
        "ended": answer.ended,
    }


def describe_source(source: Source) -> dict[str, Any]:
    """Where a source of an answer is found, as a JSON object."""
    return {"title": source.name, "file": source.file, "line": source.line}
