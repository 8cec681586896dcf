"""Fit and prompt: as many documents as the context holds, and the tokens that the model continues.

A prompt has the form of the training samples. The context also holds the question and the answer.
"""

from collections.abc import Sequence

from answering.search import rank
from answering.source import Source
from corpus.template import BOS, Template, marker_id
from pipeline import StepError, batched

from tokenizers import Tokenizer

SUMMARIZE = "이 글의 내용을 정리해줘."  # the question about a document that comes without one
MIN_ANSWER_TOKENS = 320  # of the context, which documents leave free for the answer
LINES_AT_ONCE = 1000  # encoded together; memory grows with the length of the text


def space_for_documents(question: str, block_size: int, tokenizer: Tokenizer, template: Template) -> int:
    """The tokens that documents may take beside a question. Raises StepError if the question is too long."""
    tokens_of_question = len(encode_prompt(question, [Source("가")], tokenizer, template))
    space = block_size - min(MIN_ANSWER_TOKENS, block_size // 2) - tokens_of_question
    if space < 1:
        size = count_tokens(question, tokenizer)
        raise StepError(f"QUESTION '{question[:20]}…': its {size:,} tokens are too many; ask in fewer words")
    return space


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


def encode_prompt(question: str, documents: list[Source], tokenizer: Tokenizer, template: Template) -> list[int]:
    """The token ids of a prompt."""
    text = template.write_prompt(question, "\n\n".join(document.text for document in documents))
    return [marker_id(tokenizer, BOS), *tokenizer.encode(text).ids]


def count_tokens(text: str, tokenizer: Tokenizer) -> int:
    """How many tokens a text of any length has."""
    batches = batched(text.splitlines(keepends=True), LINES_AT_ONCE)
    return sum(len(encoding.ids) for lines in batches for encoding in tokenizer.encode_batch_fast(lines))
