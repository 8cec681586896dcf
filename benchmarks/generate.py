"""How fast are answers written? By ours, without a cache, by transformers and llama.cpp, and many at once.

    python -m benchmarks.generate checkpoints/ckpt.pt
    python -m benchmarks.generate checkpoints/ckpt.pt --val-bin data/val.bin     # also answers from held-out documents

Greedy, 256 tokens after a prompt of 256, in fp32, the same weights for all, as export.py writes them; also ours in
int8, and what that costs in bits per byte. Answers quote their document, so that guesses save passes: with a validation
set, the answers to its first questions are timed as well, with guesses and without. The limit
is how often per second the machine can read the weights that a token needs, at the bandwidth measured here with the
sum of half a gigabyte of numbers. The contestants take turns, and the best of their rounds counts.
Needs: pip install transformers safetensors; for llama.cpp also gguf and llama-cpp-python
"""

import argparse
import importlib
import importlib.util
import math
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from corpus.template import BOS, DOC, Template, marker_id
from export import write_export
from gpt.checkpoint import Checkpoint, load_checkpoint, model_from
from gpt.decoding_weights import DecodingWeights
from gpt.formats.gguf import FILE
from gpt.generation import END, READ_AHEAD, Prompt, generate_all
from gpt.model import GPT
from gpt.sampling import SamplingSettings
from gpt.token_file import read_token_file
from gpt.training.batches import find_samples

import torch
from tokenizers import Tokenizer

step_04 = importlib.import_module("04_train_gpt_from_scratch")

PROMPT_TOKENS = 256
NEW_TOKENS = 256
ROUNDS = 3
ANSWERS = 12
ROWS_OF_LOSS, BLOCK_OF_LOSS = 24, 512
GREEDY = SamplingSettings(temperature=0.0)
NUMBERS = 1 << 27  # that the bandwidth is measured with: far more than any cache holds


Result = tuple[float, int, float]  # seconds until the first token, further tokens, their seconds
Writer = Callable[[list[int]], Result]


@dataclass
class Timing:
    """Seconds until the first token, and tokens of all texts per second after it; the best of all rounds."""

    first: float = float("inf")
    tokens_per_second: float = 0.0

    def add(self, first: float, tokens: int, seconds: float) -> None:
        self.first = min(self.first, first)
        self.tokens_per_second = max(self.tokens_per_second, tokens / seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--rows", type=int, default=16, help="texts written at once")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--val-bin", type=Path, help="made by step 03; also time answers from its documents")
    options = parser.parse_args()
    checkpoint = load_checkpoint(options.checkpoint)
    model, in_int8 = model_from(checkpoint), model_from(checkpoint)
    model.prepare_for_decoding()
    in_int8.prepare_for_decoding("int8")
    prompt = torch.randint(20, model.config.vocab_size, (PROMPT_TOKENS,), generator=torch.Generator().manual_seed(0))
    writers: dict[str, Writer] = {
        "ours": lambda prompt: write(model, prompt, 1),
        "ours, no cache": lambda prompt: write_without_cache(model, prompt),
        "transformers": transformers_writer(checkpoint),
        f"ours, {options.rows} at once": lambda prompt: write(model, prompt, options.rows),
        "ours, int8": lambda prompt: write(in_int8, prompt, 1),
    }
    if importlib.util.find_spec("llama_cpp"):
        writers["llama.cpp"] = llama_writer(checkpoint)
    else:
        print("llama.cpp is not installed; to include it, run: pip install gguf llama-cpp-python")
    timings = {name: Timing() for name in writers}
    for _ in range(options.rounds):
        for name, writer in writers.items():
            timings[name].add(*writer(prompt.tolist()))
    print_timings(model, timings)
    if options.val_bin:
        time_answers(model, in_int8, writers["transformers"], answer_prompts(checkpoint, options.val_bin))
        print(f"int8 costs {cost_of_int8(checkpoint, options.val_bin):+.4f} bits per byte of the validation set")


def write(model: GPT, prompt: list[int], rows: int, read_ahead: int = 0) -> Result:
    started = time.perf_counter()
    first = 0.0
    tokens = 0
    prompts = [Prompt(prompt, GREEDY, seed=0, max_new_tokens=NEW_TOKENS)] * rows
    for _, token in generate_all(model, prompts, rows, (), read_ahead):
        tokens += token != END
        if tokens == rows and not first:
            first = time.perf_counter() - started
    return first, tokens - rows, time.perf_counter() - started - first


@torch.inference_mode()
def write_without_cache(model: GPT, prompt: list[int]) -> Result:
    """The plainest way: the whole text goes through the model for each token."""
    started = time.perf_counter()
    text, first = list(prompt), 0.0
    for _ in range(NEW_TOKENS):
        hidden = model.hidden_states(torch.tensor([text]))[:, -1]
        text.append(int(model.head(hidden).argmax()))
        first = first or time.perf_counter() - started
    return first, NEW_TOKENS - 1, time.perf_counter() - started - first


