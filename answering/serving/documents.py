"""The documents of the user's own text as clients know them: by an id that is no other document's later."""

import zlib
from contextlib import suppress
from typing import Any

from answering.search import DocumentSearch
from answering.source import Source


def id_of(source: Source) -> str | None:
    """Its number and a sum of its place, which tells when the text has been prepared anew; None for a given text."""
    if source.id is None:
        return None
    place = f"{source.file}:{source.line}:{source.part}"
    return f"{source.id}-{zlib.crc32(place.encode()):08x}"


def find_document(search: DocumentSearch, id: str) -> Source | None:
    """The document with this id; None if there is none any more. Raises StepError."""
    with suppress(ValueError):
        document = search.document(int(id.partition("-")[0]))
        if document and id_of(document) == id:
            return document
    return None


def describe_document(source: Source) -> dict[str, Any]:
    """Where a document comes from."""
    return {"id": id_of(source), "title": source.name, "file": source.file, "line": source.line}
