"""Token after token to a text; or to many texts at once, which share each pass through the model."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from gpt.cache import CACHE_BLOCK, KeyValueCache
from gpt.model import GPT
from gpt.sampling import SamplingSettings, choose_token, decide

import torch
from torch import Tensor

END = -1  # given out in place of a token when a text ends


class Guide(Protocol):
    """Says, token by token, what may come next in one text."""

    def allowed(self) -> Sequence[int] | None:
        """The only tokens that may come next; None: any that `accepts` takes."""

    def ways_out(self) -> Collection[int]:
        """Those of the allowed tokens with which a list ends, or does not begin."""

    def accepts(self, token: int) -> bool:
        """Whether this token may come next, where `allowed` names none."""

    def take(self, token: int) -> None:
        """The token has been written."""


@dataclass(frozen=True)
class Prompt:
    """What a text begins with, and what guides the rest."""

    tokens: Sequence[int]
    guide: Guide | None = None


class _Text:
    """A text under way: `pending` tokens are written but not yet seen by the model."""

    def __init__(self, number: int, prompt: Prompt, room: int, seed: int):
        self.number, self.guide, self.room = number, prompt.guide, room
        self.generator = torch.Generator().manual_seed(seed)
        self.written: list[int] = []
        self.pending: deque[int] = deque()

    def go_on(self, logits: Tensor, stop_tokens: Collection[int], settings: SamplingSettings) -> Iterator[int]:
        """Yield one token chosen by logits (V,), all that the guide then leaves no choice about, and END at the end."""
        while len(self.written) < self.room:
            allowed = self.guide.allowed() if self.guide else None
            if allowed is not None and len(allowed) == 1:
                token = allowed[0]
            elif self.pending:
                return  # the model must see what is written before it can choose
            else:
                token = self._choose(logits, allowed, settings)
            if token in stop_tokens:
                break
            self.written.append(token)
            self.pending.append(token)
            if self.guide:
                self.guide.take(token)
            yield token
        yield END

    def _choose(self, logits: Tensor, allowed: Sequence[int] | None, settings: SamplingSettings) -> int:
        if allowed is not None:
            ways_out = self.guide.ways_out()
            if ways_out and len(ways_out) < len(allowed):
                # Whether a list goes on is asked of all tokens, then which allowed one comes. To weigh the allowed
                # ones at once would favour the end: it is one token, what may come is many, most of them forbidden.
                wants_out = logits.softmax(-1)[list(ways_out)].sum()
                out = decide(float(wants_out), settings.temperature, self.generator)
                allowed = [token for token in allowed if (token in ways_out) == out]
            return choose_token(logits, settings, self.written, self.generator, allowed)
        while True:
            token = choose_token(logits, settings, self.written, self.generator)
            if not self.guide or self.guide.accepts(token):
                return token
            logits = logits.index_fill(0, torch.tensor(token), -torch.inf)  # a copy without what the guide refuses
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
    """Yield token ids that continue the prompt, up to a stop token (not given out) or a full context.

    Raises ValueError for a prompt that leaves no room in the context.
    """
    texts = generate_all(model, [Prompt(prompt, guide)], 1, max_new_tokens, stop_tokens, settings, seed)
    for _, token in texts:
        if token == END:
            return
        yield token


@torch.inference_mode()
def generate_all(
    model: GPT,
    prompts: Iterable[Prompt],
    rows: int,
    max_new_tokens: int,
    stop_tokens: Collection[int],
    settings: SamplingSettings,
    seed: int,
) -> Iterator[tuple[int, int]]:
    """Continue many prompts, `rows` of them at a time; yield (number of the prompt, token), END when one ends.

    A row whose text has ended begins with the next prompt, while the others go on. Each text has random
    numbers of its own, so it comes out as it would alone, but for rounding.
    """
    block_size = model.config.block_size
    waiting = enumerate(prompts)
    cache = model.new_cache(rows, block_size)
    texts: list[_Text | None] = [None] * rows
    logits: list[Tensor | None] = [None] * rows
    while True:
        for row in range(rows):
            if texts[row] is None and (following := next(waiting, None)):
                number, prompt = following
                logits[row] = read_prompt(model, prompt.tokens, cache.row(row))
                texts[row] = _Text(number, prompt, min(max_new_tokens, block_size - len(prompt.tokens)), seed)
        if not any(texts):
            return
        for row, text in enumerate(texts):
            for token in text.go_on(logits[row], stop_tokens, settings) if text else ():
                yield text.number, token
                if token == END:
                    texts[row] = None
        if any(texts):
            logits = read_pending(model, texts, cache)


def read_prompt(model: GPT, tokens: Sequence[int], cache: KeyValueCache) -> Tensor:
    """Logits (V,), fp32 on the CPU, of what follows a prompt, whose keys and values then fill the cache of one row.

    Raises ValueError for a prompt that leaves no room in the context.
    """
    block_size, length = model.config.block_size, len(tokens)
    if not 0 < length < block_size:
        raise ValueError(f"a prompt of {length} tokens does not fit a context of {block_size}")
    # Padded to whole blocks, so that shapes repeat; what stands behind the prompt is written over later.
    padded = min(block_size, CACHE_BLOCK * -(-length // CACHE_BLOCK))
    row = torch.zeros(1, padded, dtype=torch.int64)  # (1, T)
    row[0, :length] = torch.tensor(tokens)
    cache.lengths[:] = 0
    hidden = model.hidden_states(row.to(model.embedding.weight.device), cache)  # (1, T, C)
    cache.lengths[:] = length
    return model.head(hidden[:, length - 1]).float().cpu()[0]


def read_pending(model: GPT, texts: list[_Text | None], cache: KeyValueCache) -> list[Tensor]:
    """Logits (V,) of each row after as many pending tokens as every text has, a power of two of them.

    Powers of two keep the number of shapes small. Rows without a text read zeros, which nobody sees.
    """
    shared = min(len(text.pending) for text in texts if text)
    count = 1 << (shared.bit_length() - 1)
    for row, text in enumerate(texts):
        if not text:
            cache.lengths[row] = 0
    tokens = [[text.pending.popleft() if text else 0 for _ in range(count)] for text in texts]  # (B, T)
    hidden = model.hidden_states(torch.tensor(tokens, device=model.embedding.weight.device), cache)[:, -1]  # (B, C)
    return list(model.head(hidden).float().cpu())
