"""Step 5 of 5: ask the model.

The best document of your own text for a question is found, put before the model together with the question in
the form of the training samples, and the model goes on from there, token by token. What it may write is held
to that form and to what the document says. The answer goes to standard output, everything else to standard error.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pipeline
from answering.assistant import Artifacts, Assistant, WrittenAnswer
from answering.given_document import document_of_bytes, read_given_document, read_waiting_input
from answering.questions_file import describe, read_requests
from answering.request import Request
from answering.source import Source
from answering.terminal.conversation import Conversation
from answering.terminal.printing import print_answer
from corpus.samples import example_question
from gpt.sampling import SamplingSettings
from pipeline import StepError, file_setting, setting
from pipeline.progress import progress_bar

# --- What to ask ---
QUESTION = ""  # the question, also without the flag; empty = ask at the terminal, one after another
EXAMPLE = False  # ask a question that the samples hold, to see how the model answers
DOC_PATH = ""  # a text file to answer from, or - for standard input (also read unasked); empty = find one in your text
DOCUMENTS = 1  # documents to find, as many of the best as there is room for
QUESTIONS = ""  # a file of questions, one a line (or JSON with "question"); the answers come as JSON lines
CLOSED_BOOK = False  # ask the model alone, without any document

# --- Files ---
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04; holds model, tokenizer and template
INDEX_PATH = "data/index.npz"  # made by step 03; finds documents
SAMPLES_PATH = "data/samples.txt"  # made by step 01; holds the documents
CONTACTS_PATH = "data/contacts.json"  # made by step 01; the contacts that an answer without document may give

# --- What may be written ---
FORM = "guided"  # guided: all sections in their order, each with something in it; free: unconstrained
VERIFY_CONTACTS = True  # no telephone number, address or site that is not in the document or in CONTACTS_PATH
VERIFY_LINES = True  # with a document and FORM guided, the answer is made of its sentences; off = words of its own

# --- How to answer ---
MAX_NEW_TOKENS = 1000  # longest answer; the context that training used is a limit too
TEMPERATURE = 0.3  # 0 = always the most likely token; higher = more varied, less reliable
TOP_K = 50  # choose among this many most likely tokens; 0 = all
TOP_P = 0.9  # choose among the most likely tokens that together have this probability; 1 = all
REPETITION_PENALTY = 1.0  # over 1 makes tokens already written less likely
NO_REPEAT_NGRAM = 6  # own words, below one heading: no run of so many tokens twice, no lines that begin alike; 0 = any
SEED = 1337  # the same seed gives the same answer; 0 or more

# --- Machine ---
DEVICE = "auto"  # auto takes cuda, else mps (Apple), else cpu
WEIGHTS = "fp32"  # int8 on a CPU: the matrices in 8 bits, for about twice the speed with words of the model's own
ROWS = 16  # questions of QUESTIONS that are answered at once; fewer take less memory

SCRIPT = "05_generate.py"
STEP_01 = "01_prepare_samples.py"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types; `Request` and `SamplingSettings` know the ranges of most of them."""

    question: str
    example: bool
    doc_path: str = file_setting(optional=True)
    documents: int
    questions: str
    closed_book: bool
    checkpoint_path: str = file_setting(folder=True)
    index_path: str = file_setting()
    samples_path: str = file_setting()
    contacts_path: str = file_setting()
    form: Literal["guided", "free"]
    verify_contacts: bool
    verify_lines: bool
    max_new_tokens: int
    temperature: float
    top_k: int
    top_p: float
    repetition_penalty: float
    no_repeat_ngram: int
    seed: int
    device: str
    weights: Literal["fp32", "int8"]
    rows: int = setting(least=1)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments, positional="question")
    check_settings(settings)
    question = choose_question(settings)
    document = read_given_document(settings.doc_path) if settings.doc_path else None
    with progress_bar("load the model", leave=False):
        assistant = Assistant.load(artifacts_of(settings))
    warn_of_newer_text(settings)
    if settings.questions:
        answer_file(assistant, settings)
        return
    if not document and not settings.closed_book:
        document = read_waiting_document()
    if question or document:
        print_answer(assistant, assistant.prepare(request_of(settings, question, document)))
    elif sys.stdin and sys.stdin.isatty():
        Conversation(assistant, request_of(settings)).hold()
    else:
        raise StepError(f"QUESTION is empty; add a question: {pipeline.command(SCRIPT, '여권 재발급 방법은?')}")


