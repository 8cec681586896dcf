"""A document becomes the answer that its sample teaches; every line is taken from the document."""

from dataclasses import replace

from corpus.extraction.checklists import find_checklist
from corpus.extraction.contact_values import holds_contact
from corpus.extraction.contacts import find_contacts
from corpus.extraction.passages import choose_details
from corpus.extraction.reviews import find_review
from corpus.extraction.shortening import shorten
from corpus.extraction.summaries import summarize
from corpus.raw.documents import Document
from corpus.template import Answer, Contact


def extract_answer(document: Document, question: str = "") -> Answer:
    """The answer to a question about a document; its details are a passage that says more than the summary."""
    text, title = document.text, document.title
    contacts: dict[str, list[Contact]] = {}
    for contact in find_contacts(text, title):
        contacts.setdefault(contact.institution, []).append(contact)
    to_do, to_bring, to_beware = ([shorten(line) for line in lines] for lines in find_checklist(text, title))
    # The question contains the title: a summary repeats it only if the text has nothing else to say.
    summary = summarize(text, title, question) or ([shorten(title)] if _may_be_summary(title, text) else [])
    return Answer(summary, to_do, to_bring, to_beware, contacts, choose_details(text, summary))


def extract_review(document: Document, question: str = "") -> Answer:
    """The answer in the summary style: `extract_answer`, with what the document praises, criticises and recommends."""
    review = find_review(document.text, document.title)
    merits, drawbacks, audience = ([shorten(line) for line in lines] for lines in review)
    return replace(extract_answer(document, question), merits=merits, drawbacks=drawbacks, audience=audience)


def _may_be_summary(title: str, text: str) -> bool:
    return bool(title) and title in text and not holds_contact(title)
