"""Guesses for the next tokens: what followed the last ones where they came before (prompt lookup decoding).

An answer quotes its document, so most of its tokens can be guessed. The model reads several guesses in one pass, which
costs little more than a pass over one token, and those that it would have chosen itself are kept.
"""

from collections.abc import Iterable

MATCHED_TOKENS = 2  # that must agree: 5.4 tokens of an answer for each pass; with 1 and 3, 5.1


class Lookup:
    """The tokens of one text, and where each run of MATCHED_TOKENS of them last came."""

    def __init__(self, tokens: Iterable[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}  # run of tokens -> index of the token that followed it last
        for token in tokens:
            self.add(token)

    def add(self, token: int) -> None:
        """Append the next token of the text."""
        if len(self._tokens) >= MATCHED_TOKENS:
            self._after[tuple(self._tokens[-MATCHED_TOKENS:])] = len(self._tokens)
        self._tokens.append(token)

    def guess(self, most: int) -> list[int]:
        """The tokens, at most so many, that followed the last ones where these came before."""
        start = self._after.get(tuple(self._tokens[-MATCHED_TOKENS:]))
        return [] if start is None else self._tokens[start : start + most]
