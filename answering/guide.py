"""What may come next in an answer, token by token: texts to choose from, or free text without invented contacts."""

import math
import re
from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from answering.verification import KnownContacts
from corpus.raw.normalization import normalize
from corpus.raw.sentences import SENTENCE_END
from corpus.template import MARKERS, count_markers

# Byte-level BPE writes visible bytes as the characters of the same number, the others as those from 256 on.
VISIBLE_BYTES = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
OTHER_BYTES = [byte for byte in range(0x100) if byte not in VISIBLE_BYTES]
BYTE_OF_CHARACTER = {chr(byte): byte for byte in VISIBLE_BYTES} | {chr(0x100 + n): b for n, b in enumerate(OTHER_BYTES)}

# A sentence is over here, whatever comes next: "했다" may become "했다면" or get its full stop, and "1500." and "www."
# may go on.
SENTENCE_IS_OVER = re.compile(rf"(?<![0-9A-Za-z])(?:{SENTENCE_END.pattern})(?<!\w)$")


@dataclass(frozen=True)
class Choice:
    """What may come next: one of some texts, each ending in a line end or a marker; or a free line after a start."""

    texts: Sequence[str] = ()
    starts: Sequence[str] = ()  # what a free line may begin with, none of them empty
    longest: int = 0  # tokens of a free line, which may have to go on to the end of a word or of a contact
    forbidden: Collection[str] = ()  # what a free line may not be
    ways_out: Sequence[str] = ()  # further texts, with which a list ends or does not begin
    enough: ClassVar[int] = 0  # tokens from which on a free line ends with its sentence
    most_line_ends: ClassVar[int] = 1  # after a free line


@dataclass(frozen=True)
class Paragraph:
    """What may come next: a free line, with an empty one below it or none; or the marker that ends the answer."""

    end: str | None  # the marker, None where it may not come yet
    enough: float = math.inf  # this and the others as in a `Choice`
    longest: float = math.inf
    forbidden: Collection[str] = ()
    starts: ClassVar[Sequence[str]] = ("",)
    most_line_ends: ClassVar[int] = 2


Form = Generator[Choice | Paragraph, tuple[str, int], None]  # is sent what was written, and in how many tokens


class AnswerGuide:
    """Leads a text through a form, which is a generator: it yields what may come and is sent what was written then.

    The texts of a choice make a trie over token ids (nested dicts), in which every token leaves fewer of
    them possible; the main trie is the same without the ways out, and None stands for free text. Lines can be
    encoded one by one, because no token goes on after a line end.
    """

    def __init__(self, form: Form, contacts: KnownContacts | None, tokenizer, nothing: str):
        """`contacts` are the only ones that free text may hold, None: any; `nothing` stands where there is none."""
        self.form, self.contacts, self.tokenizer, self.nothing = form, contacts, tokenizer, nothing
        self.markers = {tokenizer.token_to_id(marker) for marker in MARKERS}
        self._offer(next(form))

    def allowed(self) -> Sequence[int] | None:
        """The only tokens that may come next; None: any that `accepts` takes."""
        return None if self.trie is None else list(self.trie)

    def ways_out(self) -> Collection[int]:
        """Those of the allowed tokens with which a list ends, or does not begin."""
        return self.trie.keys() - self.main_trie.keys()

    def accepts(self, token: int) -> bool:
        """Whether this token may come next, where `allowed` names none.

        It may where a line that begins so can be gone on with to its end.
        """
        if token in self.markers:
            return token == self.end and not self.line_tokens
        line_bytes = self.line_bytes + self._bytes_of(token)
        whole = _decode_whole(line_bytes)
        is_overlong = len(self.line_tokens) >= self.offered.longest
        if is_overlong and whole != _decode_whole(self.line_bytes) and whole.encode() != line_bytes:
            return False  # one cut character after the other would put the end off for ever
        return any(map(self._may_stand, _complete_character(line_bytes)))

    def take(self, token: int) -> None:
        """The token has been written."""
        self.line_tokens.append(token)
        self.line_bytes += self._bytes_of(token)
        if self.trie is not None:
            self.trie = self.trie[token]
            self.main_trie = self.main_trie.get(token, {})
            if self.trie:
                return
        line = _decode_whole(self.line_bytes)
        if line.endswith("\n"):
            self._offer(self.form.send((line, len(self.line_tokens))))
        else:
            self.trie = self._required(line)
            self.main_trie = self.trie or {}

    def _offer(self, offered: Choice | Paragraph) -> None:
        self.offered = offered
        self.line_tokens: list[int] = []
        self.line_bytes = b""
        if isinstance(offered, Paragraph):
            self.trie, self.main_trie = None, {}
            self.end = self.tokenizer.token_to_id(offered.end) if offered.end else None
        else:
            # The space at the end of a start belongs to the token that follows.
            texts = [*offered.texts, *(start.rstrip() for start in offered.starts)]
            self.trie, self.main_trie = self._trie([*texts, *offered.ways_out]), self._trie(texts)
            self.end = None

    def _bytes_of(self, token: int) -> bytes:
        return bytes(BYTE_OF_CHARACTER[character] for character in self.tokenizer.id_to_token(token))

    def _may_stand(self, line: str) -> bool:
        """Whether a free line may be this, or begin so where it has no line end yet."""
        text = line.rstrip("\n")
        line_ends = len(line) - len(text)
        starts = self.offered.starts
        if not any(text.startswith(start) or start.startswith(text) for start in starts):
            return False
        if line_ends > self.offered.most_line_ends or not _is_clean(text):
            return False
        if line_ends and text.strip() in {*map(str.strip, starts), *self.offered.forbidden}:
            return False
        return self.contacts is None or self.contacts.allow(text, finished=bool(line_ends))

    def _required(self, line: str) -> dict | None:
        """The trie of what has to follow in a free line, None where anything may."""
        if self.contacts is not None:
            values = self.contacts.values_after_label(line)
            if values is not None:
                return self._trie(f" {value}\n" for value in values or [self.nothing])
            if rests := self.contacts.complete(line):
                return self._trie(rests)
        is_whole = line.encode() == self.line_bytes
        most = self.offered.enough if SENTENCE_IS_OVER.search(line) else self.offered.longest
        if len(self.line_tokens) >= most and is_whole and self._may_stand(f"{line}\n"):
            return self._trie(["\n"])
        return None

    def _trie(self, texts: Iterable[str]) -> dict:
        trie: dict = {}
        for encoding in self.tokenizer.encode_batch_fast(list(texts)):
            node = trie
            for token in encoding.ids:
                node = node.setdefault(token, {})
        return trie


def _decode_whole(line_bytes: bytes) -> str:
    """The whole characters; a last one that is cut short is left out."""
    return line_bytes.decode(errors="ignore")


def _complete_character(line_bytes: bytes) -> list[str]:
    """Bytes as text, a last character that is cut short made whole in two ways at most; [] where they are no text.

    Every beginning of a character can go on with the lowest of all bytes that go on with one, or with the highest.
    """
    for missing in range(4):
        texts = []
        for continuation in (b"\x80", b"\xbf"):
            try:
                texts.append((line_bytes + continuation * missing).decode())
            except UnicodeDecodeError:
                continue
        if texts:
            return texts
    return []


def _is_clean(text: str) -> bool:
    """Whether a line is as step 01 leaves one: no control characters, no two spaces, no marker spelled out.

    Nor may it hold U+FFFD, which stands for broken bytes and is dropped where an answer is printed.
    """
    text = text.removeprefix("  ")  # which list items begin with
    return normalize(f"{text}.") == f"{text}." and "\ufffd" not in text and not count_markers(text)
