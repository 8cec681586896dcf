"""Does a contact in a line that is being written occur in the sources, or is it invented?"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

from corpus.extraction.contact_values import find_values, normalize_value

DIGIT_RUN = re.compile(r"\+?\d(?:[\d \-.–()]*\d)?")  # digits that are read together, whatever separates them
FEWEST_DIGITS = 7  # of a run that looks like a telephone number
DATE = re.compile(r"(?:19|20)\d\d(?:[-. ]{1,2}\d{1,2}){1,2}")
LABEL_AT_END = re.compile(r"\b(TEL|ADDR|WEB|KAKAO|EMAIL):$")


class KnownContacts:
    """The contacts that may be written: those of a document, of a table, or none at all.

    Long runs of digits in the sources may be written as well: what looks like a telephone number may be an account
    number.
    """

    def __init__(
        self,
        values: Iterable[tuple[str, str]] = (),
        text: str = "",
        may_begin: Callable[[str], bool] = lambda spelling: True,
    ) -> None:
        """The contacts in `values`, which are (label, value) pairs, and in `text`.

        A contact is completed from its beginning only if `may_begin` is true of its spelling.
        """
        found = (each for line in text.split("\n") for each in find_values(line))
        pairs = list(dict.fromkeys([*values, *((each.label, each.value) for each in found)]))
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
        """Whether all contacts in a line are known; an unfinished line may end with the beginning of a known one."""
        unknown = self._find_unknown(line)
        return not unknown or (not finished and any(True for _ in self._rests(line, unknown)))

    def complete(self, line: str) -> list[str]:
        """The texts of which one must follow the beginning of a contact at the end of a line; [] if there is none."""
        return sorted(set(self._rests(line, self._find_unknown(line))))

    def _find_unknown(self, line: str) -> list[int]:
        """The positions at which contacts begin that are not known."""
        unknown: list[tuple[int, int]] = []
        known: list[tuple[int, int]] = []
        for each in find_values(line):
            is_known = (each.label, normalize_value(each.label, each.value)) in self.normalized
            # A hotline such as 112 is no secret, and other digits of the sources may be written.
            is_known = is_known or (each.label == "TEL" and self._allows_digits(line, each.start, each.end))
            (known if is_known else unknown).append((each.start, each.end))
        for run in find_runs(line):
            is_within = any(start <= run.start() and run.end() <= end for start, end in known)
            if not is_within and digits_of(run[0]) not in self.digits:
                unknown.append(run.span())
        return [start for start, _ in unknown]

    def _allows_digits(self, line: str, start: int, end: int) -> bool:
        """Whether the digits in this part of a line are few, or belong to a run of digits in the sources."""
        runs = (run for run in find_runs(line) if run.start() <= start and end <= run.end())
        return len(digits_of(line[start:end])) < FEWEST_DIGITS or any(digits_of(run[0]) in self.digits for run in runs)

    def _rests(self, line: str, unknown: Iterable[int]) -> Iterator[str]:
        """What would complete the unknown contacts, which begin at these positions of a line, to known ones."""
        for start in unknown:
            for spelling in self._spellings_from(line[start:]):
                rest = spelling[len(line) - start :]
                if not self._find_unknown(line + rest):
                    yield rest

    def values_after_label(self, line: str) -> list[str] | None:
        """The values that may follow a label such as "TEL:" at the end of a line; None if it does not end with one."""
        label = LABEL_AT_END.search(line)
        return self.by_label.get(label[1], []) if label else None

    def _spellings_from(self, beginning: str) -> list[str]:
        """The known spellings with this beginning, in upper or lower case."""
        beginning = beginning.lower()
        first = bisect_left(self.spellings, (beginning,))
        found = []
        for lower, spelling in self.spellings[first:]:
            if not lower.startswith(beginning):
                break
            found.append(spelling)
        return found


def find_runs(text: str) -> Iterator[re.Match[str]]:
    """The runs of digits that look like a telephone number, and not like a date."""
    for run in DIGIT_RUN.finditer(text):
        if len(digits_of(run[0])) >= FEWEST_DIGITS and not DATE.fullmatch(run[0]):
            yield run


def digits_of(text: str) -> str:
    """Only the digits.

    >>> digits_of("(02) 0000-1234")
    '0200001234'
    """
    return re.sub(r"\D", "", text)
