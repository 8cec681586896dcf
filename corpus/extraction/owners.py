"""Whose a contact is: the names around it are candidates, and learned weights say which fits best."""

import re
from collections import Counter
from collections.abc import Sequence

from corpus.extraction.institutions import (
    KINDS,
    LABEL,
    LONGEST_NAME,
    NO_NAME,
    NO_NAME_ALONE,
    NO_NAME_BEFORE,
    NO_STOP,
    ONLY_ROLES,
    PERSON,
    SENTENCE_LIKE,
    clean_name,
    find_institutions,
    find_names,
)
from corpus.extraction.linear import learned_weights, row_of, score
from corpus.raw.layout import BULLET

import numpy as np

LINES_ABOVE = 8  # written lines above a contact in which its owner is looked for
MOST_FREQUENT_NAMES = 6
LONGEST_HEADING = 40
FULLER_NAME_MARGIN = 0.6  # of the scores, which are logits
UNNAMED = "문의처"  # the owner of a contact whose text names nobody
OTHER_NAME_MARGIN = 1.0  # wider: nobody is called what fits best

SEGMENT_END = re.compile(rf",\s|\s[-–—→=|/·]\s?|[|;:：()\[\]→]|\t|(?<=[.!?요다]){NO_STOP}\s|\s{{2,}}")
ENDS_AS_INSTITUTION = re.compile(rf"(?:{KINDS})$")
FINAL_PARTICLE = re.compile(
    r"(?<=[가-힣A-Za-z)])(?:에서는|에서도|에서|에게|으로|이라는|라는|이고|인데|이나|은|는|을|를|에|의|로|와|과|도|만|이|가)$"
)
# Who says it, in a chat or a comment: "[이름] [오후 3:12] ", "…, 이름 : ", "ㄴ 이름: ".
SPEAKER = re.compile(
    r"^\[([^\]]{1,20})\]\s*(?:\[(?:오전|오후) \d{1,2}:\d\d\])?\s*"
    r"|^\d{4}년 \d{1,2}월 \d{1,2}일 (?:오전|오후) \d{1,2}:\d\d, ([^:]{1,20}) : |^ㄴ\s*\[?([^\]:]{1,14})\]?\s?:\s"
)

Found = list[tuple[int, int, str, str]]  # (start, end, label, value) of each contact of a line


def choose_owner(lines: Sequence[str], found: Sequence[Found], line: int, place: int, title: str, previous: str) -> str:
    """The best name for contact number `place` of line number `line`, "" where nobody is named.

    `found` holds the contacts of every line; `previous` is the owner of the contact before.
    """
    candidates = find_candidates(lines, found, line, place, title, previous)
    if not candidates:
        return ""
    scores = score(*candidate_features(candidates), len(candidates), learned_weights()["owner"])[0]
    best = int(scores.argmax())
    if NO_NAME.search(candidates[best].name):
        return _name_in_place_of(best, candidates, scores, previous)
    # "기록계" alone says little where "이민국(BI) 기록계" fits nearly as well.
    fuller = [
        index
        for index, candidate in enumerate(candidates)
        if candidate.name.endswith(" " + candidates[best].name)
        and scores[index] > scores[best] - FULLER_NAME_MARGIN
        and not SENTENCE_LIKE.search(candidate.name)
    ]
    return candidates[max(fuller, key=lambda index: scores[index], default=best)].name


def owner_of_last_resort(title: str) -> str:
    """Whose a contact is that nobody near it owns: the title's, or UNNAMED where a sentence as title names nobody."""
    bare = clean_name(title)
    if not bare or title.lower().startswith("re:") or SENTENCE_LIKE.search(bare) or NO_NAME.search(bare):
        return next(filter(ENDS_AS_INSTITUTION.search, find_institutions(title)), UNNAMED)
    return title


