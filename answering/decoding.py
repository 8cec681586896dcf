"""From tokens to text, for answers that are shown while they are written and for whole ones alike."""

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream


class TextDecoder:
    """The text of one answer, to which each token adds some characters or none.

    A Hangul syllable can be spread over several tokens, so bytes wait until they make a whole character; bytes that
    never do are shown as U+FFFD, because without a mark between them two numbers would read as one that nobody has
    verified. Line ends wait until something follows them, so that no text ends with one.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.token_count = 0
        self._stream = DecodeStream(skip_special_tokens=True)
        self._waiting: list[int] = []  # tokens whose characters are not in the text yet
        self._pieces: list[str] = []
        self._line_ends = ""

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

    def finish(self) -> str:
        """Return the whole characters in tokens whose last character was cut off, because no token follows."""
        return self._append(self.tokenizer.decode(self._waiting).rstrip("\ufffd"))

    def _append(self, characters: str) -> str:
        self._waiting.clear()
        characters = self._line_ends + characters
        piece = characters.rstrip("\n")
        self._line_ends = characters[len(piece) :]
        self._pieces.append(piece)
        return piece
