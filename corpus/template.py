"""The form of a sample: how a question, a document and an answer are written down and asked for.

Step 01 writes samples with it, steps 04 and 05 ask with it. It is data, so it travels in a checkpoint.
There are two styles: "answer", a question answered in four sections, and "summary", a document summed up in five.
"""

import re
from dataclasses import asdict, dataclass, field

# Each marker is a single special token; their order gives their token ids.
PAD, UNK, BOS, EOS = "[PAD]", "[UNK]", "[BOS]", "[EOS]"
QUESTION, END_QUESTION = "[QUESTION]", "[/QUESTION]"
DOC, END_DOC = "[DOC]", "[/DOC]"
ANSWER, END_ANSWER = "[ANSWER]", "[/ANSWER]"
SUMMARY, END_SUMMARY = "[SUMMARY]", "[/SUMMARY]"
MARKERS = (PAD, UNK, BOS, EOS, QUESTION, END_QUESTION, DOC, END_DOC, ANSWER, END_ANSWER, SUMMARY, END_SUMMARY)
FORGED_MARKER = re.compile(r"\[(/?(?:PAD|UNK|BOS|EOS|QUESTION|DOC|ANSWER|SUMMARY))\]")
STYLES = ("answer", "summary")
CONTACT_START = "  - "


@dataclass
class Answer:
    """What an answer says; `write_answer` gives it its form, and takes what its style has a place for."""

    summary: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)
    to_bring: list[str] = field(default_factory=list)
    to_beware: list[str] = field(default_factory=list)
    contacts: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # institution -> (label, value)
    details: str = ""
    merits: list[str] = field(default_factory=list)
    drawbacks: list[str] = field(default_factory=list)
    audience: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """One part of an answer: a field of `Answer` below a heading."""

    name: str
    heading: str  # one line or two
    bullet: str  # what each item begins with


@dataclass(frozen=True)
class Template:
    """The fixed words of a sample; `Template.of_style` gives those of a style."""

    style: str = "answer"
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
    merits: str = "장점:"
    drawbacks: str = "단점:"
    audience: str = "추천대상:"
    nothing: str = "자료에 없음"

    @classmethod
    def of_style(cls, style: str) -> "Template":
        """The template of one of STYLES. A summary answers no question: it follows the document at once."""
        if style == "answer":
            return cls()
        return cls(style, question="", answer_start=f"{SUMMARY}\n", answer_end=f"\n{END_SUMMARY}", summary="핵심요약:")

    @property
    def parts(self) -> tuple["Part", ...]:
        """The parts of an answer, in the order in which every answer has them."""
        if self.style == "summary":
            names = ("summary", "merits", "drawbacks", "audience", "to_beware")
            return tuple(Part(name, getattr(self, name), "- ") for name in names)
        return (
            Part("summary", self.summary, "- "),
            Part("to_do", f"{self.checklist}\n- {self.to_do}", "  - "),
            Part("to_bring", f"- {self.to_bring}", "  - "),
            Part("to_beware", f"- {self.to_beware}", "  - "),
            Part("contacts", self.contacts, "- "),
            Part("details", self.details, ""),
        )

    @property
    def headings(self) -> tuple[str, ...]:
        """The section headings, in the order in which every answer has them."""
        return tuple(line for part in self.parts for line in part.heading.split("\n") if not line.startswith("- "))

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
        """The parts below their headings; one without evidence says so in the fixed phrase."""
        lines = []
        for part in self.parts:
            content = getattr(answer, part.name)
            lines.append(part.heading)
            if not content:
                lines.append(part.bullet + self.nothing)
            elif part.name == "contacts":
                for institution, values in content.items():
                    lines += [write_institution(institution), *(write_contact(*value) for value in values)]
            elif part.name == "details":
                lines.append(content)
            else:
                lines += [part.bullet + item for item in content]
        return "\n".join(lines)

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


def write_institution(name: str) -> str:
    """The line of an institution; its contacts stand below."""
    return f"- {name}"


def write_contact(label: str, value: str) -> str:
    return f"{CONTACT_START}{label}: {value}"


def neutralize_markers(text: str) -> str:
    """Rewrite markers that occur in a user's text, so that text can never forge a special token.

    >>> neutralize_markers("a [DOC] b")
    'a ［DOC］ b'
    """
    return FORGED_MARKER.sub(r"［\1］", text)


def count_markers(text: str) -> int:
    """How many markers a user's text holds."""
    return len(FORGED_MARKER.findall(text))
