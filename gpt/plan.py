"""What a training run will be: its size, its length, and whether the model suits the text."""

import time

from gpt.batches import TrainingRows
from gpt.model import GPTConfig
from gpt.run import Run

MANY_EPOCHS = 16  # beyond, repeating the data teaches next to nothing (Muennighoff et al., 2023)
# That is for a text that suits the model. Measured with 0.3 million tokens: validation was best after 1 of 2 epochs
# with 18 parameters for each token (1.990 bits per byte, 2.028 at the end), at the end with 5 (1.986).
MANY_PARAMETERS = 4  # for each token of the text
MANY_TOKENS = 200  # seen in training for each parameter, ten times what suits it best (Hoffmann et al., 2022)


def describe_start(config: GPTConfig, device, dtype, training: TrainingRows, run: Run) -> str:
    """What is about to be trained on what."""
    rows = len(training.rows)
    filled = sum(end - start for row in training.rows for start, end in row) / (rows * (config.block_size + 1))
    end = f"{run.max_minutes:g} minutes" if run.max_minutes else f"step {run.max_steps:,}"
    return (
        f"{config.parameter_count():,} parameters on {device} in {str(dtype).removeprefix('torch.')}; "
        f"{len(training.samples) - 1:,} samples in {rows:,} rows of {config.block_size} tokens, {filled:.0%} filled; "
        f"from step {run.step:,} to {end}"
    )


def describe_plan(config: GPTConfig, run: Run, training: TrainingRows, batch_size: int) -> str:
    """The plan in plain words, once a few steps have shown the speed; with a warning where one is due."""
    steps = run.expected_steps()
    speed = run.tokens_per_second()
    tokens = int(training.samples[-1])
    epochs = steps * batch_size / len(training.rows)
    seconds_left = run.seconds_left()
    end = time.strftime(
        "%H:%M" if seconds_left < 20 * 3600 else "%d %b %H:%M", time.localtime(time.time() + seconds_left)
    )
    lines = [
        f"plan: {config.parameter_count() / 1e6:.1f} million parameters learn from {tokens / 1e6:.1f} million tokens, "
        f"{epochs:.1f} times over ({steps:,} steps); {speed:,.0f} tokens/s, {describe_time(seconds_left)} left, "
        f"until about {end}"
    ]
    lines += advise(config.parameter_count(), tokens, epochs)
    return "\n".join(lines)


def describe_time(seconds: float) -> str:
    """90 -> "2 minutes", 9000 -> "2.5 hours"."""
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} minute{'s' if seconds >= 90 else ''}"
    return f"{seconds / 3600:.1f} hours" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def advise(parameters: int, tokens: int, epochs: float) -> list[str]:
    """A warning, with what to change, when model, text and length of the run are far apart."""
    if epochs > MANY_EPOCHS:
        return [
            f"  {epochs:.0f} times over the same text is more than helps (about {MANY_EPOCHS} at most): lower "
            "MAX_STEPS or MAX_MINUTES, or give more text; best.pt keeps the best model on the way"
        ]
    if parameters > MANY_PARAMETERS * tokens and epochs > 2:
        return [
            f"  {parameters / tokens:.0f} parameters for each token of text: from about the second time over it, the "
            "model rather learns the text by heart, which suits answers from that text; best.pt keeps the one that "
            "suits new text best, and more text or a smaller model (N_LAYER, N_EMBD) would help both"
        ]
    if tokens * epochs > MANY_TOKENS * parameters:
        return [
            f"  {tokens * epochs / parameters:.0f} tokens of training for each parameter: a larger model (N_LAYER, "
            "N_EMBD) would learn more in that time"
        ]
    if epochs < 0.5:
        return [
            f"  the run ends after {epochs:.0%} of the text: raise MAX_STEPS, or take a smaller model, which reads "
            "more of it in the same time"
        ]
    return []
