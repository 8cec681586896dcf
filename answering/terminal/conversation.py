"""Questions at the terminal, one after another."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace

from answering.assistant import Assistant
from answering.follow_up import join_follow_up
from answering.given_document import find_path, read_document
from answering.request import Request
from answering.source import Source
from answering.terminal.printing import print_answer, print_sources
from pipeline import StepError

USAGE = (
    "Type a question, or the number of an offered title. /doc FILE answers from a file, /doc from your own text\n"
    "again; /sources shows what the last answer was made from; /temp 0.7 and /seed 42 change how it is written,\n"
    "/temp and /seed show how; /help shows this. Ctrl-C stops an answer; exit ends."
)
FAREWELLS = ("exit", "quit", "종료")


class Conversation:
    """A person who asks at the terminal; a line that begins with / is a command.

    `request` says how the next question is to be answered. A command replaces it.
    """

    def __init__(self, assistant: Assistant, request: Request) -> None:
        self.assistant, self.request = assistant, request
        self.sources: list[Source] = []  # of the last answer
        self.question = ""  # the last one, with the question that it went on from
        self.topic = ""  # the last question that stood alone: what a follow-up goes on from
        self.offer: list[Source] = []  # to choose from by number

    def hold(self) -> None:
        """Answer until the input ends. Ctrl-C stops an answer, not the program."""
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  line editing and a history, where the system has them
        print(USAGE, file=sys.stderr)
        while True:
            try:
                line = self.ask().strip()
                if line.removeprefix("/").lower() in FAREWELLS:
                    return
                if line.startswith("/"):
                    command, *value = line.split(maxsplit=1)
                    self.obey(command.lower(), *value)
                elif line:
                    self.answer(line)
            except EOFError:
                print(file=sys.stderr)
                return
            except KeyboardInterrupt:
                print("\n(stopped; exit ends the program)", file=sys.stderr)
            except StepError as error:
                print(error, file=sys.stderr)

    def ask(self) -> str:
        """The next line of input."""
        if sys.stdout.isatty():
            return input("\n> ")  # line editing must know the prompt
        print("\n> ", end="", file=sys.stderr, flush=True)
        return input()

    def answer(self, question: str) -> None:
        """Print the answer to a question."""
        if question.isdecimal() and 0 < int(question) <= len(self.offer):
            chosen = self.offer[int(question) - 1]
            prepared = self.assistant.prepare(replace(self.request, question=self.question, document=chosen))
        else:
            asked = join_follow_up(question, self.topic)
            prepared = self.assistant.prepare(replace(self.request, question=asked))
            self.question, self.offer = asked, prepared.offer
            self.topic = question if asked == question else self.topic
        self.sources = prepared.sources
        print_answer(self.assistant, prepared)

    def obey(self, command: str, value: str = "") -> None:
        """Carry out a command. Raises StepError."""
        request, sampling = self.request, self.request.sampling
        if command == "/doc":
            document = read_document(find_path(value)) if value else None
            self.request = replace(request, document=document)
            print(f"(answering from {document.file if document else 'your own text'})", file=sys.stderr)
        elif command == "/temp" and value:
            with refusal("TEMPERATURE", sampling.temperature):
                self.request = replace(request, sampling=replace(sampling, temperature=float(value)))
        elif command == "/temp":
            print(f"TEMPERATURE is {sampling.temperature}", file=sys.stderr)
        elif command == "/seed" and value:
            with refusal("SEED", request.seed):
                self.request = replace(request, seed=int(value))
        elif command == "/seed":
            print(f"SEED is {request.seed}", file=sys.stderr)
        elif command == "/sources":
            print_sources(self.sources)
            print("\n\n".join(source.text for source in self.sources) or "(no document)", file=sys.stderr)
        else:
            print(USAGE, file=sys.stderr)


@contextlib.contextmanager
def refusal(name: str, old: float) -> Iterator[None]:
    """Say that a setting keeps its old value when the new one is wrong."""
    try:
        yield
    except (ValueError, StepError) as error:
        raise StepError(f"{name} stays {old}: {error}") from None
