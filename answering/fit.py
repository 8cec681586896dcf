"""Fit: as many documents as the context holds beside the question and the answer."""

from collections.abc import Sequence

from answering.prompt import count_tokens
from answering.search import rank
from answering.source import Source

from tokenizers import Tokenizer


def fit_documents(question: str, documents: Sequence[Source], space: int, tokenizer: Tokenizer) -> list[Source]:
    """The first documents that fit into `space` tokens together; if not even one does, the best part of the first."""
    fitting: list[Source] = []
    for document in documents:
        size = count_tokens(document.text, tokenizer)
        if not fitting and size > space:
            return [best_part(question, document, size, space, tokenizer)]
        if size > space:
            break
        fitting.append(document)
        space -= size + 1
    return fitting


def best_part(question: str, document: Source, size: int, space: int, tokenizer: Tokenizer) -> Source:
    """The part of a document that says most about the question and fits into `space` tokens; it has `size` itself."""
    while size > space and len(document.text) > 1:
        parts = document.cut(max(1, len(document.text) * space // size))
        best = rank(question, parts, 1, tokenizer)
        document = best[0] if best else parts[0]
        size = count_tokens(document.text, tokenizer)
    return document
