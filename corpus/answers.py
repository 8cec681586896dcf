"""A document becomes the answer that its sample teaches; every line is taken from the document."""

import re
from collections import Counter

from corpus.contacts import FULL_NUMBER, find_contacts
from corpus.documents import BULLET, HEAD_LINE, NUMBERED_ITEM, Document, split_sentences
from corpus.institutions import LABEL
from corpus.template import Answer

LONGEST_LINE = 80  # characters of one line of an answer
MOST_SUMMARY_LINES = 5
MOST_ITEMS = 5  # of each part of the checklist
LONGEST_DETAILS = 300  # characters of the passage that a grounded answer ends with

BRING_HEADING = re.compile(
    r"준비물|구비\s?서류|제출\s?서류|필요\s?서류|필요한\s?(?:것|서류)|준비할\s?것|챙길\s?것|가져갈\s?것|지참물|준비\s?서류"
)
BEWARE_HEADING = re.compile(r"주의\s?사항|유의\s?사항|주의할|조심할|주의점|금지\s?사항|유의점|하지\s?말")
DO_HEADING = re.compile(r"절차|순서|방법|해야\s?할|할\s?일|진행|단계|요령|신청\s?과정|대처")
BEWARE = re.compile(
    r"주의|유의|금지|불가|벌금|과태료|사기|조심|위험|반드시|절대|피하(?:세요|십시오|는|시)|지\s?(?:마세요|마십시오|마시|말|않도록)|^단[,\s]|안\s?됩니다|안\s?돼|속지|함부로|낭패|불이익|손해"
)
BRING = re.compile(
    r"(?:준비|지참|제출|챙(?:기|겨)|가져\s?(?:가|오|와)|구비|필요(?:합|해|하|함|한\s?(?:것|서류))|내야|복사|사본)"
)
BRING_THING = re.compile(
    r"여권|사본|원본|사진|신청서|증명서|확인서|신고서|진단서|영수증|서류|수수료|비용|카드|통장|도장|계약서|초청장|위임장|현금|페소|신분증|면허증|보증금|상비약|서약서|공증"
)
DO = re.compile(
    r"(?:하세요|하십시오|하시고|해야|받으세요|가세요|보세요|두세요|주세요|쓰세요|내세요|찾으세요|으세요|십시오|시면\s?됩니다|하면\s?됩니다|됩니다\.?$|받습니다|합니다\.?$|하시기\s?바랍니다|할\s?것|하자|해라|하기|신고(?:하|해)|신청(?:하|해)|연락(?:하|해))"
)
# A long line may be cut after one of these: a comma, or a connective ending before a space.
CLAUSE_END = re.compile(
    r"(?:[,;)]|(?:하고|되고|이고|으며|하며|되며|지만|는데|은데|인데|니까|므로|면서|해서|어서|아서|하면|되면|으면|려면))(?=\s)"
)
WORD = re.compile(r"[가-힣]{2,}|[A-Za-z]{2,}")
PARTICLE = re.compile(
    r"(?:에서는|에서도|으로는|이라고|까지는|에게는|에서|으로|에게|까지|부터|이나|라고|하고|보다|처럼|만큼|이랑|은|는|이|가|을|를|에|의|로|와|과|도|만|나)$"
)


def extract_answer(document: Document) -> Answer:
    """The answer to a question about a document; its details are a passage that says more than the summary."""
    text = document.text
    answer = Answer()
    for contact in find_contacts(text, document.title):
        answer.contacts.setdefault(contact.institution, []).append((contact.label, contact.value))
    answer.to_do, answer.to_bring, answer.to_beware = _checklist(text, document.title)
    answer.summary = _summarize(_statements(text, document.title), document.title)
    answer.details = _passage(text, answer.summary)
    return answer


def content_words(text: str) -> list[str]:
    """The words of a text that carry its subject: Hangul without particles, Latin in lower case."""
    return [strip_particle(word).lower() for word in WORD.findall(text)]


def strip_particle(word: str) -> str:
    """여권을 -> 여권. A word of two syllables may be a noun that ends like one, and stays."""
    return PARTICLE.sub("", word) if len(word) > 2 else word


