"""Lesson 3: a recurrent network, which reads the text token by token and keeps all that it knows in one vector.

An n-gram forgets everything beyond its few tokens. A recurrent network has no such limit: its state h, a vector of
fixed size, is renewed by each token x, and the next token is predicted from it. Elman's network (1990) renews it by

    h' = tanh(W x + U h + b)

The whole state is overwritten at every token, and a gradient that flows back through T tokens is multiplied T times by
U, so it vanishes or explodes (Bengio et al., 1994). The gated recurrent unit (Cho et al., 2014) lets each number of the
state decide how much of it stays:

    r, z = sigmoid(…), sigmoid(…)        reset gate, update gate
    n    = tanh(W x + r * (U h) + b)     the new content
    h'   = (1 - z) * n + z * h

Both have to press a whole document into one vector. The table by distance shows what that costs: the gain that a pair
of tokens brings because it stood in the text before.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pipeline
from gpt.checkpoint import load_checkpoint, model_from
from gpt.training.batches import IGNORED, TrainingRows
from gpt.training.loss import next_token_loss, token_losses
from lessons.count_model import CountModel
from lessons.shared import Score, Text, as_array, draw_curves, print_table, read_text, save_picture, score_of
from pipeline import setting
from pipeline.progress import progress_bar

import torch
import torch.nn as nn
from torch import Tensor

TRAIN_BIN = "data/train.bin"  # made by step 03
VAL_BIN = "data/val.bin"  # made by step 03
TOKENIZER_PATH = "data/tokenizer.json"  # made by step 02
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04, to compare with
BLOCK_SIZE = 1024  # tokens of a row, as in step 04
WIDTH = 256  # numbers of the embedding and of the state
ROWS = 8  # texts that are read side by side
PIECE = 128  # tokens between two updates; gradients flow back no further, but the state goes on
RATE = 0.003  # learning rate of AdamW at the start; it falls linearly to zero
SECONDS = 35.0  # of training for each of the two networks
COUNTED_TOKENS = 5_000_000  # of the training text, for the n-grams to compare with
SEED = 1337
PICTURE_PATH = "lessons/pictures/rnn_model.svg"

DISTANCES = (8, 32, 128, 512, BLOCK_SIZE)  # the upper ends of the classes of distance


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    train_bin: str
    val_bin: str
    tokenizer_path: str
    checkpoint_path: str
    block_size: int = setting(least=2)
    width: int = setting(least=1)
    rows: int = setting(least=1)
    piece: int = setting(least=1)
    rate: float = setting(above=0)
    seconds: float = setting(above=0)
    counted_tokens: int = setting(least=0)
    seed: int = setting(least=0)
    picture_path: str


class RecurrentModel(nn.Module):
    """Embedding, a layer of recurrent cells, head."""

    def __init__(self, kind: Literal["Elman", "GRU"], vocab_size: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, width)
        self.cells = (nn.RNN if kind == "Elman" else nn.GRU)(width, width, batch_first=True)
        self.head = nn.Linear(width, vocab_size, bias=False)
        nn.init.zeros_(self.head.weight)  # at first all tokens are equally likely

    def forward(self, tokens: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The state after each of tokens (B, T), (B, T, C), and the last one, (1, B, C), to go on with."""
        states, last = self.cells(self.embedding(tokens), state)
        return states, last

    @torch.no_grad()
    def score(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """The loss in nats of targets (B, T), which follow inputs (B, T)."""
        states, _ = self(inputs)
        return token_losses(states.flatten(0, 1), self.head.weight, targets.flatten(), torch.float32).view_as(targets)


def step_by_hand(cells: nn.RNN | nn.GRU, x: Tensor, h: Tensor) -> Tensor:
    """The state (B, C) after the state h (B, C) and a token x (B, C), by the formulas above."""
    weights = dict(cells.named_parameters())
    of_x = x @ weights["weight_ih_l0"].t() + weights["bias_ih_l0"]  # (B, C), of a GRU (B, 3 C): reset, update, new
    of_h = h @ weights["weight_hh_l0"].t() + weights["bias_hh_l0"]
    if isinstance(cells, nn.RNN):
        return torch.tanh(of_x + of_h)
    (reset_x, update_x, new_x), (reset_h, update_h, new_h) = of_x.chunk(3, dim=-1), of_h.chunk(3, dim=-1)
    r, z = torch.sigmoid(reset_x + reset_h), torch.sigmoid(update_x + update_h)
    return (1 - z) * torch.tanh(new_x + r * new_h) + z * h


def train(model: RecurrentModel, rows: TrainingRows, seconds: float, rate: float, batch_size: int, piece: int) -> int:
    """Train for so many seconds; return the number of tokens that were read."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0)
    started, read = time.perf_counter(), 0
    with progress_bar("train", unit="tokens") as bar:
        while (spent := time.perf_counter() - started) < seconds:
            inputs, targets = rows.next_batch(batch_size)
            state = None
            for tokens, wanted in zip(inputs.split(piece, 1), targets.split(piece, 1), strict=True):
                count = int((wanted != IGNORED).sum())
                if not count:
                    break  # only padding is left
                states, state = model(tokens, state)
                state = state.detach()  # truncated backpropagation through time
                (next_token_loss(states, model.head.weight, wanted, torch.float32) / count).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # of an exploding gradient only the direction counts
                optimizer.param_groups[0]["lr"] = rate * (1 - spent / seconds)
                optimizer.step()
                optimizer.zero_grad()
                read += count
            bar.update(int((targets != IGNORED).sum()))
    return read


def distances_of(inputs: Tensor, targets: Tensor) -> Tensor:
    """How many tokens ago each pair (input, target) last ended in its row, (B, T); 0 where it has not occurred."""
    distances = torch.zeros_like(targets)
    for row, pairs in enumerate(zip(inputs.tolist(), targets.tolist(), strict=True)):
        last: dict[tuple[int, int], int] = {}
        for at, pair in enumerate(zip(*pairs, strict=True)):
            if pair in last:
                distances[row, at] = at - last[pair]
            last[pair] = at
    return distances


def loss_by_distance(
    text: Text, scores: Mapping[str, Score], block_size: int
) -> tuple[list[int], dict[str, list[float]]]:
    """The tokens of each class of distance, first those of new pairs; and their mean loss, in nats, by each model."""
    classes: list[Tensor] = []
    losses: dict[str, list[Tensor]] = {name: [] for name in scores}
    for inputs, targets in text.validation_batches(block_size):
        counted = targets != IGNORED
        classes.append(torch.bucketize(distances_of(inputs, targets)[counted], torch.tensor([0, *DISTANCES])))
        for name, score in scores.items():
            losses[name].append(score(inputs, targets)[counted].double())
    number, size = torch.cat(classes), len(DISTANCES) + 1
    counts = number.bincount(minlength=size)
    means = {name: (number.bincount(torch.cat(parts), size) / counts).tolist() for name, parts in losses.items()}
    return counts.tolist(), means


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    text = read_text(settings.train_bin, settings.val_bin, settings.tokenizer_path)
    gpt = model_from(load_checkpoint(settings.checkpoint_path))
    counts = CountModel(as_array(text.train, settings.counted_tokens), text.vocab_size, 5, 0.75)
    scores: dict[str, Score] = {"5-gram": counts.score}
    rows = [("5-gram", "–", "–", f"{text.measure(counts.score, settings.block_size).bits_per_byte:.3f}")]
    for kind in ("Elman", "GRU"):
        torch.manual_seed(settings.seed)
        model = RecurrentModel(kind, text.vocab_size, settings.width)
        rows_read = text.training_rows(settings.block_size, settings.seed)
        read = train(model, rows_read, settings.seconds, settings.rate, settings.rows, settings.piece)
        bits = text.measure(model.score, settings.block_size).bits_per_byte
        rows.append((kind, f"{sum(p.numel() for p in model.parameters()):,}", f"{read:,}", f"{bits:.3f}"))
        scores[kind] = model.score
    scores["your GPT"] = score_of(gpt, torch.float32)
    gpt_bits = text.measure(scores["your GPT"], settings.block_size).bits_per_byte
    rows.append(("your GPT", f"{gpt.config.parameter_count():,}", "(step 04)", f"{gpt_bits:.3f}"))
    print(f"{settings.seconds:.0f} seconds of training for each network; bits per byte of `{settings.val_bin}`.")
    print_table(("model", "parameters", "tokens read", "bits per byte"), rows)
    show_distances(text, scores, settings)


def show_distances(text: Text, scores: Mapping[str, Score], settings: Settings) -> None:
    """How well each model predicts the second token of a pair, by how long ago the pair has occurred."""
    counts, means = loss_by_distance(text, scores, settings.block_size)
    print("The loss of a token, in nats, by how long ago the same two tokens last stood in the row:")
    names = ["never"] + [f"{low + 1}–{high}" for low, high in zip((0, *DISTANCES), DISTANCES, strict=False)]
    rows = [
        (name, f"{count:,}", *(f"{mean[number]:.2f}" if count else "–" for mean in means.values()))
        for number, (name, count) in enumerate(zip(names, counts, strict=True))
    ]
    print_table(("tokens ago", "tokens", *scores), rows)
    curves = {
        name: [(float(number), mean[number]) for number in range(1, len(names)) if counts[number]]
        for name, mean in means.items()
    }
    title = "Loss (nats) of what has occurred before, by distance"
    caption = "class of distance: " + ", ".join(f"{number} = {name}" for number, name in enumerate(names) if number)
    save_picture(settings.picture_path, title, draw_curves(title, caption, curves))


if __name__ == "__main__":
    pipeline.run(main)
