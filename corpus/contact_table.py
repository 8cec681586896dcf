"""`contacts.json`: every contact of a text below its institution, with the documents that it is from."""

from collections.abc import Iterable
from typing import TypedDict

from corpus.template import Contact


class Position(TypedDict):
    """Where a document begins."""

    source: str  # file name
    line: int  # counted from 1


class ContactEntry(TypedDict):
    """A contact and its documents."""

    kind: str  # TEL, ADDR, WEB, KAKAO or EMAIL
    value: str  # as first written
    normalized: str
    note: str  # which of the institution's numbers it is; "" for none
    documents: list[Position]


class InstitutionEntry(TypedDict):
    """An institution and its contacts, sorted, so that different values of one type are next to each other."""

    institution: str
    contacts: list[ContactEntry]


class ContactTable:
    """Collects contacts by institution; spellings with the same normalised value are one contact."""

    def __init__(self) -> None:
        self.institutions: dict[str, dict[tuple[str, str], ContactEntry]] = {}

    def add(self, contacts: Iterable[Contact], source: str, line: int) -> None:
        """Add the contacts of the document that begins on this line of this file."""
        position: Position = {"source": source, "line": line}
        for contact in contacts:
            entries = self.institutions.setdefault(contact.institution, {})
            new_entry: ContactEntry = {
                "kind": contact.label,
                "value": contact.value,
                "normalized": contact.normalized,
                "note": contact.note,
                "documents": [],
            }
            entry = entries.setdefault((contact.label, contact.normalized), new_entry)
            if entry["documents"][-1:] != [position]:  # the contacts of a document come together
                entry["documents"].append(position)

    def to_list(self) -> list[InstitutionEntry]:
        """The content of contacts.json."""
        return [
            {"institution": institution, "contacts": [entries[key] for key in sorted(entries)]}
            for institution, entries in self.institutions.items()
        ]

    def __len__(self) -> int:
        """How many contacts there are."""
        return sum(map(len, self.institutions.values()))
