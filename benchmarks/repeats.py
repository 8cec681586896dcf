"""What is repeated training on a text worth? The same number of steps on all of it, a quarter, a sixteenth.

    python -m benchmarks.repeats raw.txt
    python -m benchmarks.repeats raw.txt --n-layer 2 --n-embd 128      # a smaller model
    python -m benchmarks.repeats raw.txt --dropout 0.1

Each run sees as many tokens as the others, those of a smaller text more often, and is measured on the same
held-out text: how much worse it ends shows what repeats are worth. It uses the Trainer and the settings of step 04.
Needs: pip install transformers matplotlib (as race.py does)
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.race import BATCH_OF_STEP_04, add_model_flags, bits_per_byte, build_ours, encode_text, step_04
from pipeline.progress import progress_bar

import torch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path)
    parser.add_argument("--epochs", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--steps", type=int, default=300)
    add_model_flags(parser)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.set_defaults(seconds=60.0)
    options = parser.parse_args()
    text = encode_text(options.raw, options.vocab_size)
    tokens = options.steps * (step_04.BATCH_SIZE or BATCH_OF_STEP_04) * options.block_size
    if tokens > len(text.train):
        sys.exit(f"{options.raw}: it has {len(text.train):,} of the {tokens:,} tokens of an epoch; lower --steps")
    print(f"{'epochs':>6} {'tokens of text':>14} {'bits per byte':>14}")
    for epochs in options.epochs:
        torch.manual_seed(0)
        contestant = build_ours(replace(text, train=text.train[: tokens // epochs + 1]), options)
        with progress_bar(f"{epochs} epochs", options.steps, unit="step", leave=False) as bar:
            for step in range(options.steps):
                contestant.step(step, step / options.steps)
                bar.update()
        bits = bits_per_byte(contestant, text, options.block_size)
        print(f"{epochs:6} {tokens // epochs:14,} {bits:14.4f}", flush=True)


if __name__ == "__main__":
    main()
