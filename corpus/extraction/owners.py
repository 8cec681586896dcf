"""Whose a contact is: the names around it are candidates, and learned weights choose the best one."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from corpus.extraction.contact_text import ContactText, FoundValues
from corpus.extraction.contact_values import CONTACT_LABEL
from corpus.extraction.institutions import (
    INSTITUTION_ENDINGS,
    LONGEST_NAME,
    NO_NAME,
    NO_NAME_ALONE,
    NO_NAME_BEFORE,
    NOT_AFTER_TITLE,
    ONLY_ROLES,
    PERSON,
    SENTENCE_SIGN,
    clean_name,
    find_institutions,
    find_names,
)
from corpus.extraction.linear import learned_weights, row_of, score
from corpus.raw.layout import BULLET, CHAT_DATE_AND_TIME, CHAT_TIME

import numpy as np

UNNAMED = "문의처"  # the owner of a contact in a text without names

# --- Where names are searched ---
LINES_ABOVE = 8  # lines with text above a contact
LINES_BELOW = 2
LONGEST_OWNER_HEADING = 40  # characters
CHARACTERS_BEFORE = 1_000  # the first value of a line: more than a document has

# --- How much lower the score of a better name may be; scores are logits ---
FULLER_NAME_MARGIN = 0.6  # than that of a part of the name
OTHER_NAME_MARGIN = 1.0  # than that of a candidate that is no name

SEGMENT_END = re.compile(rf",\s|\s[-–—→=|/·]\s?|[|;:：()\[\]→]|\t|(?<=[.!?요다]){NOT_AFTER_TITLE}\s|\s{{2,}}")
ENDS_AS_INSTITUTION = re.compile(rf"(?:{INSTITUTION_ENDINGS})$")
PARTICLE_AFTER_NAME = re.compile(
    r"(?<=[가-힣A-Za-z)])(?:에서는|에서도|에서|에게|으로|이라는|라는|이고|인데|이나|은|는|을|를|에|의|로|와|과|도|만|이|가)$"
)
# The sender of a chat message, as in CHAT_PREFIX but also without a time, or the author of a comment:
# "[이름] [오후 3:12] ", "[이름] ", "…, 이름 : ", "ㄴ 이름: ".
SENDER = re.compile(
    rf"^\[([^\]]{{1,20}})\]\s*(?:\[{CHAT_TIME}\])?\s*"
    rf"|^{CHAT_DATE_AND_TIME}, ([^:]{{1,20}}) : |^ㄴ\s*\[?([^\]:]{{1,14}})\]?\s?:\s"
)


def choose_owner(text: ContactText, line: int, index: int, previous: str) -> str:
    """The best name for the owner of the value `text.found[line][index]`; "" if there is no name.

    `previous` is the owner of the value before this one.
    """
    candidates = find_candidates(text, line, index, previous)
    if not candidates:
        return ""
    scores = score(*candidate_features(candidates), len(candidates), learned_weights()["owner"])[0]
    best = int(scores.argmax())
    if NO_NAME.search(candidates[best].name):
        return _name_instead_of(best, candidates, scores, previous)
    # "이민국(BI) 기록계" is better than "기록계" if its score is nearly as high.
    fuller = [
        number
        for number, candidate in enumerate(candidates)
        if candidate.name.endswith(" " + candidates[best].name)
        and scores[number] > scores[best] - FULLER_NAME_MARGIN
        and not SENTENCE_SIGN.search(candidate.name)
    ]
    return candidates[max(fuller, key=lambda number: scores[number], default=best)].name


def owner_of_last_resort(title: str) -> str:
    """The owner of a contact without names near it: the title; if that is a sentence, a name in it, or UNNAMED."""
    bare = clean_name(title)
    if not bare or title.lower().startswith("re:") or SENTENCE_SIGN.search(bare) or NO_NAME.search(bare):
        return next(filter(ENDS_AS_INSTITUTION.search, find_institutions(title)), UNNAMED)
    return title


def _name_instead_of(best: int, candidates: Sequence["Candidate"], scores: np.ndarray, previous: str) -> str:
    """The owner if the best candidate is no name: a name within it, or one with nearly the same score; "" for none."""
    fragment = candidates[best].name
    names = {NO_NAME_BEFORE.sub("", fragment): math.inf}
    for candidate, its_score in zip(candidates, scores.tolist(), strict=True):
        name = candidate.name
        is_typical = bool(ENDS_AS_INSTITUTION.search(name) or PERSON.fullmatch(name))
        is_near = its_score > scores[best] - OTHER_NAME_MARGIN
        is_known = name == previous or (name in fragment and not SENTENCE_SIGN.search(name))
        if (is_typical and name in fragment) or (is_near and (is_typical or is_known)):
            names[name] = its_score
    names = {name: its_score for name, its_score in names.items() if len(name) > 1 and not NO_NAME.search(name)}
    return max(names, key=names.__getitem__, default="")


@dataclass
class Candidate:
    """A name that may be the owner's. Its features are where it occurs and what it looks like."""

    name: str
    features: set[str] = field(default_factory=set)


