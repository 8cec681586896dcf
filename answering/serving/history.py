"""The questions and answers that a page keeps: a file with one JSON object for each, the oldest first."""

import json
import secrets
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pipeline
from answering.serving.errors import not_found
from answering.serving.fields import Fields

Json = dict[str, Any]


class History:
    """The entries in a file, which is read each time: another program may have changed it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def find(self, query: str = "") -> list[Json]:
        """The entries that contain all words of a query, the newest first."""
        words = query.lower().split()
        found = [entry for entry in self._read() if all(word in _text_of(entry) for word in words)]
        return found[::-1]

    def get(self, id: str) -> Json:
        """One entry. Raises ApiError."""
        return next((entry for entry in self._read() if entry["id"] == id), None) or self._fail(id)

    def add(self, entries: Sequence[Fields]) -> list[Json]:
        """Keep new entries; those whose id is there already are left out. Raises ApiError for a wrong field."""
        with self._lock:
            kept = self._read()
            known = {entry["id"] for entry in kept}
            new = [_entry_of(each) for each in entries if each.text("id") not in known or not each.text("id")]
            self._write([*kept, *new])
        return new

    def delete(self, id: str) -> None:
        """Delete one entry. Raises ApiError."""
        with self._lock:
            entries = self._read()
            kept = [entry for entry in entries if entry["id"] != id]
            if len(kept) == len(entries):
                self._fail(id)
            self._write(kept)

    def clear(self) -> None:
        """Delete all entries."""
        with self._lock:
            self._write([])

    def markdown(self) -> str:
        """All entries for people to read, the oldest first."""
        return "\n".join(
            f"## {' '.join(entry['question'].split())}\n\n*{entry['at']}*\n\n{entry['content'].strip()}\n"
            for entry in self._read()
        )

    def _read(self) -> list[Json]:
        """The entries; a line that is not one is left out."""
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            return []
        entries = []
        for line in filter(None, lines):
            try:
                entry = json.loads(line)
                entries.append({**entry, **{name: str(entry[name]) for name in ("id", "at", "question", "content")}})
            except (ValueError, LookupError, TypeError):
                continue
        return entries

    def _write(self, entries: list[Json]) -> None:
        with pipeline.atomic_write(self.path) as file:
            file.writelines(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in entries)

    def _fail(self, id: str) -> Json:
        raise not_found(f"entry {id[:40]}")


def _entry_of(fields: Fields) -> Json:
    return {
        "id": fields.text("id") or secrets.token_hex(8),
        "at": fields.text("at") or datetime.now(UTC).isoformat(timespec="seconds"),
        "question": fields.text("question"),
        "content": fields.text("content"),
        "answer": fields.fields("answer").content,
        "document_name": fields.text("document_name"),
    }


def _text_of(entry: Json) -> str:
    return f"{entry['question']}\n{entry['content']}".lower()