def answer_prompts(checkpoint: Checkpoint, val_bin: Path) -> list[list[int]]:
    """The first questions of a validation set with their documents, up to where the answer begins."""
    _, tokens = read_token_file(str(val_bin))
    tokenizer = Tokenizer.from_str(checkpoint["tokenizer"])
    start = tokenizer.encode(Template(**checkpoint["template"]).answer_start.strip()).ids[0]
    document = marker_id(tokenizer, DOC)
    samples = find_samples(tokens, marker_id(tokenizer, BOS))
    prompts = []
    for begin, end in pairwise(samples.tolist()):
        sample = tokens[begin:end].tolist()
        length = sample.index(start) + 1 if start in sample else 0
        if document in sample[:length] and length + NEW_TOKENS < checkpoint["config"]["block_size"]:
            prompts.append(sample[:length])
    return prompts[:ANSWERS]


def time_answers(model: GPT, in_int8: GPT, transformers: Writer, prompts: list[list[int]]) -> None:
    """Print the tokens per second of the answers to all prompts, after the first token of each."""
    writers: dict[str, Writer] = {
        "with guesses": lambda prompt: write(model, prompt, 1, READ_AHEAD),
        "without": lambda prompt: write(model, prompt, 1),
        "int8, with guesses": lambda prompt: write(in_int8, prompt, 1, READ_AHEAD),
        "transformers": transformers,
    }
    results: dict[str, list[Result]] = {name: [] for name in writers}
    for prompt in prompts:
        for name, writer in writers.items():
            results[name].append(writer(prompt))
    print(f"\nanswers to {len(prompts)} questions with their documents, {NEW_TOKENS} tokens each:")
    for name, measured in results.items():
        speed = sum(tokens for _, tokens, _ in measured) / sum(seconds for _, _, seconds in measured)
        print(f"{name:20} {speed:8,.1f} tokens/s")


@torch.inference_mode()
def cost_of_int8(checkpoint: Checkpoint, val_bin: Path) -> float:
    """Bits per byte that a validation set costs more with weights in 8 bits than in fp32, on its first rows."""
    _, tokens = read_token_file(str(val_bin))
    tokenizer = Tokenizer.from_str(checkpoint["tokenizer"])
    token_bytes = step_04.count_token_bytes(tokenizer)
    nats = []
    for in_int8 in (False, True):
        model = model_from(checkpoint)
        if in_int8:
            round_weights(model)
        total, size = 0.0, 0
        for start in range(0, ROWS_OF_LOSS * BLOCK_OF_LOSS, BLOCK_OF_LOSS):
            row = torch.from_numpy(tokens[start : start + BLOCK_OF_LOSS + 1].astype("int64"))
            logits = model(row[None, :-1])[0]
            total += torch.nn.functional.cross_entropy(logits, row[1:], reduction="sum").item()
            size += int(token_bytes[row[1:]].sum())
        nats.append(total / size)
    return (nats[1] - nats[0]) / math.log(2)


def round_weights(model: GPT) -> None:
    """Give every matrix but the embedding the values that it has in 8 bits."""
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2 and name != "embedding.weight":
            weights = DecodingWeights.of(parameter.detach(), "int8", {})
            assert weights.int8 is not None and weights.scales is not None
            parameter.copy_(weights.int8 * weights.scales.float()[:, None])


def transformers_writer(checkpoint: Checkpoint) -> Writer:
    """The exported model in transformers, which hands over each token when it is there."""
    try:
        from transformers import AutoModelForCausalLM
    except ImportError:
        sys.exit("transformers is missing; run: pip install transformers safetensors")
    with tempfile.TemporaryDirectory() as folder:
        write_export(Path(folder), checkpoint, "hf", "fp32", "benchmark", GREEDY)
        model = AutoModelForCausalLM.from_pretrained(folder)
        model.train(False)
    model.generation_config.eos_token_id = None  # all write the same number of tokens

    class Clock:
        def __init__(self) -> None:
            self.times: list[float] = []

        def put(self, _: object) -> None:
            self.times.append(time.perf_counter())

        def end(self) -> None:
            pass

    def write_by_transformers(prompt: list[int]) -> Result:
        clock = Clock()
        started = time.perf_counter()
        tokens = torch.tensor([prompt])
        mask = torch.ones_like(tokens)
        length = len(prompt) + NEW_TOKENS
        model.generate(tokens, attention_mask=mask, max_length=length, do_sample=False, streamer=clock)
        _, first, *rest = clock.times  # the prompt is put out first
        return first - started, len(rest), rest[-1] - first

    return write_by_transformers


def llama_writer(checkpoint: Checkpoint) -> Writer:
    """The exported model in llama.cpp."""
    import llama_cpp

    folder = Path(tempfile.mkdtemp())
    write_export(folder, checkpoint, "gguf", "fp32", "benchmark", GREEDY)
    length = checkpoint["config"]["block_size"]
    model = llama_cpp.Llama(str(folder / FILE), verbose=False, n_ctx=length, n_threads=torch.get_num_threads())

    def write_by_llama(prompt: list[int]) -> Result:
        model.reset()
        started = time.perf_counter()
        times: list[float] = []
        for _ in model.generate(prompt, temp=0.0, repeat_penalty=1.0):
            times.append(time.perf_counter())
            if len(times) == NEW_TOKENS:
                break
        return times[0] - started, len(times) - 1, times[-1] - times[0]

    return write_by_llama


def bytes_per_second() -> float:
    """How fast this machine reads numbers that no cache holds, on all its cores."""
    numbers = torch.randn(NUMBERS)
    best = float("inf")
    for _ in range(10):
        started = time.perf_counter()
        numbers.sum()
        best = min(best, time.perf_counter() - started)
    return 4 * NUMBERS / best


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
