"""Does a contact in a line that is being written occur in the sources, or is it invented?"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

from answering.contact_shapes import find_shapes, spell_alike
from answering.number_shapes import FEWEST_DIGITS, Run, find_runs, find_short_numbers, plain_digits
from corpus.extraction.contact_values import FoundValue, find_values, normalize_value
from corpus.extraction.telephone import country_of, normalize_number

LABEL_AT_END = re.compile(r"\b(TEL|ADDR|WEB|KAKAO|EMAIL):$")
MAY_HOLD_CONTACT = re.compile(r"[a-zA-Z\d@①-⓿〇]|[공영일이삼사오육륙칠팔구][\W_]{0,3}[공영일이삼사오육륙칠팔구]")
MOST_PIECES = 6  # of one number


class KnownContacts:
    """The contacts that may be written: those of a document, of a table, or none at all.

    Whatever looks like a contact counts as one, since a model invents them in every spelling. Long runs of digits in
    the sources may be written as well: what looks like a telephone number may be an account number.
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
        values = list(values)
        self.text = text
        self.by_label: dict[str, list[str]] = {}
        self.normalized: set[tuple[str, str]] = set()
        self.digits: set[str] = set()
        self.shapes: set[str] = set()
        spellings: set[str] = set()
        for label, value in values:
            self._learn(label, value, "")
        for line in [*text.split("\n"), *(value for _, value in values)]:
            for each in find_values(line):
                self._learn(each.label, each.value, line)
            spellings |= self._learn_shapes(line)
        known = {value for values_of_label in self.by_label.values() for value in values_of_label}
        self.by_label = {label: list(filter(may_begin, values)) for label, values in self.by_label.items()}
        self.spellings = sorted((each.lower(), each) for each in filter(may_begin, known | spellings))

    def _learn(self, label: str, value: str, line: str) -> None:
        """A contact of the sources, and the line that it stands in, which may tell its country."""
        if value not in self.by_label.setdefault(label, []):
            self.by_label[label].append(value)
        spelled = normalize_value(label, value, "")
        self.normalized.add((label, spelled))
        if label == "TEL":  # with a country code only where its country is known, and without one
            self.normalized.add((label, normalize_number(value, country_of(value, line, self.text))))
            self.normalized.add((label, re.sub(r"^\+(?:63|82)", "0", spelled)))

    def _learn_shapes(self, line: str) -> set[str]:
        """All numbers and shapes in a line of the sources; returns how they are written."""
        plain, spellings = plain_digits(line), set()
        for run in find_runs(plain):
            ends = range(1, len(run.pieces) + 1)
            self.digits |= {run.joined(max(0, end - size), end) for end in ends for size in range(1, MOST_PIECES + 1)}
            spellings.add(line[run.start : run.end])
        for number in re.finditer(r"(?<![\d\-.])\d{3,6}(?!\d|[\-.]\d)", plain):
            self.digits.add(number[0])
            spellings.add(number[0])
        for shape in find_shapes(plain):
            self.shapes.add(spell_alike(shape.text))
            spellings.add(line[shape.start : shape.start + len(shape.text)])
        return spellings

    def allow_all(self, text: str) -> bool:
        """Whether all contacts in the lines of a text are known."""
        return all(map(self.allow, text.split("\n")))

    def allow(self, line: str, finished: bool = True) -> bool:
        """Whether all contacts in a line are known; an unfinished line may end with the beginning of a known one."""
        unknown = self._find_unknown(line, finished)
        return not unknown or (not finished and any(True for _ in self._rests(line, unknown)))

    def complete(self, line: str) -> list[str]:
        """The texts of which one must follow the beginning of a contact at the end of a line; [] if there is none."""
        return sorted(set(self._rests(line, self._find_unknown(line, finished=False))))

    def _find_unknown(self, line: str, finished: bool) -> list[int]:
        """The positions at which contacts begin that are not known."""
        if not MAY_HOLD_CONTACT.search(line):
            return []
        values = find_values(line)
        known = [(value.start, value.end) for value in values if self._knows(value)]
        plain = plain_digits(line)
        free = plain  # of the known contacts
        for start, end in known:
            free = free[:start] + "x" * (end - start) + free[end:]
        runs = list(find_runs(free))
        positions = [start for run in runs for start in self._unknown_pieces(run)]
        for value in values:
            is_judged = any(run.start <= value.start and value.end <= run.end for run in runs)
            if (value.start, value.end) not in known and not (value.label == "TEL" and is_judged):
                positions.append(value.start)
        for start, end in find_short_numbers(free):
            is_within = any(run.start <= start and end <= run.end for run in runs)
            if not is_within and plain[start:end] not in self.digits and (finished or end < len(line)):
                positions.append(start)
        for shape in find_shapes(plain):
            end = shape.start + len(shape.text)
            is_within = any(start <= shape.start and end <= known_end for start, known_end in known)
            may_go_on = shape.may_be_counted and not finished and end == len(line)
            if not is_within and not may_go_on and spell_alike(shape.text) not in self.shapes:
                positions.append(shape.start)
        return positions

    def _knows(self, value: FoundValue) -> bool:
        """Whether a contact in a line is one of the sources."""
        is_normalized = (value.label, normalize_value(value.label, value.value, "")) in self.normalized
        return is_normalized or (value.label in ("WEB", "EMAIL", "KAKAO") and spell_alike(value.value) in self.shapes)

    def _unknown_pieces(self, run: Run) -> Iterator[int]:
        """Where digits begin that look like a telephone number and belong to no number of the sources."""
        count = len(run.pieces)
        is_known = [False] * count
        for first in range(count):
            for end in range(first + 1, min(first + MOST_PIECES, count) + 1):
                joined = run.joined(first, end)
                if len(joined) >= FEWEST_DIGITS and joined in self.digits:
                    is_known[first:end] = [True] * (end - first)
        first = 0
        for end in range(1, count + 1):
            if end == count or is_known[end] != is_known[first]:
                if not is_known[first] and len(run.joined(first, end)) >= FEWEST_DIGITS:
                    yield run.start if first == 0 else run.pieces[first].start()
                first = end

    def _rests(self, line: str, unknown: Iterable[int]) -> Iterator[str]:
        """What would complete the unknown contacts, which begin at these positions of a line, to known ones."""
        for start in unknown:
            for spelling in self._spellings_from(line[start:]):
                rest = spelling[len(line) - start :]
                if not self._find_unknown(line + rest, finished=True):
                    yield rest

    def begun_at(self, line: str) -> int:
        """The position at which a known contact begins that may go on after this line; else the length of the line."""
        for start in (0, *(space.end() for space in re.finditer(r"[ (]", line))):
            if start < len(line) and any(len(each) > len(line) - start for each in self._spellings_from(line[start:])):
                return start
        return len(line)

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