class _Candidates:
    """Collects the positions of each name, which are features; equal names are one candidate."""

    def __init__(self) -> None:
        self.by_key: dict[str, Candidate] = {}  # by the name without white space

    def add(self, text: str, *positions: str) -> None:
        """Add a name, without marks and as it would be without a particle."""
        name = clean_name(text)
        if not 1 < len(name) <= LONGEST_NAME:
            return
        bare = PARTICLE_AFTER_NAME.sub("", name) if len(name) > 3 else name
        for spelling in dict.fromkeys((name, bare)):
            if ONLY_ROLES.match(spelling):
                continue
            candidate = self.by_key.setdefault("".join(spelling.split()), Candidate(spelling))
            candidate.features.update(positions)

    def add_names(self, text: str, position: str, most: int = 9) -> None:
        """Add the last names in a text, at most so many; the last has rank 0."""
        for rank, (name, name_type) in enumerate(reversed(find_names(CONTACT_LABEL.sub(" | ", text))[-most:])):
            self.add(name, f"{position} {name_type} {min(rank, 2)}")


def find_candidates(text: ContactText, line: int, index: int, previous: str) -> list[Candidate]:
    """All names that may be the owner of a value, with their features; the arguments are those of `choose_owner`."""
    candidates = _Candidates()
    found = text.found
    written = text.lines[line]
    if (sender := SENDER.match(written)) and sender.end() <= found[line][0].start:
        candidates.add(next(filter(None, sender.groups())), "speaker")
        written = " " * sender.end() + written[sender.end() :]
    _add_same_line(candidates, written, found[line], index)
    _add_lines_around(candidates, text.lines, found, line)
    if text.title:
        candidates.add(text.title, "title")
        candidates.add_names(text.title, "in title")
    for name, count in text.frequent:
        candidates.add(name, f"named {min(count, 4)} times")
    if previous:
        candidates.add(previous, "previous", f"previous of the line {index > 0}")
    _describe(candidates, found[line][index].label, text.squeezed, text.squeezed_title)
    return list(candidates.by_key.values())


def _segments(text: str) -> list[str]:
    return [segment for segment in SEGMENT_END.split(CONTACT_LABEL.sub(" | ", text)) if segment.strip()]


def _add_same_line(candidates: _Candidates, text: str, found: FoundValues, index: int) -> None:
    """Add the names on the line of a value: before it, behind it, and at the beginning of the line."""
    start = found[index].start
    before = text[found[index - 1].end if index else max(0, start - CHARACTERS_BEFORE) : start]
    after = text[found[index].end : found[index + 1].start if index + 1 < len(found) else len(text)]
    _add_before(candidates, before, is_first=index == 0)
    _add_after(candidates, after)
    head = _segments(text[max(0, found[0].start - CHARACTERS_BEFORE) : found[0].start])
    if head:
        candidates.add(head[0], f"first of the line {index == 0}")
    if index:
        for rank, segment in enumerate(reversed(head[-2:])):
            candidates.add(segment, f"before the line's first {rank}")
            candidates.add_names(segment, f"in before the line's first {rank}")


def _add_before(candidates: _Candidates, before: str, is_first: bool) -> None:
    for rank, segment in enumerate(reversed(_segments(before)[-4:])):
        candidates.add(segment, f"before {rank}", f"before {rank} first {is_first}")
        candidates.add_names(segment, f"in before {min(rank, 2)}")
        if rank < 2:
            words = segment.split()
            for count in range(1, min(4, len(words))):
                candidates.add(" ".join(words[-count:]), f"last {count} words before {rank}")
            if topic := re.match(r"\s*(.{2,20}?)(?:은|는|이|가|에|에서|으로|로)\s(.{2,24})?", segment):
                candidates.add(topic[1], f"topic {rank}")
                candidates.add(topic[2] or "", f"after topic {rank}")


