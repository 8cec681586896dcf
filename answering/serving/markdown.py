"""An answer for clients that show Markdown."""

import re
from collections.abc import Sequence

from answering.serving.stops import beginning_at_end


class BlankLines:
    """Puts an empty line before each heading; without one, Markdown takes a heading for a part of the list above."""

    def __init__(self, headings: Sequence[str]) -> None:
        self.lines = [f"\n{heading}\n" for heading in headings]
        self.before_heading = re.compile(rf"\n(?=(?:{'|'.join(map(re.escape, headings)) or '(?!)'})\n)")
        self._held = ""

    def add(self, text: str) -> str:
        """The characters that can be passed on now that these have followed."""
        held = self.before_heading.sub("\n\n", self._held + text)
        waiting = max((beginning_at_end(held, line) for line in self.lines), default=0)
        self._held = held[len(held) - waiting :]
        return held[: len(held) - waiting]

    def finish(self) -> str:
        """The characters that waited, because no others follow."""
        held, self._held = self._held, ""
        return held
