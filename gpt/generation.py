"""Generation: one token after another, for one text or for many that share each pass through the model."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from gpt.cache import CACHE_BLOCK, KeyValueCache
from gpt.lookup import Lookup
from gpt.model import GPT
from gpt.sampling import SamplingSettings, choose_token, decide

import torch
from torch import Tensor

END = -1  # yielded in place of a token when a text ends
# Tokens of all texts in one pass, guesses included; the more texts, the fewer guesses for each. Answers from documents
# on one core: 120 tokens/s without guesses, 396 with 8, 489 with 12, 493 with 16.
READ_AHEAD = 16
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
    """A text being written: the model has not read its `pending` tokens yet, but perhaps `guesses` that follow them."""

    def __init__(self, number: int, prompt: Prompt, block_size: int) -> None:
        self.number, self.prompt = number, prompt
        self.most = min(prompt.max_new_tokens, block_size - len(prompt.tokens))
        self.generator = torch.Generator().manual_seed(prompt.seed)
        self.written: list[int] = []
        self.pending: deque[int] = deque()
        self.lookup = Lookup(prompt.tokens)
        self.guesses: list[int] = []
        self.right_guesses = 0  # how many of them have been written: the cache holds these
        self.chooses_freely = False  # whether the next token is chosen among all

    def guess(self, most: int) -> list[int]:
        """At most so many tokens to read after the pending ones; none where a guide names what may come."""
        return self.lookup.guess(most) if self.chooses_freely and most > 0 else []

    def continue_by(self, logits: Tensor, stop_tokens: Collection[int]) -> Iterator[int]:
        """Yield tokens as far as logits (1 + guesses, V) and a guide without a choice reach; END at the end.

        The first row of the logits follows what the model has read, each further row follows one guess more.
        """
        guide = self.prompt.guide
        self.right_guesses = 0
        while len(self.written) < self.most and not self.prompt.cancelled():
            allowed = guide.allowed() if guide else None
            if allowed is not None and len(allowed) == 1:
                token = allowed[0]
            elif self.pending:
                self.chooses_freely = allowed is None
                return  # the model must read what is written before it can choose
            else:
                token = self._choose(logits[self.right_guesses], allowed)
            if token in stop_tokens:
                break
            self._write(token)
            if guide:
                guide.take(token)
            yield token
        yield END

    def _write(self, token: int) -> None:
        self.written.append(token)
        self.lookup.add(token)
        if not self.pending and self.right_guesses < len(self.guesses) and self.guesses[self.right_guesses] == token:
            self.right_guesses += 1
        else:
            self.pending.append(token)

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
    model: GPT, prompts: Iterable[Prompt], rows: int, stop_tokens: Collection[int], read_ahead: int = READ_AHEAD
) -> Iterator[tuple[int, int]]:
    """Continue many prompts, `rows` of them at a time; yield (number of the prompt, token), END when one ends.

    When a text ends, its row takes the next prompt while the other rows go on. An iterator of prompts is asked again
    whenever a row is free, also after it had none: requests may arrive while others are being answered. Each text has
    its own random numbers and sampling settings, so it is the same as it would be alone, except for rounding. One pass
    reads up to `read_ahead` tokens, guesses included; with 0 there are none.
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
                logits[row] = read_prompt(model, prompt.tokens, cache.rows(row, row + 1))[None]
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
            cache.lengths[row] += text.right_guesses
        if any(texts):
            last = max(row for row, text in enumerate(texts) if text)
            used = min(len(cache.lengths), 1 << last.bit_length())  # a power of two keeps the number of shapes small
            logits[:used] = read_pending(model, texts[:used], cache.rows(0, used), read_ahead)


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


def read_pending(model: GPT, texts: list[_Text | None], cache: KeyValueCache, read_ahead: int) -> list[Tensor]:
    """Logits (1 + guesses, V) of each row after the next of its pending tokens and after each of its guesses.

    Every row reads as many tokens as `_count_to_read` says; one with fewer is padded: what is cached after them is
    overwritten later, as are guesses that turn out wrong. Rows without a text read zeros. Neither the logits of these
    are used, nor those of a row that still has pending tokens.
    """
    unread: list[list[int]] = []
    for row, text in enumerate(texts):
        if not text:
            cache.lengths[row] = 0
            unread.append([])
            continue
        unread.append([*text.pending, *text.guess(read_ahead // len(texts) - len(text.pending))])
    count = _count_to_read([len(tokens) for tokens in unread], model.config.block_size - int(cache.lengths.max()))
    tokens = torch.zeros(len(texts), count, dtype=torch.int64)  # (B, T)
    lengths = cache.lengths.clone()
    wanted: list[tuple[int, int]] = []  # of each row, the positions whose logits are wanted
    for row, text in enumerate(texts):
        read = unread[row][:count]
        tokens[row, : len(read)] = torch.tensor(read)
        certain = min(len(text.pending), count) if text else 0
        lengths[row] += certain
        wanted.append((max(certain, 1) - 1, max(len(read), 1)))
        if text:
            text.guesses = read[certain:]
            for _ in range(certain):
                text.pending.popleft()
    hidden = model.hidden_states(tokens.to(model.embedding.weight.device), cache)  # (B, T, C)
    cache.lengths[:] = lengths
    rows = torch.cat([hidden[row, start:end] for row, (start, end) in enumerate(wanted)])  # (positions, C)
    logits: Tensor = model.head(rows).float().cpu()
    return list(logits.split([end - start for start, end in wanted]))


def _count_to_read(pending: Sequence[int], room: int) -> int:
    """The largest power of two for which at least half of what a pass over all rows reads is not padding.

    Where forms leave no choice, runs of tokens are pending whose lengths differ from row to row. With the shortest one
    for all rows, 16 answers at once took 1.6 times as long. Powers of two keep the number of shapes small.
    """
    count = 1
    while 2 * count <= room and sum(min(2 * count, each) for each in pending) >= count * len(pending):
        count *= 2
    return count
