"""What may come next in an answer, token by token: one of several texts, or a free line without invented contacts."""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

from answering.form import CONTACT_TOKENS, Choice, Form, GuidedForm, Paragraph, free_form
from answering.material import Material, without_unverified
from answering.repetition import Repetition
from answering.request import Request
from answering.source import Source, without_damaged_lines
from answering.verification import KnownContacts
from corpus.raw.normalization import normalize
from corpus.raw.sentences import SENTENCE_END
from corpus.template import MARKERS, Template, count_markers, marker_id
from pipeline import StepError

from tokenizers import Tokenizer

# Byte-level BPE writes visible bytes as the characters of the same number, the others as those from 256 on.
VISIBLE_BYTES = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
OTHER_BYTES = [byte for byte in range(0x100) if byte not in VISIBLE_BYTES]
BYTE_OF_CHARACTER = {chr(byte): byte for byte in VISIBLE_BYTES} | {chr(0x100 + n): b for n, b in enumerate(OTHER_BYTES)}

# A sentence ends here, whatever comes next: "했다" may become "했다면" or get its full stop, and "1500." and "www."
# may continue.
SENTENCE_IS_OVER = re.compile(rf"(?<![0-9A-Za-z])(?:{SENTENCE_END.pattern})(?<!\w)$")

Trie = dict[int, Any]  # token -> trie of what may follow; {} at the end of a text


class AnswerGuide:
    """Holds a text to a form, which is a generator: it yields what may come next and receives what was written.

    The texts of a choice make a trie over token ids (nested dicts), in which each token leaves fewer texts
    possible; the main trie is the same without the ways out, and None stands for free text. Lines can be
    encoded one by one, because no token continues after a line end.
    """

    def __init__(
        self,
        form: Form,
        contacts: KnownContacts | None,
        tokenizer: Tokenizer,
        template: Template,
        no_repeat_ngram: int = 0,
    ) -> None:
        """`contacts` are the only ones allowed in free text, None: any; `no_repeat_ngram` is as in `Request`."""
        self.form, self.contacts, self.tokenizer, self.template = form, contacts, tokenizer, template
        self.headings_left = set(template.heading_lines)  # those that have not come yet
        self.repetition = Repetition(no_repeat_ngram)
        self.in_contacts = False  # below their heading, where all lines begin alike
        self.trie: Trie | None = None
        self.main_trie: Trie = {}
        self.markers = {marker_id(tokenizer, marker) for marker in MARKERS}
        self._offer(next(form))

    def allowed(self) -> Sequence[int] | None:
        """The only tokens that may come next; None: any that `accepts` allows."""
        return None if self.trie is None else list(self.trie)

    def ways_out(self) -> Collection[int]:
        """The allowed tokens with which a list ends, or does not begin."""
        return (self.trie or {}).keys() - self.main_trie.keys()

    def avoided(self) -> Collection[int]:
        """The tokens that would only repeat what the section says already."""
        return () if self.in_contacts else self.repetition.avoided()

    def accepts(self, token: int) -> bool:
        """Whether this token may come next, where `allowed` names none.

        It may if a line that begins like this can be completed.
        """
        if token in self.markers:
            return token == self.end and not self.line_tokens
        line_bytes = self.line_bytes + self._bytes_of(token)
        whole = _decode_whole(line_bytes)
        is_overlong = len(self.line_tokens) >= self.offered.longest
        if is_overlong and whole != _decode_whole(self.line_bytes) and whole.encode() != line_bytes:
            return False  # one incomplete character after another would postpone the end forever
        return any(map(self._is_allowed, _complete_character(line_bytes)))

    def take(self, token: int) -> None:
        """Learn that the token has been written."""
        self.line_tokens.append(token)
        self.line_bytes += self._bytes_of(token)
        if self.line_bytes.strip() not in (b"", b"-") and not self.line_bytes.endswith(b"\n"):
            self.repetition.take(token)  # neither bullets nor line ends are repetitions
        if self.trie is not None:
            self.trie = self.trie[token]
            self.main_trie = self.main_trie.get(token, {})
            if self.trie:
                return
        line = _decode_whole(self.line_bytes)
        if line.endswith("\n"):
            self._end_line(line.rstrip("\n"))
            self._offer(self.form.send((line, len(self.line_tokens))))
        else:
            self.trie = self._required(line)
            self.main_trie = self.trie or {}

    def _end_line(self, line: str) -> None:
        """A heading begins a section, the first time that it comes."""
        begins_section = line in self.headings_left
        if begins_section:
            self.headings_left.remove(line)
            self.in_contacts = line == self.template.contacts
        self.repetition.end_line(begins_section)

    def _offer(self, offered: Choice | Paragraph) -> None:
        self.offered = offered
        self.line_tokens: list[int] = []
        self.line_bytes = b""
        if isinstance(offered, Paragraph):
            self.trie, self.main_trie = None, {}
            self.end = marker_id(self.tokenizer, offered.end) if offered.end else None
        else:
            # The space at the end of a start belongs to the token that follows.
            texts = [*offered.texts, *(start.rstrip() for start in offered.starts)]
            self.trie, self.main_trie = self._trie([*texts, *offered.ways_out]), self._trie(texts)
            self.end = None

    def _bytes_of(self, token: int) -> bytes:
        return bytes(BYTE_OF_CHARACTER[character] for character in self.tokenizer.id_to_token(token) or "")

    def _is_allowed(self, line: str) -> bool:
        """Whether a free line may be this, or begin like this if it has no line end yet."""
        text = line.rstrip("\n")
        line_ends = len(line) - len(text)
        starts = self.offered.starts
        if not any(text.startswith(start) or start.startswith(text) for start in starts):
            return False
        if line_ends > self.offered.max_line_ends or not _is_clean(text):
            return False
        if line_ends and text.strip() in {*map(str.strip, starts), *self.offered.forbidden}:
            return False
        return self.contacts is None or self.contacts.allow(text, finished=bool(line_ends))

    def _required(self, line: str) -> Trie | None:
        """The trie of what must follow in a free line; None if anything may."""
        if self.contacts is not None:
            values = self.contacts.values_after_label(line)
            if values is not None:
                return self._trie(f" {value}\n" for value in values or [self.template.nothing])
            if rests := self.contacts.complete(line):
                return self._trie(rests)
        is_whole = line.encode() == self.line_bytes
        most = self.offered.enough if SENTENCE_IS_OVER.search(line) else self.offered.longest
        if len(self.line_tokens) >= most and is_whole and self._is_allowed(f"{line}\n"):
            return self._trie(["\n"])
        return None

    def _trie(self, texts: Iterable[str]) -> Trie:
        trie: Trie = {}
        for encoding in self.tokenizer.encode_batch_fast(list(texts)):
            node = trie
            for token in encoding.ids:
                node = node.setdefault(token, {})
        return trie


