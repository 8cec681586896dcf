"""What may come next in an answer, token by token: texts to choose from, or free text without invented contacts."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass

from corpus.template import MARKERS
from corpus.verification import KnownContacts

BROKEN = "\ufffd"  # what the bytes of half a character are decoded to


@dataclass(frozen=True)
class Choice:
    """What may come next: one of some texts, each ending in a line end or a marker; or a line of free text."""

    texts: Sequence[str] = ()
    free_starts: Sequence[str] = ()  # what a line of free text may begin with; "" alone: paragraphs
    longest: int = 0  # tokens of a free line


class AnswerGuide:
    """Leads a text through a form, which is a generator: it yields a `Choice` and is sent what was written then.

    The texts of a choice make a trie over token ids (nested dicts), in which every token leaves fewer of
    them possible. Lines can be encoded one by one, because no token goes on after a line end.
    """

    def __init__(self, form: Generator[Choice, str, None], contacts: KnownContacts | None, tokenizer, nothing: str):
        """`contacts` are the only ones that free text may hold, None: any; `nothing` stands where there is none."""
        self.form, self.contacts, self.tokenizer, self.nothing = form, contacts, tokenizer, nothing
        self.markers = {tokenizer.token_to_id(marker) for marker in MARKERS}
        self._offer(next(form))

    def allowed(self) -> Sequence[int] | None:
        """The only tokens that may come next; None: any that `accepts` takes."""
        return None if self.trie is None else list(self.trie)

    def accepts(self, token: int) -> bool:
        """Whether a token may come next in free text."""
        if token in self.markers:
            return token in self.ends and not self.line_tokens
        line = self.tokenizer.decode([*self.line_tokens, token])
        text = line.rstrip("\n")
        ends = len(line) - len(text)
        if "\n" in text or BROKEN in text.rstrip(BROKEN):
            return False
        if ends and (ends > self.most_line_ends or text.strip() in self.empty_lines or text.endswith(BROKEN)):
            return False
        return self.contacts is None or self.contacts.allow(text, finished=bool(ends))

    def take(self, token: int) -> None:
        """The token has been written."""
        self.line_tokens.append(token)
        if self.trie is not None:
            self.trie = self.trie[token]
            if self.trie:
                return
        line = self.tokenizer.decode(self.line_tokens)
        if line.endswith("\n"):
            self._offer(self.form.send(line))
        else:
            self.trie = self._required(line)

    def _offer(self, choice: Choice) -> None:
        self.line_tokens: list[int] = []
        self.longest = choice.longest
        # The space at the end of a start belongs to the token that follows.
        starts = [start.rstrip() for start in choice.free_starts]
        self.empty_lines = {start.strip() for start in starts}
        self.ends: set[int] = set()
        self.most_line_ends = 1
        if starts == [""]:
            self.trie, self.most_line_ends = None, 2
            self.ends = {self.tokenizer.token_to_id(text) for text in choice.texts}
        else:
            self.trie = self._trie([*choice.texts, *starts])

    def _required(self, line: str) -> dict | None:
        """The trie of what has to follow in a free line, None where anything may."""
        if self.contacts:
            values = self.contacts.values_after_label(line)
            if values is not None:
                return self._trie(f" {value}\n" for value in values or [self.nothing])
            if rests := self.contacts.complete(line):
                return self._trie(rests)
        if len(self.line_tokens) >= self.longest and not line.endswith(BROKEN):
            return self._trie(["\n"])
        return None

    def _trie(self, texts: Iterable[str]) -> dict:
        trie: dict = {}
        for encoding in self.tokenizer.encode_batch_fast(list(texts)):
            node = trie
            for token in encoding.ids:
                node = node.setdefault(token, {})
        return trie
