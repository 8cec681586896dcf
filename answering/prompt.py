"""Fit and prompt: as many documents as the context holds, and the tokens that the model continues.

A prompt has the form of the training samples. The context also holds the question and the answer.
"""

from collections.abc import Sequence
from dataclasses import replace

from answering.search import Candidates, say_something
from answering.source import Source
from corpus.template import BOS, Template, marker_id
from pipeline import StepError, batched

from tokenizers import Tokenizer

SUMMARIZE = "이 글의 내용을 정리해줘."  # the question about a document that comes without one
MIN_ANSWER_TOKENS = 320  # of the context, which documents leave free for the answer
PARTS_OF_SPACE = 3  # of a document that is too long: its best parts are at most this share of the space each
LINES_AT_ONCE = 1000  # encoded together; memory grows with the length of the text


def space_for_documents(question: str, block_size: int, tokenizer: Tokenizer, template: Template) -> int:
    """The tokens that documents may take beside a question. Raises StepError if the question is too long."""
    tokens_of_question = len(encode_prompt(question, [Source("가")], tokenizer, template))
    space = block_size - min(MIN_ANSWER_TOKENS, block_size // 2) - tokens_of_question
    if space < 1:
        size = count_tokens(question, tokenizer)
        raise StepError(f"QUESTION '{question[:20]}…': its {size:,} tokens are too many; ask in fewer words")
    return space


def fit_documents(question: str, found: Candidates, space: int, tokenizer: Tokenizer) -> list[Source]:
    """The documents that fit into `space` tokens together; of those that an answer needs at least the best parts.

    Of documents that share the space the first, which says most, gets at least twice as much as each of the others.
    """
    needed = found.documents[: found.needed]
    share = space // (len(needed) + 1)
    others = [part for document in needed[1:] for part in best_parts(question, document, share, tokenizer)]
    space -= count_together(others, tokenizer)
    fitting = [*(part for document in needed[:1] for part in best_parts(question, document, space, tokenizer)), *others]
    if fitting != needed:
        return fitting
    space -= count_together(needed[:1], tokenizer)
    for document in found.documents[found.needed :]:
        space -= count_together([document], tokenizer)
        if space < 0:
            break
        fitting.append(document)
    return fitting


def best_parts(question: str, document: Source, space: int, tokenizer: Tokenizer) -> list[Source]:
    """The document, or the parts of it that say something about the question and fit into `space` tokens together."""
    size = count_tokens(document.text, tokenizer)
    if size <= space:
        return [document]
    parts = document.cut(max(1, len(document.text) * space // (size * PARTS_OF_SPACE)))
    chosen: list[Source] = []
    for part in say_something(question, parts):
        if count_together([*chosen, part], tokenizer) <= space:
            chosen.append(part)
    best = sorted(chosen, key=parts.index) or [_cut_to(question, document, size, space, tokenizer)]
    return [replace(part, part=document.part, id=document.id) for part in best]


def _cut_to(question: str, document: Source, size: int, space: int, tokenizer: Tokenizer) -> Source:
    """The best part of a document of `size` tokens that fits into `space` tokens."""
    while size > space and len(document.text) > 1:
        parts = document.cut(max(1, len(document.text) * space // size))
        document = next(iter(say_something(question, parts)), parts[0])
        size = count_tokens(document.text, tokenizer)
    return document


def encode_prompt(question: str, documents: list[Source], tokenizer: Tokenizer, template: Template) -> list[int]:
    """The token ids of a prompt."""
    text = template.write_prompt(question, "\n\n".join(document.text for document in documents))
    return [marker_id(tokenizer, BOS), *tokenizer.encode(text).ids]


def count_tokens(text: str, tokenizer: Tokenizer) -> int:
    """How many tokens a text of any length has."""
    batches = batched(text.splitlines(keepends=True), LINES_AT_ONCE)
    return sum(len(encoding.ids) for lines in batches for encoding in tokenizer.encode_batch_fast(lines))


def count_together(sources: Sequence[Source], tokenizer: Tokenizer) -> int:
    """The tokens of documents with what separates them."""
    return sum(count_tokens(source.text, tokenizer) + 1 for source in sources)