def _name_in_place_of(best: int, candidates: Sequence["Candidate"], scores: Sequence[float], previous: str) -> str:
    """The name to write for a candidate that fits best but is none: one within it, or one that fits nearly as well."""
    fragment = candidates[best].name
    names = {NO_NAME_BEFORE.sub("", fragment): np.inf}
    for candidate, its_score in zip(candidates, scores, strict=True):
        name = candidate.name
        is_typical = bool(ENDS_AS_INSTITUTION.search(name) or PERSON.fullmatch(name))
        is_near = its_score > scores[best] - OTHER_NAME_MARGIN
        is_known = name == previous or (name in fragment and not SENTENCE_LIKE.search(name))
        if (is_typical and name in fragment) or (is_near and (is_typical or is_known)):
            names[name] = its_score
    names = {name: its_score for name, its_score in names.items() if len(name) > 1 and not NO_NAME.search(name)}
    return max(names, key=names.get, default="")


class Candidate:
    """A name that may be the owner's, and where it stands."""

    def __init__(self, name: str):
        self.name = name
        self.features: set[str] = set()


class _Candidates:
    """Collects the places in which each name stands; one name is one candidate."""

    def __init__(self):
        self.by_key: dict[str, Candidate] = {}

    def add(self, text: str, *places: str) -> None:
        name = clean_name(text)
        if not 1 < len(name) <= LONGEST_NAME:
            return
        bare = FINAL_PARTICLE.sub("", name) if len(name) > 3 else name
        for spelling in dict.fromkeys((name, bare)):
            if ONLY_ROLES.match(spelling):
                continue
            candidate = self.by_key.setdefault("".join(spelling.split()), Candidate(spelling))
            candidate.features.update(places)

    def add_names(self, text: str, place: str, most: int = 9) -> None:
        """The names in a text, the last ones first."""
        for rank, (name, kind) in enumerate(reversed(find_names(LABEL.sub(" | ", text))[-most:])):
            self.add(name, f"{place} {kind} {min(rank, 2)}")


def find_candidates(
    lines: Sequence[str], found: Sequence[Found], line: int, place: int, title: str, previous: str
) -> list[Candidate]:
    """Everybody who may own a contact, with the features of where they stand and of what they look like."""
    candidates = _Candidates()
    _, _, label, _ = found[line][place]
    text = lines[line]
    if (speaker := SPEAKER.match(text)) and speaker.end() <= found[line][0][0]:
        candidates.add(next(filter(None, speaker.groups())), "speaker")
        text = " " * speaker.end() + text[speaker.end() :]
    _add_same_line(candidates, text, found[line], place)
    _add_lines_around(candidates, lines, found, line)
    if title:
        candidates.add(title, "title")
        candidates.add_names(title, "in title")
    frequent = Counter(name for other in lines[:40] for name, _ in find_names(other))
    for name, count in frequent.most_common(MOST_FREQUENT_NAMES):
        candidates.add(name, f"named {min(count, 4)} times")
    if previous:
        candidates.add(previous, "previous", f"previous of the line {place > 0}")
    _describe(candidates, label, "".join("".join(lines).split()), "".join(title.split()))
    return list(candidates.by_key.values())


def _segments(text: str) -> list[str]:
    return [segment for segment in SEGMENT_END.split(LABEL.sub(" | ", text)) if segment.strip()]


def _add_same_line(candidates: _Candidates, text: str, found: Found, place: int) -> None:
    start, end, _, _ = found[place]
    before = text[found[place - 1][1] if place else 0 : start]
    after = text[end : found[place + 1][0] if place + 1 < len(found) else len(text)]
    for rank, segment in enumerate(reversed(_segments(before)[-4:])):
        candidates.add(segment, f"before {rank}", f"before {rank} first {place == 0}")
        candidates.add_names(segment, f"in before {min(rank, 2)}")
        if rank < 2:
            words = segment.split()
            for count in range(1, min(4, len(words))):
                candidates.add(" ".join(words[-count:]), f"last {count} words before {rank}")
            if topic := re.match(r"\s*(.{2,20}?)(?:은|는|이|가|에|에서|으로|로)\s(.{2,24})?", segment):
                candidates.add(topic[1], f"topic {rank}")
                candidates.add(topic[2] or "", f"after topic {rank}")
    if in_brackets := re.match(r"\s?\(([^()]{2,30})\)", after):
        candidates.add(in_brackets[1], "in brackets")
        candidates.add_names(in_brackets[1], "names in brackets")
    if pointed_at := re.match(r"\s?(?:→|->|=|:|—|-)\s?([^,|/()]{2,24})", after):
        candidates.add(pointed_at[1], "pointed at")
    for rank, segment in enumerate(_segments(after)[:2]):
        candidates.add(segment, f"after {rank}")
        candidates.add_names(segment, f"in after {rank}")
    head = _segments(text[: found[0][0]])
    if head:
        candidates.add(head[0], f"first of the line {place == 0}")
    if place:
        for rank, segment in enumerate(reversed(head[-2:])):
            candidates.add(segment, f"before the line's first {rank}")
            candidates.add_names(segment, f"in before the line's first {rank}")


