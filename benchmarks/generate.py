"""How fast are answers written? Ours, without a cache, by transformers, and many at once; and what the memory allows.

    python benchmarks/generate.py checkpoints/ckpt.pt

Greedy, 256 tokens after a prompt of 256, in fp32, the same weights for all. The limit is how often per second
the machine can read the weights that a token needs, at the bandwidth measured here with a product of a large
matrix and a vector. The contestants take turns, and the best of their rounds counts.
Needs: pip install transformers
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gpt.checkpoint import load_checkpoint, model_from  # noqa: E402
from gpt.generation import END, Prompt, generate_all  # noqa: E402
from gpt.model import GPT  # noqa: E402
from gpt.sampling import SamplingSettings  # noqa: E402

import torch  # noqa: E402

PROMPT_TOKENS = 256
NEW_TOKENS = 256
ROUNDS = 3
GREEDY = SamplingSettings(temperature=0.0)
MATRIX_BYTES = 1 << 29  # of the matrix that the bandwidth is measured with: far more than any cache holds


@dataclass
class Timing:
    """Seconds until the first token, and tokens of all texts per second after it; the best of all rounds."""

    first: float = float("inf")
    tokens_per_second: float = 0.0

    def add(self, first: float, tokens: int, seconds: float) -> None:
        self.first = min(self.first, first)
        self.tokens_per_second = max(self.tokens_per_second, tokens / seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--rows", type=int, default=16, help="texts written at once")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    model = model_from(load_checkpoint(options.checkpoint))
    prompt = torch.randint(20, model.config.vocab_size, (PROMPT_TOKENS,), generator=torch.Generator().manual_seed(0))
    writers: dict[str, Callable[[list[int]], tuple[float, int, float]]] = {
        "ours": lambda prompt: write(model, prompt, 1),
        "ours, no cache": lambda prompt: write_without_cache(model, prompt),
        "transformers": transformers_writer(model),
        f"ours, {options.rows} at once": lambda prompt: write(model, prompt, options.rows),
    }
    timings = {name: Timing() for name in writers}
    for _ in range(options.rounds):
        for name, writer in writers.items():
            timings[name].add(*writer(prompt.tolist()))
    print_timings(model, timings)


def write(model: GPT, prompt: list[int], rows: int) -> tuple[float, int, float]:
    """Seconds until the first token, further tokens, and their seconds."""
    started = time.perf_counter()
    first = 0.0
    tokens = 0
    for _, token in generate_all(model, [Prompt(prompt)] * rows, rows, NEW_TOKENS, (), GREEDY, seed=0):
        tokens += token != END
        if tokens == rows and not first:
            first = time.perf_counter() - started
    return first, tokens - rows, time.perf_counter() - started - first


@torch.inference_mode()
def write_without_cache(model: GPT, prompt: list[int]) -> tuple[float, int, float]:
    """The plainest way: the whole text goes through the model for each token."""
    started = time.perf_counter()
    text, first = list(prompt), 0.0
    for _ in range(NEW_TOKENS):
        hidden = model.hidden_states(torch.tensor([text]))[:, -1]
        text.append(int(model.head(hidden).argmax()))
        first = first or time.perf_counter() - started
    return first, NEW_TOKENS - 1, time.perf_counter() - started - first


def transformers_writer(model: GPT) -> Callable[[list[int]], tuple[float, int, float]]:
    """The same weights in transformers' model, which is given out token by token by a streamer."""
    try:
        from transformers import Qwen3Config, Qwen3ForCausalLM
    except ImportError:
        sys.exit("transformers is missing; run: pip install transformers")
    from gpt.huggingface import CONFIG_NAMES, rename_weights

    shape = {theirs: getattr(model.config, ours) for ours, theirs in CONFIG_NAMES.items()}
    theirs = Qwen3ForCausalLM(Qwen3Config(**shape, attention_bias=False)).eval()
    theirs.load_state_dict(rename_weights(model.state_dict(), model.config), strict=not model.config.tie_embeddings)

    class Clock:
        def __init__(self):
            self.times: list[float] = []

        def put(self, _):
            self.times.append(time.perf_counter())

        def end(self):
            pass

    def write_by_transformers(prompt: list[int]) -> tuple[float, int, float]:
        clock = Clock()
        started = time.perf_counter()
        theirs.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.int64),
            max_new_tokens=NEW_TOKENS,
            min_new_tokens=NEW_TOKENS,
            do_sample=False,
            streamer=clock,
        )
        _, first, *rest = clock.times  # the prompt is put out first
        return first - started, len(rest), rest[-1] - first

    return write_by_transformers


def bytes_per_second() -> float:
    """How fast this machine reads a matrix that no cache holds."""
    matrix = torch.randn(MATRIX_BYTES // 4 // 1024, 1024)
    vector = torch.randn(1024)
    best = float("inf")
    for _ in range(10):
        started = time.perf_counter()
        matrix @ vector
        best = min(best, time.perf_counter() - started)
    return MATRIX_BYTES / best


def print_timings(model: GPT, timings: dict[str, Timing]) -> None:
    # The embedding is looked up, one row a token; all else is read whole.
    parameters = model.config.parameter_count()
    if not model.config.tie_embeddings:
        parameters -= model.embedding.weight.numel()
    bandwidth = bytes_per_second()
    limit = bandwidth / (4 * parameters)
    ours = timings["ours"].tokens_per_second
    print(f"{'':20} tokens/s   ours is   first token")
    for name, timing in timings.items():
        ratio = f"{ours / timing.tokens_per_second:.2f} times"
        print(f"{name:20} {timing.tokens_per_second:8,.1f}   {ratio:>10}   {timing.first * 1000:6.0f} ms")
    print(
        f"limit {limit:,.1f} tokens/s: {4 * parameters / 1e6:,.0f} MB of weights for a token at "
        f"{bandwidth / 1e9:.1f} GB/s; ours reaches {ours / limit:.0%} of it"
    )


if __name__ == "__main__":
    main()