def shorten(line: str) -> str:
    """A line of at most LONGEST_LINE characters: a longer one ends at a clause, else at a word."""
    line = line.strip()
    if len(line) <= LONGEST_LINE:
        return line
    ends = [end.end() for end in CLAUSE_END.finditer(line[: LONGEST_LINE + 1]) if end.end() >= LONGEST_LINE // 3]
    cut = ends[-1] if ends else line.rfind(" ", 0, LONGEST_LINE + 1)
    return line[: cut if cut > 0 else LONGEST_LINE].rstrip(" ,;(")


def _is_contact_line(line: str) -> bool:
    return bool(LABEL.search(line) or re.search(FULL_NUMBER, line))


def _statements(text: str, title: str) -> list[str]:
    """The sentences of a text that say something: no heads, titles, contact lines or scraps."""
    statements = []
    for line in text.split("\n"):
        line = line.strip()
        if not line or HEAD_LINE.match(line) or (title and title in line and len(line) < len(title) + 12):
            continue
        for sentence in split_sentences(BULLET.sub("", line)):
            if len(sentence) >= 10 and not _is_contact_line(sentence) and len(WORD.findall(sentence)) >= 2:
                statements.append(sentence)
    return statements


def _summarize(statements: list[str], title: str) -> list[str]:
    """The statements that stand for the text, in its order: central words, title words, an early place.

    Centrality is the mean frequency, over the whole text, of a statement's words: the measure of
    SumBasic (Nenkova and Vanderwende, 2005), whose down-weighting of words already told keeps out
    near-repeats.
    """
    words = [set(content_words(statement)) for statement in statements]
    frequency = Counter(word for statement_words in words for word in statement_words)
    title_words = set(content_words(title))
    wanted = min(MOST_SUMMARY_LINES, max(3, len(statements) // 3))
    weight = {word: float(count) for word, count in frequency.items()}
    chosen: list[int] = []
    while len(chosen) < min(wanted, len(statements)):
        best, best_score = None, -1.0
        for index, statement_words in enumerate(words):
            if index in chosen or not statement_words:
                continue
            if any(_overlap(statement_words, words[other]) > 0.6 for other in chosen):
                continue
            score = sum(weight[word] for word in statement_words) / (len(statement_words) + 2)
            score *= 1 + 0.5 * len(statement_words & title_words)
            score *= 1.3 if index == 0 else 1.0
            score *= 0.6 if len(statements[index]) > 2 * LONGEST_LINE or len(statements[index]) < 15 else 1.0
            if score > best_score:
                best, best_score = index, score
        if best is None:
            break
        chosen.append(best)
        for word in words[best]:
            weight[word] *= 0.5
    return [shorten(statements[index]) for index in sorted(chosen)]


def _overlap(first: set[str], second: set[str]) -> float:
    return len(first & second) / max(1, min(len(first), len(second)))


def _checklist(text: str, title: str) -> tuple[list[str], list[str], list[str]]:
    """What to do, to bring and to beware of, each statement in one place only."""
    to_do: list[str] = []
    to_bring: list[str] = []
    to_beware: list[str] = []
    places = {"do": to_do, "bring": to_bring, "beware": to_beware}
    section = ""
    for raw_line in text.split("\n"):
        line = raw_line.strip()
        is_item = bool(BULLET.match(line))
        if not line or HEAD_LINE.match(line) or (title and title in line and len(line) < len(title) + 12):
            section = "" if not line else section
            continue
        heading, items = _split_heading(BULLET.sub("", line))
        if heading:
            section = heading
            for item in items:
                _add(places[section], item)
            continue
        if section and not is_item and len(line) > LONGEST_LINE:
            section = ""
        for sentence in split_sentences(BULLET.sub("", line)):
            if len(sentence) < 4 or _is_contact_line(sentence):
                continue
            place = _place_of(sentence, section, is_item, bool(NUMBERED_ITEM.match(line)))
            if place and not any(shorten(sentence) in items for items in places.values()):
                _add(places[place], sentence)
    return to_do, to_bring, to_beware


def _split_heading(line: str) -> tuple[str, list[str]]:
    """("bring", ["여권", "사진 2장"]) for "준비물: 여권, 사진 2장"; ("", []) for a line that heads nothing."""
    head, colon, rest = line.partition(":")
    if len(head) > 25 or (not colon and (len(line) > 25 or re.search(r"[.!?다요죠]$", line))):
        return "", []
    for place, pattern in (("bring", BRING_HEADING), ("beware", BEWARE_HEADING), ("do", DO_HEADING)):
        if pattern.search(head):
            rest = rest.strip()
            if place == "bring" and "," in rest:
                return place, [item.strip() for item in re.split(r",(?!\d{3})\s*", rest) if item.strip()]
            return place, split_sentences(rest)
    return "", []


def _place_of(sentence: str, section: str, is_item: bool, is_numbered: bool) -> str:
    """Which part of the checklist a sentence belongs to, "" for none."""
    if section in ("bring", "beware") and (is_item or len(sentence) <= 40):
        return section
    if BEWARE.search(sentence):
        return "beware"
    if BRING.search(sentence) and BRING_THING.search(sentence):
        return "bring"
    if (
        (DO.search(sentence) and not sentence.endswith("?"))
        or (section == "do" and is_item)
        or (is_numbered and len(sentence) >= 8)
    ):
        return "do"
    return ""


def _add(items: list[str], sentence: str) -> None:
    if len(items) < MOST_ITEMS and shorten(sentence) not in items:
        items.append(shorten(sentence))


def _passage(text: str, summary: list[str]) -> str:
    """A connected run of whole sentences, at most LONGEST_DETAILS characters, with most that the summary leaves out."""
    sentences = [
        (number, sentence)
        for number, line in enumerate(text.split("\n"))
        if not _is_contact_line(line) and not HEAD_LINE.match(line)
        for sentence in split_sentences(line)
    ]
    told = [any(line in sentence for line in summary) for _, sentence in sentences]
    best = (0, 0, 0)  # (characters not yet told, start, end)
    for start in range(len(sentences)):
        size = gain = 0
        for end in range(start, len(sentences)):
            size += len(sentences[end][1]) + 1
            if size > LONGEST_DETAILS:
                break
            gain += 0 if told[end] else len(sentences[end][1])
            best = max(best, (gain, -start, end + 1))
    _, start, end = best
    passage, last = "", -1
    for number, sentence in sentences[-start:end]:
        same_line = number == last
        passage += (" " if same_line else "\n") + sentence
        last = number
    return passage.strip() or shorten(text)
