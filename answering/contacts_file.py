"""The contacts of the user's text by institution, which step 01 writes to contacts.json."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pipeline
from corpus.template import neutralize_markers
from pipeline import StepError

Contacts = dict[str, list[tuple[str, str]]]  # institution -> (label, value) of each of its contacts


def contacts_of(table: Iterable[Mapping[str, Any]], positions: Collection[tuple[str, int]] | None = None) -> Contacts:
    """The contacts of a table; if `positions` are given, only those in documents at one of these (file, line)."""
    contacts: Contacts = {}
    for entry in table:
        for contact in entry["contacts"]:
            if positions is None or any((at["source"], at["line"]) in positions for at in contact["documents"]):
                values = contacts.setdefault(neutralize_markers(entry["institution"]), [])
                values.append((contact["kind"], neutralize_markers(contact["value"])))
    return contacts


@dataclass(frozen=True)
class ContactsFile:
    """The table in contacts.json, which is read when it is first needed."""

    path: str

    @property
    def is_missing(self) -> bool:
        """Whether there is no file; the table is empty then."""
        return not Path(self.path).is_file()

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The institutions with their contacts. Raises StepError for a damaged file."""
        if self.is_missing:
            return []
        try:
            entries: list[dict[str, Any]] = json.loads(Path(self.path).read_text(encoding="utf-8"))
            contacts_of(entries)
            return entries
        except (ValueError, LookupError, TypeError, AttributeError):
            remake = pipeline.remake(Path(self.path), "01_prepare_samples.py")
            raise StepError(f"{self.path}: not a table of contacts; run: {remake}") from None