def check_settings(settings: Settings) -> None:
    """Raise StepError for values that cannot work, before anything is read."""
    question = settings.question.strip()
    request_of(settings)
    require = pipeline.require_setting
    require(
        not settings.questions or not question,
        "QUESTION and QUESTIONS are both set; leave one of them empty",
    )
    require(
        not settings.questions or not settings.doc_path,
        'QUESTIONS and DOC_PATH are both set; give each question its own document, in JSON with "document"',
    )
    require(
        not settings.closed_book or not settings.doc_path,
        "CLOSED_BOOK asks the model without any document; leave DOC_PATH empty, or CLOSED_BOOK off",
    )
    require(
        not settings.example or not (question or settings.questions or settings.doc_path),
        "EXAMPLE asks a question of its own; leave QUESTION, QUESTIONS and DOC_PATH empty, or EXAMPLE off",
    )


def choose_question(settings: Settings) -> str:
    """QUESTION, or one of the samples for EXAMPLE."""
    if not settings.example:
        return settings.question.strip()
    question = example_question(settings.samples_path)
    print(f"question: {question}", file=sys.stderr)
    return question.strip()


def request_of(settings: Settings, question: str = "", document: Source | None = None) -> Request:
    """A question as the settings want it to be answered. Raises StepError for a setting out of range."""
    return Request(
        question=question,
        document=document,
        closed_book=settings.closed_book,
        documents=settings.documents,
        form=settings.form,
        verify_contacts=settings.verify_contacts,
        verify_lines=settings.verify_lines,
        no_repeat_ngram=settings.no_repeat_ngram,
        sampling=SamplingSettings(
            temperature=settings.temperature,
            top_k=settings.top_k,
            top_p=settings.top_p,
            repetition_penalty=settings.repetition_penalty,
        ),
        seed=settings.seed,
        max_new_tokens=settings.max_new_tokens,
    )


def artifacts_of(settings: Settings) -> Artifacts:
    """What the assistant is loaded from."""
    return Artifacts(
        checkpoint_path=settings.checkpoint_path,
        index_path=settings.index_path,
        samples_path=settings.samples_path,
        contacts_path=settings.contacts_path,
        device=settings.device,
        weights=settings.weights,
    )


def warn_of_newer_text(settings: Settings) -> None:
    """Say on standard error that the raw text has changed since its documents were made."""
    remedy = f"to answer from the new text, run steps 01 to 04 again, first: {pipeline.command(STEP_01)}"
    for path in pipeline.find_newer_texts(settings.samples_path):
        print(f"({path.name} has changed since step 01 read it; {remedy})", file=sys.stderr)


def read_waiting_document() -> Source | None:
    """The text on standard input, if there is any, as a document to answer from."""
    content = read_waiting_input()
    if not content:
        return None
    print("(answering from the text on standard input; where it is not meant, add < /dev/null)", file=sys.stderr)
    return document_of_bytes(content)


def answer_file(assistant: Assistant, settings: Settings) -> None:
    """Answer the questions of a file, ROWS at once; print one line of JSON for each, in the order of the questions."""
    requests = read_requests(settings.questions, request_of(settings), assistant.require_short_question)
    finished: dict[int, WrittenAnswer] = {}
    printed = 0
    with progress_bar("answer", len(requests), unit="question") as bar:
        for answer in assistant.answer_all(requests, settings.rows):
            finished[answer.number] = answer
            while printed in finished:
                print(json.dumps(describe(finished.pop(printed)), ensure_ascii=False), flush=True)
                printed += 1
            bar.update()


if __name__ == "__main__":
    pipeline.run(main, "ROWS")