def _add_after(candidates: _Candidates, after: str) -> None:
    if in_brackets := re.match(r"\s?\(([^()]{2,30})\)", after):
        candidates.add(in_brackets[1], "in brackets")
        candidates.add_names(in_brackets[1], "names in brackets")
    if pointed_at := re.match(r"\s?(?:→|->|=|:|—|-)\s?([^,|/()]{2,24})", after):
        candidates.add(pointed_at[1], "pointed at")
    for rank, segment in enumerate(_segments(after)[:2]):
        candidates.add(segment, f"after {rank}")
        candidates.add_names(segment, f"in after {rank}")


def _add_lines_around(candidates: _Candidates, lines: Sequence[str], found: Sequence[FoundValues], line: int) -> None:
    """Add the names above and below the line of a value."""
    blanks = distance = 0
    past_contacts = False  # whether there are other contacts in between
    for number in range(line - 1, -1, -1):
        text = SENDER.sub("", lines[number].strip())
        if not text:
            blanks += 1
            continue
        distance += 1
        if distance > LINES_ABOVE:
            break
        has_contacts = bool(found[number])
        name = clean_name(text)
        is_sentence = len(text) > LONGEST_OWNER_HEADING or bool(SENTENCE_SIGN.search(name))
        where = f"{min(distance, 4)} above, blanks {min(blanks, 2)}, past contacts {past_contacts}"
        if not is_sentence and not has_contacts:
            body = BULLET.sub("", text)
            candidates.add(body, f"heading {where}")
            for segment in _segments(body)[:2]:
                candidates.add(segment, f"in heading {where}")
            if body.endswith((":", "：")):
                candidates.add(body, f"heading with colon, blanks {min(blanks, 2)}")
        shown = text[: found[number][0].start] if has_contacts else text
        about = f"{min(distance, 4)} above, blanks {min(blanks, 2)}, sentence {is_sentence}, contacts {has_contacts}"
        candidates.add_names(shown, f"named {about}", most=3)
        past_contacts |= has_contacts
    for number in range(line + 1, min(len(lines), line + 1 + LINES_BELOW)):
        if lines[number].strip() and not found[number]:
            candidates.add_names(lines[number], f"{number - line} below", most=2)


def _describe(candidates: _Candidates, label: str, squeezed_text: str, squeezed_title: str) -> None:
    """Add features of the names themselves, and combine the positions with them.

    The text and the title are without white space.
    """
    keys = list(candidates.by_key)
    for key, candidate in candidates.by_key.items():
        name, positions = candidate.name, list(candidate.features)
        looks = _look_of(name)
        features = candidate.features
        for position in positions:
            features.add(f"{position}, {label}")
            features.add(f"{position}, {looks}")
        features.add(f"{looks}, {label}")
        features.add(f"letters {min(len(key) // 3, 7)}")
        features.add(f"words {min(len(name.split()), 6)}")
        features.add(f"written {min(squeezed_text.count(key), 4)} times")
        features.add(f"places {min(len(positions), 6)}")
        features.update(f"ends {key[-size:]}" for size in (1, 2, 3))
        features.add(f"begins {key[:2]}")
        signs = {
            "within the title": key in squeezed_title,
            "within another": any(key != other and key in other and len(other) <= len(key) + 8 for other in keys),
            "holds another": any(key != other and other in key for other in keys),
            "ends in a particle": bool(re.search(r"[은는이가을를에]$|에서$|으로$", name)),
            "begins with a pointer": bool(re.match(r"(?:그|이|저|제|우리|저희|여기|거기|참고로|혹시)\s", name)),
            "digits": bool(re.search(r"\d{3}", name)),
            "no name alone": bool(NO_NAME_ALONE.match(name)),
            "like a sentence": bool(SENTENCE_SIGN.search(name)),
        }
        features.update(sign for sign, holds in signs.items() if holds)


def _look_of(name: str) -> str:
    """What a name looks like: a role, a sentence, a person, an institution, Latin, one Korean word or several."""
    if NO_NAME_ALONE.match(name):
        return "role"
    if SENTENCE_SIGN.search(name):
        return "sentence"
    if PERSON.fullmatch(name):
        return "person"
    if ENDS_AS_INSTITUTION.search(name):
        return "institution"
    if re.search(r"[A-Z]", name):
        return "latin"
    return "word" if len(name.split()) == 1 else "words"


def candidate_features(candidates: Sequence[Candidate]) -> tuple[np.ndarray, np.ndarray]:
    """The rows of all features of the candidates, and the index of the candidate of each row, (features,) both."""
    rows = [[row_of(feature) for feature in sorted(candidate.features)] for candidate in candidates]
    candidate_of_row = np.repeat(np.arange(len(rows)), [len(of_one) for of_one in rows])
    return np.array([row for of_one in rows for row in of_one], dtype=np.int64), candidate_of_row
