"""Lesson 13: what is a post about? Six ways to sort short texts into eight topics.

lessons/data/topics.tsv holds some four hundred short texts with their topics, written for this lesson. They are dealt
into FOLDS parts; each part is sorted by classifiers that have learned from the others, so that every text counts:

    counts      logistic regression on how often each pair of letters occurs
    last layer  the same on your model's vectors of the text; the model stays as it is
    CNN         filters over two to four tokens, of which the strongest match counts (Kim, 2014)
    all layers  the whole model learns along (Howard and Ruder, 2018)
    LoRA        the model is frozen, and thin matrices beside its own learn (Hu et al., 2021)
    as text     the model goes on after "주제:", and the most probable topic is taken: no new parameters at all

With few texts, counts are hard to beat: a topic has words of its own. A language model adds what it has learned from
text without topics, and one that has read 280 KB for two minutes has learned little that helps here. Measured with the
bundled text: counts 0.34 (chance 0.13), all layers 0.19, as text 0.19, CNN 0.15. The texts hardly share words; whoever
wants topics of so few examples needs a model that has read much more (lesson 11).
"""

import copy
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pipeline
from corpus.template import BOS, PAD, marker_id
from gpt.checkpoint import load_checkpoint, model_from
from gpt.model import GPT
from lessons.lora import add_adapters
from lessons.tuning import Example, answer_loss, log_probabilities, make_batch, minimize, random_batches
from pipeline import setting

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

TOPICS_PATH = "lessons/data/topics.tsv"  # a topic, a tab and a text in each line
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04
FOLDS = 3  # parts of the texts
EPOCHS = 5  # times that a network sees its texts
BATCH = 16  # texts in each step
RATE = 0.002  # learning rate of AdamW for CNN and LoRA
FULL_RATE = 0.0003  # for the whole model
RANK = 8  # of the matrices of LoRA
SEED = 1337  # of the folds, the order and the first weights

QUESTION = "\n주제:"
LINEAR_EPOCHS, LINEAR_RATE = 20, 0.03  # for logistic regression


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
class Lesson:
    """The texts, their tokens and the numbers of their topics; the model and how to train."""

    texts: list[str]
    tokens: list[list[int]]
    labels: Tensor  # (texts,)
    topics: list[str]
    tokenizer: Tokenizer
    model: GPT
    settings: Settings

    @property
    def pad(self) -> int:
        """The token that fills short rows."""
        return marker_id(self.tokenizer, PAD)


Scores = Callable[[Sequence[int]], Tensor]  # numbers of texts -> scores of the topics, (numbers, topics)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    right = sort_in_all_ways(read_lesson(settings))
    print("| classifier | right | 95 % interval | more than counts |\n| --- | --- | --- | --- |")
    for name, found in right.items():
        low, high = interval(int(found.sum()), len(found))
        gain = found - right["counts"]  # paired: both have sorted the same texts
        error = float(gain.std()) / math.sqrt(len(gain))
        share, more = float(found.mean()), float(gain.mean())
        print(f"| {name} | {share:.3f} | {low:.3f} to {high:.3f} | {more:+.3f} ± {error:.3f} |")


def read_lesson(settings: Settings) -> Lesson:
    """Read a file with a topic, a tab and a text in each line. Raises StepError for any other line."""
    checkpoint = load_checkpoint(settings.checkpoint_path)
    tokenizer = Tokenizer.from_str(checkpoint["tokenizer"])
    rows = [line.split("\t") for line in Path(settings.topics_path).read_text(encoding="utf-8").splitlines()]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2:
            where = f"{settings.topics_path}, line {number}"
            raise pipeline.StepError(f"{where}: expected a topic, a tab and a text; correct that line")
    topics = sorted({topic for topic, _ in rows})
    tokens = [[marker_id(tokenizer, BOS), *tokenizer.encode(text).ids] for _, text in rows]
    labels = torch.tensor([topics.index(topic) for topic, _ in rows])
    return Lesson([text for _, text in rows], tokens, labels, topics, tokenizer, model_from(checkpoint), settings)


