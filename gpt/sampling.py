"""From logits to the next token."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline import check_ranges, require_setting, setting

import torch
from torch import Tensor

LOWEST_TEMPERATURE = 0.01  # above 0; below it the division of logits overflows


@dataclass(frozen=True)
class SamplingSettings:
    """How the next token is chosen from its logits. Raises StepError for a value out of range."""

    temperature: float = setting(least=0, most=100, default=1.0)  # 0: always the most likely token (greedy)
    top_k: int = setting(least=0, default=0)  # choose among the k most likely tokens; 0: all
    # Choose among the most likely tokens that together have this probability (Holtzman et al., 2020).
    top_p: float = setting(above=0, most=1, default=1.0)
    # Over 1 makes tokens that were already written less likely (Keskar et al., 2019).
    repetition_penalty: float = setting(least=0.1, most=10, default=1.0)

    def __post_init__(self) -> None:
        check_ranges(self)
        require_setting(
            self.temperature == 0 or self.temperature >= LOWEST_TEMPERATURE,
            f"TEMPERATURE is {self.temperature}; it must be 0, or at least {LOWEST_TEMPERATURE}",
        )


def choose_token(
    logits: Tensor,
    settings: SamplingSettings,
    written: Sequence[int],
    generator: torch.Generator,
    allowed: Sequence[int] | None = None,
) -> int:
    """Choose one token id by logits (V,), fp32 on the CPU, among all tokens or only those `allowed`.

    Logits are on the CPU on every machine: there `multinomial` is correct, and a seed gives the same answer everywhere.
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
    """True with this probability; a low temperature moves it towards the more likely of the two answers."""
    if temperature == 0:
        return probability > 0.5
    probability = min(max(probability, 1e-9), 1 - 1e-9)
    logit = math.log(probability / (1 - probability)) / temperature
    return bool(torch.rand((), generator=generator) < torch.tensor(logit).sigmoid())
