"""The form of a sample: how questions, documents and answers are written.

Step 01 writes samples in it, steps 04 and 05 write prompts in it. It consists of strings, so a checkpoint contains it.
There are two styles: "answer", a question answered in four sections, and "summary", a document summarised in five.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from tokenizers import Tokenizer

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


@dataclass(frozen=True)
class Contact:
    """One way to reach an institution or a person."""

    institution: str
    label: str  # TEL, ADDR, WEB, KAKAO or EMAIL
    value: str  # as written
    normalized: str  # equal for two spellings of the same value
    note: str = ""  # which of the numbers of the institution it is: "야간"

    @property
    def shown(self) -> str:
        """The value, with the note behind it."""
        return f"{self.value} ({self.note})" if self.note else self.value


@dataclass(frozen=True)
class Answer:
    """The content of an answer; `Template.write_answer` writes the fields that belong to its style."""

    summary: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)
    to_bring: list[str] = field(default_factory=list)
    to_beware: list[str] = field(default_factory=list)
    contacts: dict[str, list[Contact]] = field(default_factory=dict)  # by institution
    details: str = ""
    merits: list[str] = field(default_factory=list)
    drawbacks: list[str] = field(default_factory=list)
    audience: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AnswerPart:
    """A section of an answer, or one of the three lists of its checklist."""

    name: str  # of the field of `Answer`
    heading: str  # one line or two
    bullet: str  # at the beginning of each item


@dataclass(frozen=True)
class Template:
    """The fixed words of a sample in one style."""

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
        """The template of one of STYLES. A summary answers no question: it directly follows the document."""
        if style == "answer":
            return cls()
        return cls(style, question="", answer_start=f"{SUMMARY}\n", answer_end=f"\n{END_SUMMARY}", summary="핵심요약:")

    @classmethod
    def from_dict(cls, strings: Mapping[str, str]) -> "Template":
        """The template that `to_dict` has written. Raises ValueError for strings that no sample can be written in."""
        unknown = strings.keys() - {each.name for each in fields(cls)}
        if unknown or strings.get("style", "answer") not in STYLES:
            raise ValueError(f"no template has {sorted(unknown)} and the style {strings.get('style')!r}")
        template = cls(**strings)
        if template.document.count("{document}") != 1 or template.question.count("{question}") > 1:
            raise ValueError("the template has no place, or several, for the question or the document")
        if not {template.answer_start.strip(), template.answer_end.strip()} <= set(MARKERS):
            raise ValueError("the answer of the template begins or ends with no marker")
        words = [*template.heading_lines, template.nothing]
        if not all(word.strip() and "\n" not in word and not count_markers(word) for word in words):
            raise ValueError("a heading of the template is empty, or more than one line")
        return template

    @property
    def parts(self) -> tuple[AnswerPart, ...]:
        """The parts of an answer, in the order in which every answer has them."""
        if self.style == "summary":
            names = ("summary", "merits", "drawbacks", "audience", "to_beware")
            return tuple(AnswerPart(name, getattr(self, name), "- ") for name in names)
        return (
            AnswerPart("summary", self.summary, "- "),
            AnswerPart("to_do", f"{self.checklist}\n- {self.to_do}", "  - "),
            AnswerPart("to_bring", f"- {self.to_bring}", "  - "),
            AnswerPart("to_beware", f"- {self.to_beware}", "  - "),
            AnswerPart("contacts", self.contacts, "- "),
            AnswerPart("details", self.details, ""),
        )

    @property
    def heading_lines(self) -> tuple[str, ...]:
        """The lines of all headings, those of the lists too, in the order in which every answer has them."""
        return tuple(line for part in self.parts for line in part.heading.split("\n"))

    @property
    def headings(self) -> tuple[str, ...]:
        """The section headings, in the order in which every answer has them."""
        return tuple(line for line in self.heading_lines if not line.startswith("- "))

    def to_dict(self) -> dict[str, str]:
        """The template as strings, for a checkpoint; `from_dict` reads it."""
        return asdict(self)

    def write_prompt(self, question: str, document: str = "") -> str:
        """Everything before the answer; the model continues it."""
        prompt = self.question.replace("{question}", neutralize_markers(question.strip()))
        if document:
            prompt += self.document.replace("{document}", neutralize_markers(document.strip()))
        return prompt + self.answer_start

    def write_sample(self, question: str, document: str, answer: Answer) -> str:
        """A whole training sample; `document` is "" in a closed-book one."""
        return self.write_prompt(question, document) + neutralize_markers(self.write_answer(answer)) + self.answer_end

    def write_answer(self, answer: Answer) -> str:
        """The parts below their headings; an empty part contains the phrase `nothing`."""
        lines = []
        for part in self.parts:
            content = getattr(answer, part.name)
            lines.append(part.heading)
            if not content:
                lines.append(part.bullet + self.nothing)
            elif part.name == "contacts":
                for institution, contacts in content.items():
                    lines.append(write_institution(institution))
                    lines += [write_contact(contact.label, contact.shown) for contact in contacts]
            elif part.name == "details":
                lines.append(content)
            else:
                lines += [part.bullet + item for item in content]
        return "\n".join(lines)

    def split_sections(self, answer_text: str) -> dict[str, str]:
        """The text below each heading of a written answer, without headings that are missing or not in their order."""
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
    """The line of an institution, above its contacts."""
    return f"- {name}"


def write_contact(label: str, value: str) -> str:
    """The line of a contact, below its institution."""
    return f"{CONTACT_START}{label}: {value}"


def neutralize_markers(text: str) -> str:
    """Rewrite the markers in a user's text, so that text can never forge a special token.

    >>> neutralize_markers("a [DOC] b")
    'a ［DOC］ b'
    """
    return FORGED_MARKER.sub(r"［\1］", text)


def count_markers(text: str) -> int:
    """The number of markers in a user's text."""
    return len(FORGED_MARKER.findall(text))


def require_markers(tokenizer: Tokenizer) -> None:
    """Raise ValueError unless each marker is a token."""
    for marker in MARKERS:
        marker_id(tokenizer, marker)


def marker_id(tokenizer: Tokenizer, marker: str) -> int:
    """The token id of a marker. Raises ValueError if the tokenizer has none, so that step 02 did not make it."""
    index = tokenizer.token_to_id(marker)
    if index is None:
        raise ValueError(f"the tokenizer has no token {marker}")
    return index