def sort_in_all_ways(lesson: Lesson) -> dict[str, Tensor]:
    """For each classifier, 1 for each text whose topic it finds and 0 for the others, (texts,)."""
    folds, seed = lesson.settings.folds, lesson.settings.seed
    order = np.random.default_rng(seed).permutation(len(lesson.labels)).tolist()
    right = {name: torch.zeros(len(order)) for name in CLASSIFIERS}
    for part in (order[start::folds] for start in range(folds)):
        learned = [index for index in order if index not in set(part)]
        for name, learn in CLASSIFIERS.items():
            torch.manual_seed(seed)
            scores = learn(lesson, learned)
            with torch.no_grad():
                right[name][part] = (scores(part).argmax(-1) == lesson.labels[part]).float()
    return right


def interval(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927), which stays between 0 and 1."""
    z, share = 1.96, right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z / (1 + z**2 / count) * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return middle - reach, middle + reach


# --- The classifiers: each learns from some texts and returns its scores of others ---


def learn_counts(lesson: Lesson, learned: Sequence[int]) -> Scores:
    """Logistic regression on pairs of letters, weighted by how rare they are (tf-idf)."""
    pairs = [Counter(map("".join, pairwise(text))) for text in lesson.texts]
    columns = {pair: column for column, pair in enumerate(sorted(set().union(*(pairs[index] for index in learned))))}
    counts = torch.zeros(len(pairs), len(columns))
    for row, of_text in enumerate(pairs):
        for pair in of_text.keys() & columns.keys():
            counts[row, columns[pair]] = 1 + math.log(of_text[pair])
    rarity = 1 + (len(learned) / (counts[learned] > 0).sum(0)).log()
    return learn_features("counts", F.normalize(counts * rarity), lesson, learned)


def learn_last_layer(lesson: Lesson, learned: Sequence[int]) -> Scores:
    """Logistic regression on the vectors that the model, as it is, makes of the texts."""
    with torch.no_grad():
        parts = pipeline.batched(range(len(lesson.texts)), 64)
        vectors = torch.cat([mean_vector(lesson.model, pad_texts(lesson, part), lesson.pad) for part in parts])
    vectors = (vectors - vectors[learned].mean(0)) / vectors[learned].std(0)
    return learn_features("last layer", F.normalize(vectors), lesson, learned)


def learn_features(name: str, features: Tensor, lesson: Lesson, learned: Sequence[int]) -> Scores:
    """A matrix from features, (texts, numbers), to topics."""
    layer = nn.Linear(features.size(1), len(lesson.topics))
    return train(name, layer, lambda indices: layer(features[indices]), lesson, learned, LINEAR_RATE, LINEAR_EPOCHS)


def learn_cnn(lesson: Lesson, learned: Sequence[int]) -> Scores:
    """A network that knows nothing but these texts."""
    network = CNN(lesson.model.config.vocab_size, len(lesson.topics), lesson.pad)
    return learn_network("CNN", network, lesson, learned, lesson.settings.rate)


def learn_all_layers(lesson: Lesson, learned: Sequence[int]) -> Scores:
    """Every weight of the model learns."""
    network = TopicGPT(copy.deepcopy(lesson.model), len(lesson.topics), lesson.pad)
    return learn_network("all layers", network, lesson, learned, lesson.settings.full_rate)


def learn_lora(lesson: Lesson, learned: Sequence[int]) -> Scores:
    """Thin matrices beside the frozen ones learn."""
    network = TopicGPT(copy.deepcopy(lesson.model), len(lesson.topics), lesson.pad)
    add_adapters(network.model, lesson.settings.rank, 2 * lesson.settings.rank)
    return learn_network("LoRA", network, lesson, learned, lesson.settings.rate)


def learn_network(name: str, network: nn.Module, lesson: Lesson, learned: Sequence[int], rate: float) -> Scores:
    """A network that reads tokens."""

    def scores(indices: Sequence[int]) -> Tensor:
        of_topics: Tensor = network(pad_texts(lesson, indices))
        return of_topics

    return train(name, network, scores, lesson, learned, rate, lesson.settings.epochs)


def train(
    name: str, module: nn.Module, scores: Scores, lesson: Lesson, learned: Sequence[int], rate: float, epochs: int
) -> Scores:
    """Train the module from which the scores come, by the cross-entropy of the topics."""
    batches = random_batches(learned, lesson.settings.batch, epochs, lesson.settings.seed)

    def loss_of(step: int) -> Tensor:
        return F.cross_entropy(scores(batches[step]), lesson.labels[batches[step]])

    minimize(name, module.parameters(), rate, len(batches), loss_of)
    return scores


def learn_as_text(lesson: Lesson, learned: Sequence[int]) -> Scores:
    """The model learns to write the topic behind a text; the score of a topic is the probability of its name."""
    model, settings = copy.deepcopy(lesson.model), lesson.settings
    names = [lesson.tokenizer.encode(f"{QUESTION} {topic}\n").ids for topic in lesson.topics]
    batches = random_batches(learned, settings.batch, settings.epochs, settings.seed)

    def loss_of(step: int) -> Tensor:
        examples = [Example(lesson.tokens[index], names[lesson.labels[index]]) for index in batches[step]]
        return answer_loss(model, examples, lesson.pad)

    def score(index: int) -> Tensor:
        of_names = make_batch([Example(lesson.tokens[index], name) for name in names], lesson.pad)
        return log_probabilities(model, *of_names).sum(-1)

    minimize("as text", model.parameters(), settings.full_rate, len(batches), loss_of)
    return lambda indices: torch.stack([score(index) for index in indices])


CLASSIFIERS: dict[str, Callable[[Lesson, Sequence[int]], Scores]] = {
    "counts": learn_counts,
    "last layer": learn_last_layer,
    "CNN": learn_cnn,
    "all layers": learn_all_layers,
    "LoRA": learn_lora,
    "as text": learn_as_text,
}


# --- Networks ---


class CNN(nn.Module):
    """Vectors of tokens, filters over two to four of them, the strongest match of each filter, topics."""

    def __init__(self, vocab_size: int, topics: int, pad: int, width: int = 64) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, width, padding_idx=pad)
        self.filters = nn.ModuleList(nn.Conv1d(width, width, size, padding=size - 1) for size in (2, 3, 4))
        self.last = nn.Linear(3 * width, topics)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) -> (B, topics)."""
        x = self.embedding(tokens).transpose(1, 2)  # (B, width, T)
        scores: Tensor = self.last(torch.cat([each(x).relu().amax(-1) for each in self.filters], -1))
        return scores


class TopicGPT(nn.Module):
    """A GPT, and a matrix from the mean of its last vectors to topics."""

    def __init__(self, model: GPT, topics: int, pad: int) -> None:
        super().__init__()
        self.model, self.pad = model, pad
        self.last = nn.Linear(model.config.n_embd, topics)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) -> (B, topics)."""
        scores: Tensor = self.last(mean_vector(self.model, tokens, self.pad))
        return scores


def mean_vector(model: GPT, tokens: Tensor, pad: int) -> Tensor:
    """The mean of the last vectors of each text, without padding: (B, T) -> (B, C)."""
    is_text = (tokens != pad).unsqueeze(-1)  # (B, T, 1)
    mean: Tensor = (model.hidden_states(tokens) * is_text).sum(1) / is_text.sum(1)
    return mean


def pad_texts(lesson: Lesson, indices: Sequence[int]) -> Tensor:
    """The tokens of some texts, (B, T)."""
    rows = [torch.tensor(lesson.tokens[index]) for index in indices]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=lesson.pad)


if __name__ == "__main__":
    pipeline.run(main)
