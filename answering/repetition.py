"""Loops: what a small model would write again and again below one heading, token by token."""

from collections.abc import Collection


class Repetition:
    """Names the tokens with which the current section would repeat itself.

    A section repeats itself where a line begins with the same token as an earlier one, or where a run of `length`
    tokens comes within a line for the second time (Paulus et al., 2018, forbid such runs in a whole text; here the
    details may quote a sentence that the summary has quoted). A `length` of 0 turns both off.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.line: list[int] = []
        self.first_tokens: set[int] = set()  # of the lines of the section
        self.followers: dict[tuple[int, ...], set[int]] = {}  # length - 1 tokens -> those that came after them

    def avoided(self) -> Collection[int]:
        """The tokens that would repeat something."""
        if not self.length:
            return ()
        after_run = self.followers.get(self._last(), set())
        return after_run if self.line else after_run | self.first_tokens

    def take(self, token: int) -> None:
        """Learn that a token of a line, without its bullet, has been written."""
        if not self.line:
            self.first_tokens.add(token)
        if len(self.line) >= self.length - 1:
            self.followers.setdefault(self._last(), set()).add(token)
        self.line.append(token)

    def end_line(self, begins_section: bool = False) -> None:
        """Go to the next line; after a heading, which begins a section, only the heading is not to be repeated."""
        if begins_section:
            self.first_tokens = set(self.line[:1])
            self.followers = {}
        self.line = []

    def _last(self) -> tuple[int, ...]:
        """The last length - 1 tokens of the line, or fewer at its beginning."""
        return tuple(self.line[max(0, len(self.line) - self.length + 1) :])
