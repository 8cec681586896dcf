"""How an answer is printed: the answer on standard output, everything else on standard error."""

import sys
from collections.abc import Collection, Iterable

from answering.assistant import Assistant, PreparedAnswer
from answering.source import Source

CUT_OFF = "(cut off: MAX_NEW_TOKENS or the model's context was reached)"


def print_answer(assistant: Assistant, prepared: PreparedAnswer) -> None:
    """Print the sources and notes of an answer, then the answer while it is written."""
    print_sources(prepared.sources)
    print_sources(prepared.offer, "offered")
    for note in prepared.notes:
        print(note, file=sys.stderr)
    bold = BoldHeadings(assistant.template.headings if sys.stdout.isatty() else ())
    for piece in assistant.write(prepared):
        print(bold.add(piece.text), end="", flush=True)
        if piece.answer:
            print(bold.end(), flush=True)  # no answer ends with a line end
            if not piece.answer.ended:
                print(CUT_OFF, file=sys.stderr)


def print_sources(sources: Iterable[Source], role: str = "source") -> None:
    """Name the documents that an answer is made from."""
    for source in sources:
        print(f"{role}: {source.name} ({source.file}, line {source.line:,})", file=sys.stderr)


class BoldHeadings:
    """Makes the headings of a text bold while it is written; the beginning of a line waits until it cannot be one."""

    def __init__(self, headings: Collection[str]) -> None:
        self.headings = headings
        self._line = ""  # what has come of the current line
        self._held = ""  # the part of it that waits

    def add(self, text: str) -> str:
        """What can be shown when this text follows."""
        return "".join(map(self._add_character, text))

    def end(self) -> str:
        """What is left to show when nothing follows."""
        return self._held

    def _add_character(self, character: str) -> str:
        if character == "\n":
            shown = f"\033[1m{self._held}\033[0m\n" if self._line in self.headings else f"{self._held}\n"
            self._line = self._held = ""
            return shown
        self._line += character
        self._held += character
        if any(heading.startswith(self._line) for heading in self.headings):
            return ""
        shown, self._held = self._held, ""
        return shown
