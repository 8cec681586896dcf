"""Lesson 13: what is a post about? Five ways to sort short texts into eight topics.

lessons/data/topics.tsv holds some four hundred short texts with their topics, written for this lesson. Each of FOLDS
parts of them is sorted once, by models that have learned from the others, so that every text counts:

    counts      logistic regression on how often each pair of letters occurs
    CNN         filters over two to four tokens, of which the strongest match counts (Kim, 2014)
    last layer  your model stays as it is; only a matrix from its vectors to topics learns
    all layers  the whole model learns along (Howard and Ruder, 2018)
    LoRA        the model is frozen, and thin matrices beside its own learn (Hu et al., 2021)
    as text     the model goes on after "주제:" and the most probable topic is taken: no new parameters at all

With few texts, the counts are hard to beat: topics have words of their own, and a matrix of counts has nothing else
to learn. What a language model adds is what it has learned from text without topics, so it gains with the size of
your text and the time of its training: a model of two minutes and 280 KB knows little that helps here.
"""

import copy
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import pipeline
from corpus.template import BOS, PAD, marker_id
from gpt.checkpoint import load_checkpoint, model_from
from gpt.model import GPT
from gpt.training.answers import Example, log_probabilities, make_batch
from gpt.training.lora import add_adapters
from pipeline import setting
from pipeline.progress import progress_bar

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

TOPICS_PATH = "lessons/data/topics.tsv"  # a topic, a tab and a text in each line
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04
FOLDS = 3  # parts of the texts: each is sorted by models that have learned from the others
EPOCHS = 6  # times that each model sees its texts
BATCH = 16  # texts in each update
RATE = 2e-3  # learning rate of AdamW for what is new: CNN, LoRA
FULL_RATE = 3e-4  # for the whole model
RANK = 8  # of the matrices of LoRA
SEED = 1337  # of the folds, the order and the first weights

ASK = "\n주제:"


@dataclass(frozen=True)
class Settings:
    """The constants above, with their types and ranges."""

    topics_path: str
    checkpoint_path: str
    folds: int = setting(least=2)
    epochs: int = setting(least=1)
    batch: int = setting(least=1)
    rate: float = setting(above=0)
    full_rate: float = setting(above=0)
    rank: int = setting(least=1)
    seed: int = setting(least=0)


@dataclass(frozen=True)
class Texts:
    """Texts, their tokens and the numbers of their topics."""

    texts: list[str]
    tokens: list[list[int]]
    labels: Tensor  # (texts,)
    topics: list[str]


# From the indices of the texts to learn from and of those to sort: the topics of the latter, (indices,).
Method = Callable[[Sequence[int], Sequence[int]], Tensor]


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    checkpoint = load_checkpoint(settings.checkpoint_path)
    tokenizer = Tokenizer.from_str(checkpoint["tokenizer"])
    texts = read_texts(settings.topics_path, tokenizer)
    right = sort_all(texts, methods_of(model_from(checkpoint), tokenizer, texts, settings), settings)
    print("| method | right | 95 % interval | more than by counts |\n| --- | --- | --- | --- |")
    for name, of_method in right.items():
        share, (low, high) = float(of_method.mean()), interval(int(of_method.sum()), len(of_method))
        gain = of_method - right["counts"]
        error = float(gain.std()) / math.sqrt(len(gain))  # paired: both methods have sorted the same texts
        print(f"| {name} | {share:.3f} | {low:.3f} to {high:.3f} | {float(gain.mean()):+.3f} ± {error:.3f} |")


def read_texts(path: str, tokenizer: Tokenizer) -> Texts:
    """The texts of a file with a topic, a tab and a text in each line. Raises StepError for any other line."""
    rows = [line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines()]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2:
            raise pipeline.StepError(f"{path}, line {number}: expected a topic, a tab and a text; correct that line")
    topics = sorted({topic for topic, _ in rows})
    tokens = [[marker_id(tokenizer, BOS), *tokenizer.encode(text).ids] for _, text in rows]
    return Texts([text for _, text in rows], tokens, torch.tensor([topics.index(topic) for topic, _ in rows]), topics)


