"""Is a contact in a line that is being written one that the sources hold, or one that was made up?"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

from corpus.extraction.contacts import find_values, normalize_value

DIGIT_RUN = re.compile(r"\+?\d(?:[\d \-.–()]*\d)?")  # digits that are read together, whatever stands between them
FEWEST_DIGITS = 7  # of a run that reads as a telephone number
DATE = re.compile(r"(?:19|20)\d\d(?:[-. ]{1,2}\d{1,2}){1,2}")
LABEL_AT_END = re.compile(r"\b(TEL|ADDR|WEB|KAKAO|EMAIL):$")


class KnownContacts:
    """The contacts that may be written: those of a document, of a table, or none at all.

    So is every long run of digits that the sources hold: what reads as a telephone number in one place may
    be an account number in another.
    """

    def __init__(
        self,
        values: Iterable[tuple[str, str]] = (),
        text: str = "",
        may_begin: Callable[[str], bool] = lambda spelling: True,
    ):
        """`values` are (label, value) pairs; those found in `text` are added.

        Only spellings of which `may_begin` is true are led to from their beginning.
        """
        pairs = list(dict.fromkeys([*values, *((place[2], place[3]) for place in _find_all(text))]))
        self.by_label: dict[str, list[str]] = {}
        for label, value in pairs:
            if may_begin(value):
                self.by_label.setdefault(label, []).append(value)
        self.normalized = {(label, normalize_value(label, value)) for label, value in pairs}
        spellings = {value for _, value in pairs}
        runs = {run[0] for spelling in (text, *spellings) for run in find_runs(spelling)}
        self.digits = {digits_of(run) for run in runs}
        self.spellings = sorted((spelling.lower(), spelling) for spelling in filter(may_begin, spellings | runs))

    def allow_all(self, text: str) -> bool:
        """Whether all contacts in the lines of a text are known."""
        return all(map(self.allow, text.split("\n")))

    def allow(self, line: str, finished: bool = True) -> bool:
        """Whether all contacts in a line are known; the last in an unfinished one may be the beginning of one."""
        unknown = self._find_unknown(line)
        return not unknown or (not finished and any(True for _ in self._rests(line, unknown)))

    def complete(self, line: str) -> list[str]:
        """What must follow the beginning of a contact at the end of a line, each choice; [] where nothing must."""
        return sorted(set(self._rests(line, self._find_unknown(line))))

    def _find_unknown(self, line: str) -> list[int]:
        """Where the contacts in a line begin that are not known."""
        unknown: list[tuple[int, int]] = []
        known: list[tuple[int, int]] = []
        for start, end, label, value in find_values(line):
            (known if (label, normalize_value(label, value)) in self.normalized else unknown).append((start, end))
        for run in find_runs(line):
            is_within = any(start <= run.start() and run.end() <= end for start, end in known)
            if not is_within and digits_of(run[0]) not in self.digits:
                unknown.append(run.span())
        return [start for start, _ in unknown]

    def _rests(self, line: str, unknown: Iterable[int]) -> Iterator[str]:
        """What makes the unknown contacts of a line, each beginning at one of these places, known ones."""
        for start in unknown:
            for spelling in self._spellings_from(line[start:]):
                rest = spelling[len(line) - start :]
                if not self._find_unknown(line + rest):
                    yield rest

    def values_after_label(self, line: str) -> list[str] | None:
        """The values that can follow "TEL:" at the end of a line; None where it ends otherwise."""
        label = LABEL_AT_END.search(line)
        return self.by_label.get(label[1], []) if label else None

    def _spellings_from(self, beginning: str) -> list[str]:
        """The known spellings that begin so, whatever the case."""
        beginning = beginning.lower()
        first = bisect_left(self.spellings, (beginning,))
        found = []
        for lower, spelling in self.spellings[first:]:
            if not lower.startswith(beginning):
                break
            found.append(spelling)
        return found


def _find_all(text: str) -> Iterator[tuple[int, int, str, str]]:
    for line in text.split("\n"):
        yield from find_values(line)


def find_runs(text: str) -> Iterator[re.Match[str]]:
    """The runs of digits that read as a telephone number; dates do not."""
    for run in DIGIT_RUN.finditer(text):
        if len(digits_of(run[0])) >= FEWEST_DIGITS and not DATE.fullmatch(run[0]):
            yield run


def digits_of(text: str) -> str:
    """The digits alone.

    >>> digits_of("(02) 0000-1234")
    '0200001234'
    """
    return re.sub(r"\D", "", text)
