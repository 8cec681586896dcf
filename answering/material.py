"""What an answer may be made of: the lines, passages and contacts that its form offers to the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from answering.contacts_file import Contacts, ContactsFile, contacts_of
from answering.request import Request
from answering.source import Source, without_damaged_lines
from answering.verification import KnownContacts
from corpus.extraction.answers import extract_answer, extract_review
from corpus.extraction.contacts import has_hidden_contacts
from corpus.extraction.owners import UNNAMED
from corpus.extraction.passages import candidate_passages
from corpus.raw.documents import Document
from corpus.raw.words import content_words
from corpus.retrieval.ranking import score_passages
from corpus.template import Template

# Of the score of the best passage: passages with less are not offered. With 0.6, as with 1, the fact that is asked for
# is in 0.87 of the answers.
LEAST_OF_BEST = 0.6


@dataclass(frozen=True)
class Material:
    """What an answer may be made of; None means any text."""

    lists: Mapping[str, Sequence[str]] | None = None  # name of a part -> its lines, in the order of the document
    # One becomes the details. For each first sentence, passages that begin with it, the longest first.
    passages: Sequence[Sequence[str]] | None = None
    contacts: Mapping[str, Sequence[tuple[str, str]]] | None = None  # institution -> (label, value) of each contact
    all_contacts: bool = False  # none of them may be left out

    def values(self) -> list[tuple[str, str]]:
        """(label, value) of every contact."""
        return [value for values in (self.contacts or {}).values() for value in values]


def contacts_from_table(
    request: Request, question: str, sources: Sequence[Source], searched: bool, table: ContactsFile
) -> Contacts | None:
    """The contacts that an answer may give beside those in its sources; None if it does not need the table.

    Without a source, those of the institutions that the question names. Of documents that a search found, those
    that step 01 replaced by placeholders such as <TEL>.
    """
    if request.closed_book and not sources:
        words = [word for word in content_words(question) if word not in UNNAMED]
        return contacts_of(each for each in table.entries if any(word in each["institution"].lower() for word in words))
    hidden = {(each.file, each.line) for each in sources if searched and has_hidden_contacts(each.text)}
    return contacts_of(table.entries, hidden) if hidden else None


def choose_material(
    request: Request, question: str, sources: Sequence[Source], style: str, from_table: Contacts | None
) -> Material:
    """What the answer to a request may be made of; `from_table` are the contacts that contacts.json adds."""
    if request.closed_book and not sources:
        return Material(contacts=from_table)
    material = material_of([(source.text, source.title) for source in sources], question, style)
    if not from_table:
        return material
    contacts = {institution: list(values) for institution, values in (material.contacts or {}).items()}
    for institution, values in from_table.items():
        contacts[institution] = list(dict.fromkeys([*contacts.get(institution, ()), *values]))
    return replace(material, contacts=contacts)


def without_unverified(material: Material, request: Request, has_sources: bool) -> Material:
    """The material without what the request allows the model to write in its own words."""
    if not request.verify_contacts and not (request.verify_lines and has_sources):
        material = replace(material, contacts=None, all_contacts=False)
    if not request.verify_lines:
        material = replace(material, lists=None, passages=None)
    return material


def material_of(documents: Sequence[tuple[str, str]], question: str = "", style: str = "answer") -> Material:
    """What documents, each as (text, title), offer to an answer.

    Summary and lists may contain the lines that step 01 would put there for such a question, and the details any
    passage, but nothing of a damaged line; contacts are listed below the institutions that step 01 assigns them to. A
    small model that may choose any sentence for the summary chooses at random: its choice agreed with that of step 01
    no more than chance.
    """
    extract = extract_review if style == "summary" else extract_answer
    passages: list[tuple[str, ...]] = []
    names = {part.name for part in Template.of_style(style).parts} - {"contacts", "details"}
    lists: dict[str, list[str]] = {name: [] for name in names}
    contacts: dict[str, list[tuple[str, str]]] = {}
    for whole_text, whole_title in documents:
        text, title = without_damaged_lines(whole_text), without_damaged_lines(whole_title)
        known = KnownContacts(text=text)  # a shortened line may end inside a number
        answer = extract(Document("", 0, 0, 0, title, text), question)
        passages += filter(None, (tuple(filter(known.allow_all, each)) for each in candidate_passages(text)))
        for name, lines in lists.items():
            lines += filter(known.allow_all, getattr(answer, name))
        for institution, values in answer.contacts.items():
            contacts.setdefault(institution, []).extend((contact.label, contact.shown) for contact in values)
    # Two documents may share a line or a contact.
    contacts = {institution: list(dict.fromkeys(values)) for institution, values in contacts.items()}
    lists = {name: list(dict.fromkeys(lines)) for name, lines in lists.items()}
    about = passages_about(question, list(dict.fromkeys(passages)))
    return Material(lists, about, contacts, all_contacts=True)


def passages_about(question: str, passages: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
    """The passages whose first sentence says about as much about a question as that of the best one.

    A small model chooses among passages at random, so only good ones are offered to it.
    """
    scores = score_passages(question, [each[0] for each in passages])
    least = LEAST_OF_BEST * max(scores, default=0.0)
    return [each for each, score in zip(passages, scores, strict=True) if score >= least]
