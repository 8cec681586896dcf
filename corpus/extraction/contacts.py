"""The contacts in a text: their values, and whose they are."""

import re
from collections.abc import Iterable

from corpus.extraction.contact_values import find_values, normalize_value
from corpus.extraction.owners import choose_owner, owner_of_last_resort
from corpus.template import Contact

PLACEHOLDER = re.compile(r"<(?:TEL|ADDR|WEB|KAKAO|EMAIL)>")


def find_contacts(text: str, title: str = "") -> list[Contact]:
    """The contacts in a text whose labels are standardised, in its order.

    The owner is somebody named near the value; otherwise it is `title`, if that may be a name.
    """
    contacts: list[Contact] = []
    lines = text.split("\n")
    found = [find_values(line) for line in lines]
    previous_owner = ""
    for number, values in enumerate(found):
        for index, value in enumerate(values):
            owner = choose_owner(lines, found, number, index, title, previous_owner)
            previous_owner = owner or previous_owner
            named = owner if owner != title else ""
            institution = named or owner_of_last_resort(title)
            contact = Contact(institution, value.label, value.value, normalize_value(value.label, value.value))
            if contact not in contacts:
                contacts.append(contact)
    return contacts


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
