"""From logits to the next token, and token after token to a text."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from gpt.model import GPT, KeyValueCache

import torch
from torch import Tensor


@dataclass(frozen=True)
class SamplingSettings:
    """How the next token is chosen from its logits."""

    temperature: float = 0.7  # 0: always the likeliest (greedy)
    top_k: int = 0  # only the k likeliest; 0: all
    top_p: float = 1.0  # only the likeliest that together have this probability (Holtzman et al., 2020)
    repetition_penalty: float = 1.0  # over 1: tokens already written become less likely (Keskar et al., 2019)


def choose_token(
    logits: Tensor, settings: SamplingSettings, written: Collection[int], generator: torch.Generator
) -> int:
    """One token id from logits (V,), which are fp32 on the CPU.

    On the CPU on every machine: there `multinomial` is right, and a seed gives the same answer everywhere.
    """
    if settings.repetition_penalty != 1.0 and written:
        index = torch.tensor(sorted(set(written)))
        scores = logits[index]
        logits = logits.clone()
        logits[index] = torch.where(
            scores > 0, scores / settings.repetition_penalty, scores * settings.repetition_penalty
        )
    if settings.temperature == 0:
        return int(logits.argmax())
    scores, order = (logits / settings.temperature).sort(descending=True, stable=True)
    probabilities = scores.softmax(-1)
    if settings.top_k:
        probabilities[settings.top_k :] = 0
    if settings.top_p < 1:
        # A token stays while those before it have less than top_p together: the first always stays.
        before = probabilities.cumsum(-1) - probabilities
        probabilities[before >= settings.top_p] = 0
    return int(order[torch.multinomial(probabilities, 1, generator=generator)])


@torch.inference_mode()
def generate(
    model: GPT,
    prompt: Sequence[int],
    max_new_tokens: int,
    stop_tokens: Collection[int],
    settings: SamplingSettings,
    seed: int,
    use_cache: bool = True,
) -> Iterator[int]:
    """Yield token ids that continue the prompt, up to a stop token (not given out) or a full context.

    Raises ValueError for a prompt that leaves no room in the context.
    """
    room = model.config.block_size - len(prompt)
    if not prompt or room < 1:
        raise ValueError(f"a prompt of {len(prompt)} tokens does not fit a context of {model.config.block_size}")
    parameter = model.embedding.weight
    generator = torch.Generator().manual_seed(seed)
    new_tokens = min(max_new_tokens, room)
    cache = None
    if use_cache:
        cache = KeyValueCache(model.config, 1, len(prompt) + new_tokens, parameter.device, parameter.dtype)
    written: list[int] = []
    pending = list(prompt)
    for _ in range(new_tokens):
        tokens = torch.tensor([pending], device=parameter.device)  # (1, T)
        hidden = model.hidden_states(tokens, cache)[:, -1]  # (1, T, C) -> (1, C)
        logits = model.head(hidden)[0].float()  # (V,)
        token = choose_token(logits.cpu(), settings, written, generator)
        if token in stop_tokens:
            return
        yield token
        written.append(token)
        pending = [token] if cache else [*prompt, *written]
