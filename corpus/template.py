"""The one form of a sample: how a question, a document and an answer are written down and asked for.

Step 01 writes samples with it, steps 04 and 05 ask with it. It is data, so it travels in a checkpoint.
"""

import re
from dataclasses import asdict, dataclass, field

# Each marker is a single special token; their order gives their token ids.
PAD, UNK, BOS, EOS = "[PAD]", "[UNK]", "[BOS]", "[EOS]"
QUESTION, END_QUESTION = "[QUESTION]", "[/QUESTION]"
DOC, END_DOC = "[DOC]", "[/DOC]"
ANSWER, END_ANSWER = "[ANSWER]", "[/ANSWER]"
MARKERS = (PAD, UNK, BOS, EOS, QUESTION, END_QUESTION, DOC, END_DOC, ANSWER, END_ANSWER)
FORGED_MARKER = re.compile(r"\[(/?(?:PAD|UNK|BOS|EOS|QUESTION|DOC|ANSWER))\]")


@dataclass
class Answer:
    """What an answer says; `write_answer` gives it its form."""

    summary: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)
    to_bring: list[str] = field(default_factory=list)
    to_beware: list[str] = field(default_factory=list)
    contacts: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # institution -> (label, value)
    details: str = ""


@dataclass(frozen=True)
class Template:
    """The fixed words of a sample."""

    question: str = f"{QUESTION}\n{{question}}\n{END_QUESTION}\n\n"
    document: str = f"{DOC}\n{{document}}\n{END_DOC}\n\n"
    answer_start: str = f"{ANSWER}\n"
    answer_end: str = f"\n{END_ANSWER}"
    summary: str = "요약:"
    checklist: str = "체크리스트:"
    to_do: str = "해야 할 일:"
    to_bring: str = "준비물:"
    to_beware: str = "주의사항:"
    contacts: str = "연락처(공공정보):"
    details: str = "상세 설명:"
    nothing: str = "자료에 없음"

    @property
    def headings(self) -> tuple[str, str, str, str]:
        """The four section headings, in the order in which every answer has them."""
        return self.summary, self.checklist, self.contacts, self.details

    def to_dict(self) -> dict[str, str]:
        """The template as plain strings, for a checkpoint; `Template(**…)` reads them back."""
        return asdict(self)

    def write_prompt(self, question: str, document: str = "") -> str:
        """Everything that stands before the answer; the model goes on from here."""
        prompt = self.question.replace("{question}", neutralize_markers(question.strip()))
        if document:
            prompt += self.document.replace("{document}", neutralize_markers(document.strip()))
        return prompt + self.answer_start

    def write_sample(self, question: str, document: str, answer: Answer) -> str:
        """A whole training sample; `document` is "" for a closed-book one."""
        return self.write_prompt(question, document) + neutralize_markers(self.write_answer(answer)) + self.answer_end

    def write_answer(self, answer: Answer) -> str:
        """The four sections; one without evidence says so in the fixed phrase."""
        lines = [self.summary, *self._items(answer.summary, "- "), self.checklist]
        for heading, items in (
            (self.to_do, answer.to_do),
            (self.to_bring, answer.to_bring),
            (self.to_beware, answer.to_beware),
        ):
            lines += [f"- {heading}", *self._items(items, "  - ")]
        lines.append(self.contacts)
        for institution, values in answer.contacts.items():
            lines += [f"- {institution}", *(f"  - {label}: {value}" for label, value in values)]
        if not answer.contacts:
            lines += self._items([], "- ")
        return "\n".join([*lines, self.details, answer.details or self.nothing])

    def _items(self, items: list[str], bullet: str) -> list[str]:
        return [bullet + item for item in items or [self.nothing]]

    def split_sections(self, answer_text: str) -> dict[str, str]:
        """The text below each heading of a written answer; a heading that is absent or late is left out."""
        sections: dict[str, str] = {}
        current = None
        for line in answer_text.split("\n"):
            if line in self.headings[len(sections) :]:
                current = line
                sections[current] = ""
            elif current:
                sections[current] += line + "\n"
        return sections


def neutralize_markers(text: str) -> str:
    """Rewrite markers that occur in a user's text, so that text can never forge a special token.

    >>> neutralize_markers("a [DOC] b")
    'a ［DOC］ b'
    """
    return FORGED_MARKER.sub(r"［\1］", text)


def count_markers(text: str) -> int:
    """How many markers a user's text holds."""
    return len(FORGED_MARKER.findall(text))
