"""Generation: one token after another, for one text or for many that share each pass through the model."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from gpt.cache import CACHE_BLOCK, KeyValueCache
from gpt.model import GPT
from gpt.sampling import SamplingSettings, choose_token, decide

import torch
from torch import Tensor

END = -1  # yielded in place of a token when a text ends
AVOIDED = -1e4  # added to a logit: below every other, but above those that may not come at all


class Guide(Protocol):
    """Decides, token by token, what may come next in one text."""

    def allowed(self) -> Sequence[int] | None:
        """The only tokens that may come next; None: any that `accepts` allows."""

    def ways_out(self) -> Collection[int]:
        """The allowed tokens with which a list ends, or does not begin."""

    def avoided(self) -> Collection[int]:
        """Tokens that come next only where `accepts` allows no other."""

    def accepts(self, token: int) -> bool:
        """Whether this token may come next, where `allowed` names none."""

    def take(self, token: int) -> None:
        """Learn that the token has been written."""


def never() -> bool:
    """The `cancelled` of a text that nobody stops."""
    return False


@dataclass(frozen=True)
class Prompt:
    """What a text begins with, and how it goes on."""

    tokens: Sequence[int]
    sampling: SamplingSettings
    seed: int  # of the random numbers of this text alone
    max_new_tokens: int  # the context of the model is a limit too
    guide: Guide | None = None
    cancelled: Callable[[], bool] = never  # called before each token; True ends the text


class _Text:
    """A text being written: the model has not yet read its `pending` tokens."""

    def __init__(self, number: int, prompt: Prompt, block_size: int) -> None:
        self.number, self.prompt = number, prompt
        self.most = min(prompt.max_new_tokens, block_size - len(prompt.tokens))
        self.generator = torch.Generator().manual_seed(prompt.seed)
        self.written: list[int] = []
        self.pending: deque[int] = deque()

    def continue_by(self, logits: Tensor, stop_tokens: Collection[int]) -> Iterator[int]:
        """Yield a token chosen by logits (V,), then those that the guide leaves no choice about; END at the end."""
        guide = self.prompt.guide
        while len(self.written) < self.most and not self.prompt.cancelled():
            allowed = guide.allowed() if guide else None
            if allowed is not None and len(allowed) == 1:
                token = allowed[0]
            elif self.pending:
                return  # the model must read what is written before it can choose
            else:
                token = self._choose(logits, allowed)
            if token in stop_tokens:
                break
            self.written.append(token)
            self.pending.append(token)
            if guide:
                guide.take(token)
            yield token
        yield END

    def _choose(self, logits: Tensor, allowed: Sequence[int] | None) -> int:
        guide, sampling = self.prompt.guide, self.prompt.sampling
        if guide and allowed is not None:
            ways_out = guide.ways_out()
            if ways_out and len(ways_out) < len(allowed):
                # First decide, by the probabilities of all tokens, whether the list goes on; then choose an allowed
                # token. Comparing the allowed tokens directly would favour the end: it is a single token, while the
                # probability of going on is spread over many tokens, most of which are not allowed.
                probability_of_end = logits.softmax(-1)[list(ways_out)].sum()
                ends = decide(float(probability_of_end), sampling.temperature, self.generator)
                allowed = [token for token in allowed if (token in ways_out) == ends]
            return choose_token(logits, sampling, self.written, self.generator, allowed)
        if guide and (avoided := guide.avoided()):
            logits = logits.clone()
            logits[list(avoided)] += AVOIDED
        while True:
            token = choose_token(logits, sampling, self.written, self.generator)
            if not guide or guide.accepts(token):
                return token
            logits = logits.index_fill(0, torch.tensor(token), -torch.inf)  # a copy without the rejected token
            if logits.max() == -torch.inf:
                raise ValueError("the guide accepts none of all tokens")


def generate(
    model: GPT,
    prompt: Sequence[int],
    max_new_tokens: int,
    stop_tokens: Collection[int],
    settings: SamplingSettings,
    seed: int,
    guide: Guide | None = None,
) -> Iterator[int]:
    """Yield token ids that continue the prompt, up to a stop token (which is not yielded) or a full context.

    Raises ValueError for a prompt that fills the context.
    """
    prompts = [Prompt(prompt, settings, seed, max_new_tokens, guide)]
    for _, token in generate_all(model, prompts, 1, stop_tokens):
        if token == END:
            return
        yield token


@torch.inference_mode()
def generate_all(
    model: GPT, prompts: Iterable[Prompt], rows: int, stop_tokens: Collection[int]
) -> Iterator[tuple[int, int]]:
    """Continue many prompts, `rows` of them at a time; yield (number of the prompt, token), END when one ends.

    When a text ends, its row takes the next prompt while the other rows go on. An iterator of prompts is asked again
    whenever a row is free, also after it had none: requests may arrive while others are being answered. Each text has
    its own random numbers and sampling settings, so it is the same as it would be alone, except for rounding.
    """
    block_size = model.config.block_size
    waiting = enumerate(prompts)
    cache = model.new_cache(1, block_size)  # more rows when they are needed: to fill them with zeros takes time
    texts: list[_Text | None] = [None] * rows
    logits = [torch.empty(0)] * rows
    while True:
        for row in range(rows):
            while texts[row] is None and (following := next(waiting, None)):
                number, prompt = following
                if prompt.cancelled():
                    yield number, END
                    continue
                if row >= len(cache.lengths):
                    cache = cache.with_rows(min(rows, 2 * row))
                logits[row] = read_prompt(model, prompt.tokens, cache.rows(row, row + 1))
                texts[row] = _Text(number, prompt, block_size)
        if not any(texts):
            return
        for row, text in enumerate(texts):
            if text is None:
                continue
            for token in text.continue_by(logits[row], stop_tokens):
                yield text.number, token
                if token == END:
                    texts[row] = None
        if any(texts):
            last = max(row for row, text in enumerate(texts) if text)
            used = min(len(cache.lengths), 1 << last.bit_length())  # a power of two keeps the number of shapes small
            logits[:used] = read_pending(model, texts[:used], cache.rows(0, used))


def read_prompt(model: GPT, tokens: Sequence[int], cache: KeyValueCache) -> Tensor:
    """Logits (V,), fp32 on the CPU, of what follows a prompt, whose keys and values then fill the cache of one row.

    Raises ValueError for a prompt that fills the context, or is empty.
    """
    block_size, length = model.config.block_size, len(tokens)
    if not 0 < length < block_size:
        raise ValueError(f"a prompt of {length} tokens does not fit a context of {block_size}")
    # Padded to whole blocks, so that shapes repeat; what is cached after the prompt is overwritten later.
    padded = min(block_size, CACHE_BLOCK * -(-length // CACHE_BLOCK))
    row = torch.zeros(1, padded, dtype=torch.int64)  # (1, T)
    row[0, :length] = torch.tensor(tokens)
    cache.lengths[:] = 0
    hidden = model.hidden_states(row.to(model.embedding.weight.device), cache)  # (1, T, C)
    cache.lengths[:] = length
    logits: Tensor = model.head(hidden[:, length - 1])  # (1, V)
    return logits.float().cpu()[0]


def read_pending(model: GPT, texts: list[_Text | None], cache: KeyValueCache) -> list[Tensor]:
    """Logits (V,) of each row after the next of its pending tokens, as many in every row as `_count_to_read` says.

    A row with fewer of them is padded: what is cached after them is overwritten later. Rows without a text read
    zeros. Neither the logits of these are used, nor those of a row that still has pending tokens.
    """
    pending = [len(text.pending) if text else 0 for text in texts]
    for row, text in enumerate(texts):
        if not text:
            cache.lengths[row] = 0
    count = _count_to_read(pending, model.config.block_size - int(cache.lengths.max()))
    tokens = torch.zeros(len(texts), count, dtype=torch.int64)  # (B, T)
    for row, text in enumerate(texts):
        for position in range(min(count, pending[row])):
            assert text
            tokens[row, position] = text.pending.popleft()
    read = torch.tensor(pending).clamp(max=count)  # (B,)
    lengths = cache.lengths + read
    hidden = model.hidden_states(tokens.to(model.embedding.weight.device), cache)  # (B, T, C)
    cache.lengths[:] = lengths
    last = hidden[torch.arange(len(texts)), read.clamp(min=1) - 1]  # (B, C)
    return list(model.head(last).float().cpu())


def _count_to_read(pending: Sequence[int], room: int) -> int:
    """The largest power of two for which at least half of what a pass over all rows reads is not padding.

    Where forms leave no choice, runs of tokens are pending whose lengths differ from row to row. With the shortest one
    for all rows, 16 answers at once took 1.6 times as long. Powers of two keep the number of shapes small.
    """
    count = 1
    while 2 * count <= room and sum(min(2 * count, each) for each in pending) >= count * len(pending):
        count *= 2
    return count