def methods_of(model: GPT, tokenizer: Tokenizer, texts: Texts, settings: Settings) -> dict[str, Method]:
    """What is compared, by name."""
    pad, topics = marker_id(tokenizer, PAD), len(texts.topics)

    def over_gpt(adapt: Callable[[GPT], object]) -> Callable[[], nn.Module]:
        return lambda: OverGPT(copy.deepcopy(model), adapt, topics, pad)

    low_rank = partial(add_adapters, rank=settings.rank, alpha=2 * settings.rank)
    modules: dict[str, tuple[Callable[[], nn.Module], float]] = {
        "CNN": (lambda: CNN(model.config.vocab_size, topics, pad), settings.rate),
        "all layers": (over_gpt(lambda each: each.requires_grad_(True)), settings.full_rate),
        "LoRA": (over_gpt(low_rank), settings.rate),
    }
    methods: dict[str, Method] = {
        "counts": partial(sort_by_counts, texts),
        "last layer": partial(sort_by_last_layer, texts, model, pad),
    }
    for name, (make, rate) in modules.items():
        methods[name] = partial(sort_by_module, texts, make, pad, rate, settings)
    methods["as text"] = partial(sort_as_text, texts, model, tokenizer, settings)
    return methods


def sort_all(texts: Texts, methods: dict[str, Method], settings: Settings) -> dict[str, Tensor]:
    """For each method, 1 for each text that it has sorted rightly and 0 for the others, (texts,)."""
    order = np.random.default_rng(settings.seed).permutation(len(texts.texts)).tolist()
    parts = [order[start :: settings.folds] for start in range(settings.folds)]
    right = {name: torch.zeros(len(order)) for name in methods}
    with progress_bar("classify", len(methods) * settings.folds, unit="model") as bar:
        for name, method in methods.items():
            for part in parts:
                torch.manual_seed(settings.seed)
                found = method([index for index in order if index not in set(part)], part)
                right[name][part] = (found == texts.labels[part]).float()
                bar.update()
    return right


def interval(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927), which stays between 0 and 1."""
    z, share = 1.96, right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z / (1 + z**2 / count) * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return middle - reach, middle + reach


# --- Counts ---


def sort_by_counts(texts: Texts, learned: Sequence[int], others: Sequence[int]) -> Tensor:
    """Logistic regression on pairs of letters, whose counts are weighted by how rare they are (tf-idf)."""
    pairs = [Counter(map("".join, pairwise(text))) for text in texts.texts]
    columns = {pair: column for column, pair in enumerate(sorted({pair for index in learned for pair in pairs[index]}))}
    counts = torch.zeros(len(pairs), len(columns))
    for row, of_text in enumerate(pairs):
        for pair in of_text.keys() & columns.keys():
            counts[row, columns[pair]] = 1 + math.log(of_text[pair])
    rarity = 1 + (len(learned) / (counts[learned] > 0).sum(0)).log()
    return fit_linear(F.normalize(counts * rarity), texts, learned, others)


def sort_by_last_layer(texts: Texts, model: GPT, pad: int, learned: Sequence[int], others: Sequence[int]) -> Tensor:
    """Logistic regression on the vectors that the model, as it is, makes of texts."""
    with torch.no_grad():
        parts = pipeline.batched(range(len(texts.tokens)), 64)
        vectors = torch.cat([mean_vector(model, pad_tokens(texts, part, pad), pad) for part in parts])
    vectors = vectors - vectors[learned].mean(0)
    return fit_linear(F.normalize(vectors / vectors[learned].std(0)), texts, learned, others)


def fit_linear(features: Tensor, texts: Texts, learned: Sequence[int], others: Sequence[int]) -> Tensor:
    """The topics of `others` by a matrix from features (texts, numbers) to topics."""
    layer = nn.Linear(features.size(1), len(texts.topics))
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.05, weight_decay=0.01)
    for _ in range(200):
        F.cross_entropy(layer(features[learned]), texts.labels[learned]).backward()
        step(optimizer, 0.05)
    with torch.no_grad():
        found: Tensor = layer(features[others]).argmax(-1)
    return found


# --- Neural networks ---


class CNN(nn.Module):
    """Vectors of tokens, filters over two to four of them, the strongest match of each filter, topics."""

    def __init__(self, vocab_size: int, topics: int, pad: int, width: int = 64) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, width, padding_idx=pad)
        self.filters = nn.ModuleList(nn.Conv1d(width, width, size, padding=size - 1) for size in (2, 3, 4))
        self.dropout, self.last = nn.Dropout(0.3), nn.Linear(3 * width, topics)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) -> (B, topics)."""
        x = self.embedding(tokens).transpose(1, 2)  # (B, width, T)
        matches = [each(x).relu().amax(-1) for each in self.filters]
        logits: Tensor = self.last(self.dropout(torch.cat(matches, -1)))
        return logits


