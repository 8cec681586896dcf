"""Step 5 of 5: ask the model.

The best document of your own text for a question is found, put before the model together with the question in
the form of the training samples, and the model goes on from there, token by token. What it may write is held
to that form and to what the document says. The answer goes to standard output, everything else to standard error.
"""

import contextlib
import json
import os
import select
import shlex
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pipeline
from answering.assistant import Assistant, Request, Source, WrittenAnswer
from corpus.raw.reading import ReadingReport, detect_encoding, read_lines
from corpus.samples import example_question
from gpt import sampling
from pipeline import StepError, setting
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
TEMPERATURE = 0.3  # 0 = always the likeliest token; higher = more varied, less reliable
TOP_K = 50  # choose among this many likeliest tokens; 0 = all
TOP_P = 0.9  # choose among the likeliest tokens that together have this probability; 1 = all
REPETITION_PENALTY = 1.0  # over 1 makes tokens already written less likely
NO_REPEAT_NGRAM = 12  # no run of so many tokens twice, where words are the model's own; 0 = any
SEED = 1337  # the same seed gives the same answer; 0 or more

# --- Machine ---
DEVICE = "auto"  # auto takes cuda, else mps (Apple), else cpu
ROWS = 16  # questions of QUESTIONS that are answered at once; fewer take less memory

SCRIPT = Path(__file__).name
STEP_01 = "01_prepare_samples.py"


@dataclass
class Settings:
    """The constants above: their types, and what they may be."""

    question: str
    example: bool
    doc_path: str
    questions: str
    closed_book: bool
    checkpoint_path: str
    index_path: str
    samples_path: str
    contacts_path: str
    form: Literal["guided", "free"]
    verify_contacts: bool
    verify_lines: bool
    temperature: float
    top_k: int
    top_p: float
    repetition_penalty: float
    device: str
    documents: int = setting(least=1)
    max_new_tokens: int = setting(least=1)
    no_repeat_ngram: int = setting(least=0)
    seed: int = setting(least=0, below=2**63)
    rows: int = setting(least=1)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments, positional="question")
    check_settings(settings)
    if settings.example:
        settings.question = example_question(settings.samples_path)
        print(f"question: {settings.question}", file=sys.stderr)
    document = read_given_document(settings.doc_path) if settings.doc_path else None
    with progress_bar("load the model", leave=False):
        assistant = Assistant.load(settings)
    warn_of_newer_text(settings)
    if settings.questions:
        answer_file(assistant, settings.questions)
        return
    if not document and not settings.closed_book:
        document = read_waiting_document()
    if settings.question.strip() or document:
        print_answer(assistant, assistant.prepare(settings.question.strip(), document))
    elif sys.stdin and sys.stdin.isatty():
        Conversation(assistant).hold()
    else:
        raise StepError(f"QUESTION is empty; add a question: {pipeline.command(SCRIPT, '여권 재발급 방법은?')}")


def check_settings(settings: Settings) -> None:
    """Stop at values that cannot work, before anything is read."""
    pipeline.check_ranges(settings)
    require = pipeline.require_setting
    require(
        not settings.questions or not settings.question.strip(),
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
        not settings.example or not (settings.question.strip() or settings.questions or settings.doc_path),
        "EXAMPLE asks a question of its own; leave QUESTION, QUESTIONS and DOC_PATH empty, or EXAMPLE off",
    )
    sampling.check_settings(settings)


def warn_of_newer_text(settings: Settings) -> None:
    """Say on standard error when the raw text has changed since the documents to answer from were made of it."""
    remedy = f"to answer from the new text, run steps 01 to 04 again, first: {pipeline.command(STEP_01)}"
    for path in pipeline.find_newer_texts(settings.samples_path):
        print(f"({path.name} has changed since step 01 read it; {remedy})", file=sys.stderr)


def print_answer(assistant: Assistant, request: Request) -> None:
    """Print the answer as it is made; before it, on standard error, what it is made from."""
    print_sources(request.sources)
    for note in request.notes:
        print(note, file=sys.stderr)
    pieces = assistant.write(request)
    if sys.stdout.isatty():
        pieces = embolden(pieces, assistant.template.headings)
    last = "\n"
    for piece in pieces:
        print(piece, end="", flush=True)
        last = piece or last
    print(end="" if last.endswith("\n") else "\n", flush=True)


