"""What several lessons need: the tokens of the user's text, the measure of step 04, tables and pictures."""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pipeline
from corpus.template import BOS, DOC, END_DOC, PAD, Template, marker_id
from gpt.device import autocast
from gpt.model import GPT
from gpt.token_file import read_token_file
from gpt.training.batches import IGNORED, Array, Batch, TrainingRows, count_tokens, find_samples, validation_batches
from gpt.training.curves import Axis, Points
from gpt.training.evaluation import Loss
from gpt.training.kinds import KINDS, SampleMarkers
from gpt.training.loss import token_losses
from gpt.training.optimizer import LearningRates
from gpt.training.start import initialize
from gpt.training.svg import LARGE, MARGIN, PLOT_HEIGHT, QUIET, SMALL, Plot, draw_line, draw_svg, draw_text
from gpt.training.trainer import Trainer

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

COLORS = ("#1f6fb2", "#c8501e", "#2e8540", "#8a3ab9", "#7a6a00", "#595959")
ROWS_AT_ONCE = 4

# Inputs and targets, (rows, T) each -> the loss of each target in nats, (rows, T).
Score = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Text:
    """The user's text as steps 02 and 03 have left it."""

    tokenizer: Tokenizer
    train: Array  # token ids, one sample after another
    validation: Array
    token_bytes: Tensor  # bytes of text that each token stands for, (V,); 0 for a marker
    markers: SampleMarkers

    @property
    def vocab_size(self) -> int:
        """The number of tokens that the tokenizer knows."""
        return len(self.token_bytes)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, markers included."""
        text: str = self.tokenizer.decode(list(tokens), skip_special_tokens=False)
        return text

    def training_rows(self, block_size: int, seed: int) -> TrainingRows:
        """The stream of rows that step 04 trains on."""
        bos, pad = marker_id(self.tokenizer, BOS), marker_id(self.tokenizer, PAD)
        return TrainingRows(self.train, find_samples(self.train, bos), block_size, pad, seed)

    def validation_batches(self, block_size: int) -> Iterator[Batch]:
        """All of val.bin in the rows that step 04 measures."""
        bos, pad = marker_id(self.tokenizer, BOS), marker_id(self.tokenizer, PAD)
        samples = find_samples(self.validation, bos)
        return validation_batches(self.validation, samples, block_size, pad, ROWS_AT_ONCE)

    def measure(self, score: Score, block_size: int) -> Loss:
        """The loss on val.bin: of the same targets, and so of the same bytes, as in step 04."""
        return self.measure_by_kind(score, block_size)["all"]

    def measure_by_kind(self, score: Score, block_size: int) -> dict[str, Loss]:
        """The loss on val.bin of each of KINDS, and of "all"."""
        losses = dict.fromkeys((*KINDS, "all"), Loss())
        for inputs, targets in self.validation_batches(block_size):
            nats, kinds, counted = score(inputs, targets), self.markers.kinds_of(inputs), targets != IGNORED
            chosen = {kind: counted & (kinds == number) for number, kind in enumerate(KINDS)} | {"all": counted}
            for kind, those in chosen.items():
                text_bytes = int(self.token_bytes[targets[those]].sum())
                losses[kind] = losses[kind].plus(Loss(nats[those].double().sum().item(), int(those.sum()), text_bytes))
        return losses


def read_text(train_bin: str, val_bin: str, tokenizer_path: str) -> Text:
    """The files of steps 02 and 03. Raises StepError where one is missing."""
    header, train = read_token_file(train_bin)
    _, validation = read_token_file(val_bin)
    tokenizer, template = read_tokenizer(tokenizer_path), Template.of_style(header.style)
    names = (BOS, DOC, END_DOC, template.answer_start.strip(), template.answer_end.strip())
    markers = SampleMarkers(*(marker_id(tokenizer, name) for name in names))
    step_04 = importlib.import_module("04_train_gpt_from_scratch")
    return Text(tokenizer, train, validation, step_04.count_token_bytes(tokenizer), markers)


def read_tokenizer(path: str) -> Tokenizer:
    """The tokenizer of step 02. Raises StepError where it is missing."""
    if not Path(path).is_file():
        raise pipeline.StepError(f"{path}: file not found; run: {pipeline.command('02_train_tokenizer.py')}")
    return Tokenizer.from_file(path)


def score_of(model: GPT, dtype: torch.dtype) -> Score:
    """The losses of a GPT, as a function."""
    return partial(_score, model, dtype)


@torch.no_grad()
def _score(model: GPT, dtype: torch.dtype, inputs: Tensor, targets: Tensor) -> Tensor:
    device = model.embedding.weight.device
    with autocast(device, dtype):
        hidden = model.hidden_states(inputs.to(device)).flatten(0, 1)  # (N, C)
    return token_losses(hidden, model.head.weight, targets.flatten().to(device), dtype).cpu().view_as(targets)


def new_trainer(model: GPT, dtype: torch.dtype) -> Trainer:
    """What trains a model as step 04 does, with the rates at the top of it."""
    step_04 = importlib.import_module("04_train_gpt_from_scratch")
    rates = LearningRates(
        step_04.MATRIX_RATE, step_04.EMBEDDING_RATE, step_04.HEAD_RATE, step_04.NORM_RATE, step_04.WEIGHT_DECAY
    )
    return Trainer(model, rates, dtype, ROWS_AT_ONCE, step_04.MAX_GRADIENT_NORM, step_04.AVERAGE_SPAN)


def start_as_step_04(model: GPT, text: Text, with_pairs: bool = True, with_copying: bool = True) -> None:
    """Give a new model its first weights: pair counts and heads that copy, or the counts of single tokens alone."""
    counts = torch.from_numpy(count_tokens(text.train, text.vocab_size))
    initialize(model, text.train, counts, marker_id(text.tokenizer, BOS), with_pairs, with_copying)


# --- What a lesson prints ---


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table in Markdown."""
    print()
    for row in (header, ["---"] * len(header), *rows):
        print("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", "⏎") for cell in row) + " |")
    print()


def save_picture(path: str, title: str, svg: str) -> None:
    """Write a picture, and print the Markdown that shows it in a file of the folder above."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with pipeline.atomic_write(path) as file:
        file.write(svg)
    print(f"![{title}]({Path(path).parent.name}/{Path(path).name})\n")


def draw_curves(title: str, x_caption: str, curves: Mapping[str, Points]) -> str:
    """A chart of several curves in one plot, with their names below it; a curve of one point is a dot."""
    points = [point for curve in curves.values() for point in curve]
    values = [y for _, y in points]
    axis = Axis("steps", [[{"step": max(x for x, _ in points)}]])
    plot = Plot(60, axis, (min(values), max(values)))
    elements = [draw_text(MARGIN, 36, title, size=LARGE, weight=600), *plot.axes(x_caption)]
    top = 60 + PLOT_HEIGHT + 84
    for number, (name, curve) in enumerate(curves.items()):
        color = COLORS[number % len(COLORS)]
        elements.append(plot.curve(curve, color, 2.5))
        elements += [plot.dot(point, 3, color, color) for point in curve]
        elements.append(draw_line(MARGIN, top + 24 * number - 5, MARGIN + 24, top + 24 * number - 5, color, 3))
        elements.append(draw_text(MARGIN + 34, top + 24 * number, name, QUIET, size=SMALL))
    return draw_svg(top + 24 * len(curves), title, elements)


def as_array(tokens: Array, most: int) -> Array:
    """The first `most` tokens (0: all) in memory, as int64."""
    return np.asarray(tokens[: most or None], dtype=np.int64)