class OverGPT(nn.Module):
    """The mean of the last vectors of a GPT, and a matrix from it to topics."""

    def __init__(self, model: GPT, adapt: Callable[[GPT], object], topics: int, pad: int) -> None:
        super().__init__()
        adapt(model)
        self.model, self.pad = model, pad
        self.last = nn.Linear(model.config.n_embd, topics)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) -> (B, topics)."""
        logits: Tensor = self.last(mean_vector(self.model, tokens, self.pad))
        return logits


def mean_vector(model: GPT, tokens: Tensor, pad: int) -> Tensor:
    """The mean of the last vectors of each text, without padding: (B, T) -> (B, C)."""
    is_text = (tokens != pad).unsqueeze(-1)  # (B, T, 1)
    mean: Tensor = (model.hidden_states(tokens) * is_text).sum(1) / is_text.sum(1)
    return mean


def sort_by_module(
    texts: Texts,
    make: Callable[[], nn.Module],
    pad: int,
    rate: float,
    settings: Settings,
    learned: Sequence[int],
    others: Sequence[int],
) -> Tensor:
    """Train a network on texts and their topics."""
    module = make()
    optimizer = torch.optim.AdamW([each for each in module.parameters() if each.requires_grad], lr=rate)
    for batch, factor in batches(learned, settings):
        F.cross_entropy(module(pad_tokens(texts, batch, pad)), texts.labels[batch]).backward()
        step(optimizer, rate * factor)
    module.eval()
    with torch.no_grad():
        return torch.cat([module(pad_tokens(texts, each, pad)).argmax(-1) for each in pipeline.batched(others, 64)])


def sort_as_text(
    texts: Texts, model: GPT, tokenizer: Tokenizer, settings: Settings, learned: Sequence[int], others: Sequence[int]
) -> Tensor:
    """Train the model to write the topic behind a text; of all topics the one that it finds most probable."""
    model, pad = copy.deepcopy(model), marker_id(tokenizer, PAD)
    names = [tokenizer.encode(f"{ASK} {topic}\n").ids for topic in texts.topics]
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.full_rate)
    for batch, factor in batches(learned, settings):
        examples = [Example(texts.tokens[index], names[texts.labels[index]]) for index in batch]
        inputs, targets = make_batch(examples, pad)
        (-log_probabilities(model, inputs, targets).sum() / len(batch)).backward()
        step(optimizer, settings.full_rate * factor)
    model.eval()
    found = []
    with torch.no_grad():
        for index in others:
            of_topics = make_batch([Example(texts.tokens[index], name) for name in names], pad)
            found.append(log_probabilities(model, *of_topics).sum(-1).argmax())
    return torch.stack(found)


def batches(learned: Sequence[int], settings: Settings) -> Iterator[tuple[list[int], float]]:
    """All texts EPOCHS times in random order, with the share of the rate, which falls to zero."""
    rounds = [np.random.default_rng([settings.seed, epoch]).permutation(learned) for epoch in range(settings.epochs)]
    all_batches = [batch for order in rounds for batch in pipeline.batched(order.tolist(), settings.batch)]
    for number, batch in enumerate(all_batches):
        yield list(batch), 1 - number / len(all_batches)


def step(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Update the weights at this rate."""
    optimizer.param_groups[0]["lr"] = rate
    optimizer.step()
    optimizer.zero_grad()


def pad_tokens(texts: Texts, indices: Sequence[int], pad: int) -> Tensor:
    """The tokens of some texts, (B, T)."""
    rows = [torch.tensor(texts.tokens[index]) for index in indices]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad)


if __name__ == "__main__":
    pipeline.run(main)