def _add_lines_around(candidates: _Candidates, lines: Sequence[str], found: Sequence[Found], line: int) -> None:
    blanks = distance = 0
    past_contacts = False  # whether other contacts stand between
    for number in range(line - 1, -1, -1):
        text = SPEAKER.sub("", lines[number].strip())
        if not text:
            blanks += 1
            continue
        distance += 1
        if distance > LINES_ABOVE:
            break
        has_contacts = bool(found[number])
        name = clean_name(text)
        is_sentence = len(text) > LONGEST_HEADING or bool(SENTENCE_LIKE.search(name))
        where = f"{min(distance, 4)} above, blanks {min(blanks, 2)}, past contacts {past_contacts}"
        if not is_sentence and not has_contacts:
            body = BULLET.sub("", text)
            candidates.add(body, f"heading {where}")
            for segment in _segments(body)[:2]:
                candidates.add(segment, f"in heading {where}")
            if body.endswith((":", "：")):
                candidates.add(body, f"heading with colon, blanks {min(blanks, 2)}")
        shown = text[: found[number][0][0]] if has_contacts else text
        about = f"{min(distance, 4)} above, blanks {min(blanks, 2)}, sentence {is_sentence}, contacts {has_contacts}"
        candidates.add_names(shown, f"named {about}", most=3)
        past_contacts |= has_contacts
    for number in range(line + 1, min(len(lines), line + 3)):
        if lines[number].strip() and not found[number]:
            candidates.add_names(lines[number], f"{number - line} below", most=2)


def _describe(candidates: _Candidates, label: str, squeezed_text: str, squeezed_title: str) -> None:
    """Add to each candidate's places what the name itself looks like."""
    keys = list(candidates.by_key)
    for key, candidate in candidates.by_key.items():
        name, places = candidate.name, list(candidate.features)
        looks = _look_of(name)
        features = candidate.features
        for place in places:
            features.add(f"{place}, {label}")
            features.add(f"{place}, {looks}")
        features.add(f"{looks}, {label}")
        features.add(f"letters {min(len(key) // 3, 7)}")
        features.add(f"words {min(len(name.split()), 6)}")
        features.add(f"written {min(squeezed_text.count(key), 4)} times")
        features.add(f"places {min(len(places), 6)}")
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
            "like a sentence": bool(SENTENCE_LIKE.search(name)),
        }
        features.update(sign for sign, holds in signs.items() if holds)


def _look_of(name: str) -> str:
    if NO_NAME_ALONE.match(name):
        return "role"
    if SENTENCE_LIKE.search(name):
        return "sentence"
    if PERSON.fullmatch(name):
        return "person"
    if ENDS_AS_INSTITUTION.search(name):
        return "institution"
    if re.search(r"[A-Z]", name):
        return "latin"
    return "word" if len(name.split()) == 1 else "words"


def candidate_features(candidates: Sequence[Candidate]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of all features of the candidates, and for each the index of its candidate."""
    rows = [[row_of(feature) for feature in sorted(candidate.features)] for candidate in candidates]
    owners = np.repeat(np.arange(len(rows)), [len(of_one) for of_one in rows])
    return np.array([row for of_one in rows for row in of_one], dtype=np.int64), owners