def print_sources(sources: Iterable[Source]) -> None:
    for each in sources:
        print(f"source: {each.name} ({each.file}, line {each.line:,})", file=sys.stderr)


def embolden(pieces: Iterable[str], headings: Collection[str]) -> Iterator[str]:
    """The pieces with the headings in bold letters; the beginning of a line waits until it can be no heading."""
    line = held = ""
    for character in (character for piece in pieces for character in piece):
        if character == "\n":
            yield f"\033[1m{held}\033[0m\n" if line in headings else f"{held}\n"
            line = held = ""
            continue
        line += character
        held += character
        if not any(heading.startswith(line) for heading in headings):
            yield held
            held = ""
    yield held


def answer_file(assistant: Assistant, questions_path: str) -> None:
    """Answer a file of questions, several at once; print a JSON line for each, in the order of the questions."""
    questions = read_questions(questions_path, assistant.space_beside)
    finished: dict[int, WrittenAnswer] = {}
    printed = 0
    with progress_bar("answer", len(questions), unit="question") as bar:
        for answer in assistant.answer_all(questions):
            finished[answer.number] = answer
            while printed in finished:
                print(json.dumps(describe(finished.pop(printed)), ensure_ascii=False), flush=True)
                printed += 1
            bar.update()


def describe(answer: WrittenAnswer) -> dict:
    """An answer as it is written to a file."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "sources": [{"title": each.name, "file": each.file, "line": each.line} for each in answer.sources],
        "notes": answer.notes,
        "ended": answer.ended,
    }


def read_questions(path: str, check: Callable[[str], object]) -> list[tuple[str, Source | None]]:
    """A question a line, or JSON with "question" and, where it is to be answered from one, "document".

    `check` raises StepError for a question that cannot be answered, which is then named by its line.
    """
    require_file(path, "set QUESTIONS to a file of questions, or leave it empty")
    questions: list[tuple[str, Source | None]] = []
    # Not by `read_lines`: what it does to clean a text would break JSON.
    with open(path, encoding=detect_encoding(Path(path)), errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                questions.append(read_question(line.strip()))
                check(questions[-1][0])
            except (ValueError, TypeError, AttributeError, RecursionError):
                raise StepError(
                    f'{path}, line {number}: not valid JSON; expected {{"question": "여권 재발급 방법은?"}}'
                ) from None
            except StepError as error:
                raise StepError(f"{path}, line {number}: {error}") from None
    return questions


def read_question(text: str) -> tuple[str, Source | None]:
    """A line's question and document. Raises what `json` does, TypeError or AttributeError for what is no question."""
    try:
        entry = json.loads(text)
    except ValueError:
        if text.startswith("{"):
            raise
        return text, None  # also one like "[공지] 회비는 얼마인가요?"
    if not isinstance(entry, dict | list):
        return text, None  # a number, or a question in quotation marks
    json.dumps(entry, ensure_ascii=False).encode()  # half a pair of surrogates is no character
    document = Source.of_text(entry.get("document") or "")
    question = (entry.get("question") or "").strip()
    if not (question or document.text):
        raise ValueError
    return question, document if document.text else None


def require_file(path: str, remedy: str) -> None:
    """Stop where a path is not that of a file, and say what it is."""
    kind = "a folder" if os.path.isdir(path) else "a device or a pipe"
    wrong = f"it is {kind}" if os.path.exists(path) else "file not found"
    pipeline.require_setting(os.path.isfile(path), f"{path}: {wrong}; {remedy}")


def read_document(path: str, name: str = "") -> Source:
    """A document in a file, which messages call `name`."""
    name = name or path
    require_file(path, "give a text file, or leave DOC_PATH empty")
    try:
        document = Source.of_lines(read_lines(Path(path), ReadingReport()), name)
    except StepError as error:
        raise StepError(str(error).replace(path, name)) from None
    except OSError as error:
        raise StepError(
            f"{name}: {(error.strerror or str(error)).lower()}; give another file, or leave DOC_PATH empty"
        ) from None
    if not document.text:
        raise StepError(f"{name}: it holds no text; give a text file, or leave DOC_PATH empty")
    return document


