"""A text that an answer is made from: where it comes from, its posts and parts, the number of each line."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import repeat

from corpus.raw.documents import cut_documents
from corpus.raw.layout import SEPARATOR
from corpus.raw.normalization import normalize, standardize_labels
from corpus.raw.posts import Post, split_posts
from corpus.raw.reading import Line
from corpus.raw.titles import find_title, first_words
from corpus.template import neutralize_markers


@dataclass(frozen=True)
class Source:
    """A text that an answer is made from."""

    text: str
    title: str = ""
    file: str = ""  # "" if the text came in a line of JSON
    line: int = 0  # number of its first line, counted from 1; of a document from the index, that of its post
    numbers: tuple[int, ...] = field(default=(), repr=False)  # of all its lines, if they are known
    part: int = 0  # which part of a long post it is, counted from 0
    id: int | None = None  # of a document of the user's own text: its number in the index

    @property
    def name(self) -> str:
        """Its title, or its first words if it has none; of a later part of a post with which part it is."""
        name = self.title or first_words(self.text)
        return f"{name} ({self.part + 1})" if self.part else name

    @classmethod
    def of_text(cls, text: str) -> "Source":
        """A text without a file; its lines are counted from 1."""
        return cls.of_lines(Line("", number, line) for number, line in enumerate(normalize(text).split("\n"), start=1))

    @classmethod
    def of_lines(cls, lines: Iterable[Line], file: str = "") -> "Source":
        """A document that the user gives, cleaned as step 01 cleans the documents that the model is trained on."""
        lines = list(lines)
        text = neutralize_markers(standardize_labels("\n".join(line.text for line in lines)))
        blank_lines = text[: len(text) - len(text.lstrip())].count("\n")  # above the text
        numbers = tuple(line.number for line in lines[blank_lines:])
        text = text.strip()
        return cls(text, find_title(tuple(text.split("\n", 3))), file, numbers[0] if text else 0, numbers)

    def cut(self, max_characters: int) -> list["Source"]:
        """Its posts; a post of more than `max_characters` is cut into parts."""
        lines = [
            Line(self.file, number, text)
            for number, text in zip(self.numbers or repeat(self.line), self.text.split("\n"), strict=False)
        ]
        # Posts keep every line that is not empty, in order, except separators.
        numbers = iter([line.number for line in lines if line.text.strip() and not SEPARATOR.match(line.text)])
        parts: list[Source] = []
        for count, post in enumerate(split_posts(lines)):
            numbers_of_post = [next(numbers) if text else 0 for text in post.lines]
            parts += self._cut_post(post, count, numbers_of_post, max_characters)
        return parts or [replace(self, text=self.text[:max_characters])]

    def _cut_post(self, post: Post, count: int, numbers: list[int], max_characters: int) -> list["Source"]:
        """The parts of the post that comes after `count` others; `numbers` are those of its lines."""
        text = "\n".join(post.lines)
        parts: list[Source] = []
        first_line = end = 0  # of a part in the post: its first line, and the character where the part before it ends
        for part in cut_documents(post, count, max_characters):
            start = text.index(part.text, end)
            first_line += text.count("\n", end, start)
            line_ends = part.text.count("\n")
            numbers_of_part = tuple(numbers[first_line : first_line + line_ends + 1])
            title = part.title or ("" if count else self.title)
            parts.append(Source(part.text, title, self.file, numbers_of_part[0], numbers_of_part))
            first_line, end = first_line + line_ends, start + len(part.text)
        return parts


def without_damaged_lines(text: str) -> str:
    r"""The text with an empty line in place of each line that holds U+FFFD: a character is lost, perhaps a digit.

    >>> without_damaged_lines("대사관\nTEL: 02-1\ufffd34-5678")
    '대사관\n'
    """
    return "\n".join("" if "\ufffd" in line else line for line in text.split("\n"))