def build_guide(
    request: Request,
    material: Material,
    sources: Sequence[Source],
    max_new_tokens: int,
    tokenizer: Tokenizer,
    template: Template,
) -> AnswerGuide:
    """What holds an answer of at most `max_new_tokens` to its form and to its sources.

    Raises StepError if the guided form needs more tokens.
    """

    @cache
    def count_tokens(text: str) -> int:
        return len(tokenizer.encode(text).ids)

    known = None
    if request.verify_contacts:
        text = "\n".join(without_damaged_lines(source.text) for source in sources)
        # A long one is never begun in free text: it would need more tokens than are kept free.
        known = KnownContacts(material.values(), text, lambda value: count_tokens(value) <= CONTACT_TOKENS)
    if request.form == "free":
        form = free_form(template)
    else:
        material = without_unverified(material, request, has_sources=bool(sources))
        try:
            form = GuidedForm(template, material, max_new_tokens, count_tokens).write()
        except ValueError as error:
            raise StepError(
                f"MAX_NEW_TOKENS or the model's BLOCK_SIZE gives the answer {max_new_tokens:,} tokens: {error}; "
                'raise it, or set FORM to "free"'
            ) from None
    return AnswerGuide(form, known, tokenizer, template, request.no_repeat_ngram)


def _decode_whole(line_bytes: bytes) -> str:
    """The whole characters; an incomplete last one is left out."""
    return line_bytes.decode(errors="ignore")


def _complete_character(line_bytes: bytes) -> list[str]:
    """Bytes as text, an incomplete last character completed in up to two ways; [] if they cannot become text.

    Every beginning of a character can continue with the lowest or with the highest of the bytes that continue one.
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
    """Whether a line is like those of step 01: no control characters, no double spaces, no marker spelled out.

    Nor may it contain U+FFFD, which stands for broken bytes.
    """
    text = text.removeprefix("  ")  # which list items begin with
    return normalize(f"{text}.") == f"{text}." and "\ufffd" not in text and not count_markers(text)
