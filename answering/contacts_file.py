"""The contacts of the user's text by institution, which step 01 writes to contacts.json."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pipeline
from corpus.raw.normalization import normalize
from corpus.template import neutralize_markers
from pipeline import StepError

STEP_01 = "01_prepare_samples.py"

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
        """The institutions with their contacts.

        Raises StepError for a table that step 01 has not written like this: an answer gives its contacts unchanged.
        """
        if self.is_missing:
            return []
        recorded = pipeline.require_entry(self.path, STEP_01)
        content = Path(self.path).read_bytes()
        remake = pipeline.remake(self.path, STEP_01)
        if hashlib.sha256(content).hexdigest() != recorded["sha256"]:
            raise StepError(f"{self.path}: it was changed after {STEP_01} wrote it; run: {remake}")
        try:
            entries: list[dict[str, Any]] = json.loads(content)
            contacts = contacts_of(entries)
        except (ValueError, LookupError, TypeError, AttributeError):
            raise StepError(f"{self.path}: not a table of contacts; run: {remake}") from None
        lines = [*contacts, *(text for values in contacts.values() for value in values for text in value)]
        if not all(map(_is_line, lines)):
            raise StepError(f"{self.path}: a contact holds a line end or a control character; run: {remake}")
        return entries


def _is_line(text: str) -> bool:
    """Whether a text is part of a line as step 01 writes it."""
    return "\n" not in text and normalize(text) == text
