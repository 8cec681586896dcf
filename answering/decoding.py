"""From tokens to text, for answers that are shown while they are written and for whole ones alike."""

import re

from answering.verification import KnownContacts

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

# What may go on with the next token: a number, with marks between its digits; a word in Latin letters, as in an address
# of a site; the bullet of a line that holds nothing else yet.
BETWEEN_DIGITS = r"(?:[^\w\n]|_){0,3}"
MAY_GO_ON = re.compile(
    rf"(?:\n *(?:- )?)?(?:(?<![A-Za-z0-9])[+(]{{0,2}}\d(?:{BETWEEN_DIGITS}\d)*{BETWEEN_DIGITS}|[A-Za-z0-9@:/._+\-]+)\Z"
    r"|\n *-? ?\Z"
)


class TextDecoder:
    """The text of one answer, to which each token adds some characters or none.

    A Hangul syllable can be spread over several tokens, so bytes wait until they make a whole character; bytes that
    never do are shown as U+FFFD, because without a mark between them two numbers would read as one that nobody has
    verified. Line ends wait until something follows them, so that no text ends with one. A number, or another contact
    of `contacts`, waits until it is whole, so that a text whose room ends there does not end with half of one.
    """

    def __init__(self, tokenizer: Tokenizer, contacts: KnownContacts | None = None) -> None:
        self.tokenizer, self.contacts = tokenizer, contacts
        self.token_count = 0
        self._stream = DecodeStream(skip_special_tokens=True)
        self._waiting: list[int] = []  # tokens whose characters are not in the text yet
        self._pieces: list[str] = []
        self._held = ""  # the end of what was decoded, which may go on

    @property
    def text(self) -> str:
        """What has been written so far."""
        return "".join(self._pieces)

    def add(self, token: int) -> str:
        """Return the characters that follow the text now that this token has been written."""
        self.token_count += 1
        self._waiting.append(token)
        characters = self._stream.step(self.tokenizer, token)
        return self._append(characters) if characters else ""

    def finish(self, cut: bool = False) -> str:
        """Return what is left, because no token follows; of a text that is `cut` off, without what is not whole."""
        characters = self._held + self.tokenizer.decode(self._waiting).rstrip("\ufffd")
        if cut:
            characters = characters[: self._whole(characters)]
        self._held = ""
        return self._write(characters.rstrip("\n"))

    def _append(self, characters: str) -> str:
        self._waiting.clear()
        characters = self._held + characters
        piece = characters[: self._whole(characters)].rstrip("\n")
        self._held = characters[len(piece) :]
        return self._write(piece)

    def _write(self, piece: str) -> str:
        self._pieces.append(piece)
        return piece

    def _whole(self, characters: str) -> int:
        """How many of the characters at the end of the text are whole, whatever follows."""
        unfinished = MAY_GO_ON.search(characters)
        whole = unfinished.start() if unfinished else len(characters)
        if self.contacts is not None:
            line = (self.text + characters).rsplit("\n", 1)[-1]
            whole = min(whole, len(characters) - len(line) + self.contacts.begun_at(line))
        return max(0, whole)