def find_path(typed: str) -> str:
    """The path of a file as somebody types it: by its name, or as a shell takes it ('my file', my\\ file, ~/file)."""
    words = [typed]
    if not os.path.exists(typed):
        with contextlib.suppress(ValueError):  # a quotation mark without its fellow
            words = shlex.split(typed)
    path = os.path.expanduser(" ".join(words))
    return path if os.path.exists(path) else typed


def read_given_document(path: str) -> Source:
    """The document of DOC_PATH; for - whatever comes on standard input, however long that takes."""
    if path != "-":
        return read_document(path)
    if sys.stdin is None:
        raise StepError("standard input: it is closed; give a text file, or leave DOC_PATH empty")
    return read_content(sys.stdin.buffer.read())


def read_waiting_document() -> Source | None:
    """The document that a pipe or a file gives on standard input without being asked for; None where there is none."""
    patience = 1.0  # seconds: a pipe that somebody forgot to close would be waited for without end
    try:
        if sys.stdin is None or sys.stdin.isatty() or not select.select([sys.stdin], [], [], patience)[0]:
            return None
        # Somebody has begun to read this file: a shell's `while read` that takes its questions from it, for example.
        if sys.stdin.seekable() and sys.stdin.buffer.tell() > 0:
            return None
    except (OSError, ValueError):  # it is closed, or no file of the system
        return None
    content = sys.stdin.buffer.read()
    if not content.strip():
        return None
    print("(answering from the text on standard input; where it is not meant, add < /dev/null)", file=sys.stderr)
    return read_content(content)


def read_content(content: bytes) -> Source:
    """The document that came on standard input."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document"
        path.write_bytes(content)
        return read_document(str(path), "standard input")


class Conversation:
    """Questions at the terminal, one after another; a line that begins with / is a command."""

    usage = (
        "Type a question. /doc FILE answers from a file, /doc from your own text again; /sources shows what the\n"
        "last answer was made from; /temp 0.7 and /seed 42 change how it is written, /temp and /seed show how;\n"
        "/help shows this. Ctrl-C stops an answer; exit ends."
    )
    farewells = ("exit", "quit", "종료")

    def __init__(self, assistant: Assistant):
        self.assistant = assistant
        self.document: Source | None = None  # to answer from; None: one is looked for
        self.sources: list[Source] = []  # of the last answer

    def hold(self) -> None:
        """Go on until the input ends. Ctrl-C stops an answer, not the program."""
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  line editing and a history, where the system has them
        print(self.usage, file=sys.stderr)
        while True:
            try:
                line = self.ask().strip()
                if line.removeprefix("/").lower() in self.farewells:
                    return
                if line.startswith("/"):
                    command, *value = line.split(maxsplit=1)
                    self.obey(command.lower(), *value)
                elif line:
                    request = self.assistant.prepare(line, self.document)
                    self.sources = request.sources
                    print_answer(self.assistant, request)
            except EOFError:
                print(file=sys.stderr)
                return
            except KeyboardInterrupt:
                print("\n(stopped; exit ends the program)", file=sys.stderr)
            except StepError as error:
                print(error, file=sys.stderr)

    def ask(self) -> str:
        if sys.stdout.isatty():
            return input("\n> ")  # line editing must know the prompt
        print("\n> ", end="", file=sys.stderr, flush=True)
        return input()

    def obey(self, command: str, value: str = "") -> None:
        """Carry out a command."""
        if command == "/doc":
            self.document = read_document(find_path(value)) if value else None
            print(f"(answering from {self.document.file if self.document else 'your own text'})", file=sys.stderr)
        elif command == "/temp":
            self.show_or_change("temperature", float, value)
        elif command == "/seed":
            self.show_or_change("seed", int, value)
        elif command == "/sources":
            print_sources(self.sources)
            print("\n\n".join(source.text for source in self.sources) or "(no document)", file=sys.stderr)
        else:
            print(self.usage, file=sys.stderr)

    def show_or_change(self, name: str, kind: type, value: str) -> None:
        settings = self.assistant.settings
        old = getattr(settings, name)
        if not value:
            print(f"{name.upper()} is {old}", file=sys.stderr)
            return
        try:
            setattr(settings, name, kind(value))
            check_settings(settings)
        except (ValueError, StepError) as error:
            setattr(settings, name, old)
            raise StepError(f"{name.upper()} stays {old}: {error}") from None


if __name__ == "__main__":
    pipeline.run(main, "ROWS")
