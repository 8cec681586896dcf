"""From logits to the next token."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pipeline

import torch
from torch import Tensor


@dataclass(frozen=True)
class SamplingSettings:
    """How the next token is chosen from its logits."""

    temperature: float = 0.7  # 0: always the likeliest (greedy)
    top_k: int = 0  # only the k likeliest; 0: all
    top_p: float = 1.0  # only the likeliest that together have this probability (Holtzman et al., 2020)
    repetition_penalty: float = 1.0  # over 1: tokens already written become less likely (Keskar et al., 2019)
    no_repeat_ngram: int = 0  # no run of so many tokens twice (Paulus et al., 2018); 0: any


def check_settings(settings) -> None:
    """Stop at values of a script's settings that cannot work. Raises StepError."""
    require, penalty = pipeline.require_setting, settings.repetition_penalty
    require(
        settings.temperature == 0 or 0.01 <= settings.temperature <= 100,
        f"TEMPERATURE is {settings.temperature}; it must be 0, or at least 0.01 and at most 100",
    )
    require(settings.top_k >= 0, f"TOP_K is {settings.top_k}; it must be 0 or more")
    require(0 < settings.top_p <= 1, f"TOP_P is {settings.top_p}; it must be over 0 and at most 1")
    require(0.1 <= penalty <= 10, f"REPETITION_PENALTY is {penalty}; it must be at least 0.1 and at most 10")


def choose_token(
    logits: Tensor,
    settings: SamplingSettings,
    written: Sequence[int],
    generator: torch.Generator,
    allowed: Sequence[int] | None = None,
) -> int:
    """One token id from logits (V,), which are fp32 on the CPU; of those `allowed`, where they are named.

    On the CPU on every machine: there `multinomial` is right, and a seed gives the same answer everywhere.
    """
    if settings.repetition_penalty != 1.0 and written:
        index = torch.tensor(sorted(set(written)))
        scores = logits[index]
        logits = logits.clone()
        logits[index] = torch.where(
            scores > 0, scores / settings.repetition_penalty, scores * settings.repetition_penalty
        )
    if allowed is not None:
        candidates = torch.tensor(allowed)
        logits = logits[candidates]
    elif banned := find_repeating_tokens(written, settings.no_repeat_ngram):
        logits = logits.clone()
        logits[banned] = -torch.inf
    if settings.temperature == 0:
        choice = int(logits.argmax())
        return choice if allowed is None else allowed[choice]
    scores, order = logits.topk(min(settings.top_k or len(logits), len(logits)))
    probabilities = (scores / settings.temperature).softmax(-1)
    if settings.top_p < 1:
        # A token stays while those before it have less than top_p together: the first always stays.
        before = probabilities.cumsum(-1) - probabilities
        probabilities[before >= settings.top_p] = 0
    choice = int(order[torch.multinomial(probabilities, 1, generator=generator)])
    return choice if allowed is None else allowed[choice]


def decide(probability: float, temperature: float, generator: torch.Generator) -> bool:
    """True with a probability, which a low temperature moves towards the likelier of the two answers."""
    if temperature == 0:
        return probability > 0.5
    probability = min(max(probability, 1e-9), 1 - 1e-9)
    logit = math.log(probability / (1 - probability)) / temperature
    return bool(torch.rand((), generator=generator) < torch.tensor(logit).sigmoid())


def find_repeating_tokens(written: Sequence[int], length: int) -> list[int]:
    """The tokens that would end a run of `length` tokens which is there already; none for a length of 0."""
    if not 0 < length <= len(written):
        return []
    begun = list(written[len(written) - length + 1 :])
    return [
        written[at + length - 1]
        for at in range(len(written) - length + 1)
        if list(written[at : at + length - 1]) == begun
    ]
