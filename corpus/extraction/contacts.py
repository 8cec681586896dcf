"""The contacts in a text: their values, and whose they are."""

import re
from collections.abc import Iterable

from corpus.extraction.contact_text import ContactText
from corpus.extraction.contact_values import normalize_value
from corpus.extraction.offices import find_office
from corpus.extraction.owners import choose_owner, owner_of_last_resort
from corpus.extraction.telephone import country_of
from corpus.template import Contact

PLACEHOLDER = re.compile(r"<(?:TEL|ADDR|WEB|KAKAO|EMAIL)>")


def find_contacts(text: str, title: str = "") -> list[Contact]:
    """The contacts in a text whose labels are standardised, in its order.

    The owner is somebody named near the value; otherwise it is `title`, if that may be a name.
    """
    contacts: dict[tuple[str, str, str], Contact] = {}
    read = ContactText.of(text, title)
    previous_owner = ""
    for number, values in enumerate(read.found):
        for index, value in enumerate(values):
            owner = choose_owner(read, number, index, previous_owner)
            previous_owner = owner or previous_owner
            office, note = find_office(read.lines, read.found, number, index, title, owner)
            institution = office if office and office != title else owner_of_last_resort(title)
            above = "\n".join(read.lines[max(0, number - 3) : number])
            country = country_of(value.value, read.lines[number], above, read.whole)
            normalized = normalize_value(value.label, value.value, country)
            contact = Contact(institution, value.label, value.value, normalized, note if value.label == "TEL" else "")
            contacts.setdefault((institution, value.label, value.value), contact)
    return list(contacts.values())


def hide_contacts(text: str, contacts: Iterable[Contact]) -> str:
    """The text with `<TEL>`, `<ADDR>`, … in place of the values of these contacts.

    >>> hide_contacts("TEL: 02-0000-1234", [Contact("은행", "TEL", "02-0000-1234", "+63200001234")])
    'TEL: <TEL>'
    """
    # The longest first: an address may contain the value of another contact.
    for contact in sorted(contacts, key=lambda contact: -len(contact.value)):
        text = text.replace(contact.value, f"<{contact.label}>")
    return text


def has_hidden_contacts(text: str) -> bool:
    """Whether a text contains a placeholder that `hide_contacts` writes."""
    return bool(PLACEHOLDER.search(text))
