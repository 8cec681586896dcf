"""Lesson 6: the embedding is a matrix, and its rows know which words are alike.

The first layer of a language model looks up the row of each token in a table. That is the product of a one-hot vector,
all zeros and a single one, with a matrix: the same numbers, and the same gradient, but the lookup does not multiply by
all the zeros. So the table is learned like any other matrix.

Words that stand in like places need like vectors (Harris, 1954; Firth, 1957). So the rows that lie in the direction of
a word's row should be words that could take its place (Mikolov et al., 2013). Two tables know this: the embedding, by
what follows a word; and the head, whose rows are compared with the last vector, by what comes before it.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pipeline
from gpt.checkpoint import load_checkpoint, model_from
from gpt.token_file import read_token_file
from gpt.training.batches import count_tokens
from gpt.training.svg import INK, WIDTH, draw_svg, draw_text
from lessons.shared import print_table, save_picture
from pipeline import setting

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

TRAIN_BIN = "data/train.bin"  # made by step 03; says which words are frequent
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04
WORDS = ""  # whose neighbours are shown, with commas between them; empty = the most frequent ones
SHOWN = 12  # words in the table, where WORDS names none
NEIGHBOURS = 6  # of each word
DRAWN = 45  # of the most frequent words, in the picture
RARE = 20  # a word must occur so often that its row has been trained
PICTURE_PATH = "lessons/pictures/embedding_is_a_matrix.svg"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    train_bin: str
    checkpoint_path: str
    words: str
    shown: int = setting(least=1)
    neighbours: int = setting(least=1)
    drawn: int = setting(least=3)
    rare: int = setting(least=1)
    picture_path: str


def look_up_by_product(tokens: Tensor, matrix: Tensor) -> Tensor:
    """The rows (T, C) of tokens (T,) in a matrix (V, C), as a product."""
    one_hot = F.one_hot(tokens, len(matrix)).to(matrix.dtype)  # (T, V)
    return one_hot @ matrix  # (T, V) @ (V, C) -> (T, C)


def find_words(tokenizer: Tokenizer, counts: Counter[int], rare: int) -> dict[str, int]:
    """The words that are one token with the space before it, the most frequent first, and their tokens."""
    words = {}
    for token, count in counts.most_common():
        text = tokenizer.decode([token])
        if count >= rare and text.startswith(" ") and len(text) > 2 and text[1:].isalpha():
            words[text[1:]] = token
    return words


def nearest(rows: Tensor, word: int, count: int) -> list[tuple[int, float]]:
    """The rows of (N, C) with the smallest angle to row `word`, and its cosine, from near to far."""
    directions = F.normalize(rows - rows.mean(0), dim=1)  # without the mean, which all rows share
    cosines = directions @ directions[word]  # (N,)
    cosines[word] = -1  # every word is its own nearest neighbour
    values, indices = cosines.topk(min(count, len(rows) - 1))
    return list(zip(indices.tolist(), values.tolist(), strict=True))


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    checkpoint = load_checkpoint(settings.checkpoint_path)
    model, tokenizer = model_from(checkpoint), Tokenizer.from_str(checkpoint["tokenizer"])
    _, train = read_token_file(settings.train_bin)
    embedding, head = model.embedding.weight.detach(), model.head.weight.detach()  # (V, C) each
    compare_ways(torch.from_numpy(train[:256].astype("int64")), embedding)

    counts = Counter(dict(enumerate(count_tokens(train, len(embedding)).tolist())))
    words = find_words(tokenizer, counts, settings.rare)
    if len(words) < 3:
        raise pipeline.StepError(f"{settings.train_bin}: fewer than 3 words occur {settings.rare} times; lower RARE")
    show_neighbours(words, embedding, head, settings)
    drawn = dict(list(words.items())[: settings.drawn])
    title = "The most frequent words, by the embedding of your model"
    save_picture(settings.picture_path, title, draw_words(title, list(drawn), embedding[list(drawn.values())]))


def compare_ways(tokens: Tensor, matrix: Tensor) -> None:
    """The lookup and the product: results, gradients and times."""
    rows, results, gradients = [], [], []
    for name, look_up in (("lookup", F.embedding), ("one-hot times matrix", look_up_by_product)):
        weights = matrix.clone().requires_grad_()
        started = time.perf_counter()
        result = look_up(tokens, weights)
        milliseconds = 1000 * (time.perf_counter() - started)
        result.square().sum().backward()  # some loss
        assert weights.grad is not None
        results.append(result.detach())
        gradients.append(weights.grad)
        changed = int(weights.grad.any(1).sum())
        rows.append((name, f"{milliseconds:.2f}", f"{changed:,} of {len(matrix):,}"))
    print_table((f"{len(tokens)} tokens", "ms", "rows with a gradient"), rows)
    differences = [float((first - second).abs().max()) for first, second in (results, gradients)]
    print(f"Largest difference of the results: {differences[0]:.1e}, of the gradients: {differences[1]:.1e}.")


def show_neighbours(words: dict[str, int], embedding: Tensor, head: Tensor, settings: Settings) -> None:
    """The nearest words of some words, in each of the two tables."""
    names = list(words)
    wanted = [word.strip() for word in settings.words.split(",") if word.strip()] or names[: settings.shown]
    if unknown := [word for word in wanted if word not in words]:
        raise pipeline.StepError(f"WORDS: {unknown[0]} is not one frequent token; take words such as {names[0]}")
    tables = [table[list(words.values())] for table in (embedding, head)]  # (words, C) each
    rows = []
    for word in wanted:
        found = [nearest(table, names.index(word), settings.neighbours) for table in tables]
        rows.append((word, *(", ".join(f"{names[at]} {cosine:.2f}" for at, cosine in each) for each in found)))
    print_table(("word", "nearest in the embedding (cosine)", "nearest in the head"), rows)


def draw_words(title: str, names: Sequence[str], rows: Tensor) -> str:
    """Words in the plane in which their rows (N, C) differ most: the first two principal components (Pearson, 1901)."""
    centred = F.normalize(rows - rows.mean(0), dim=1)
    left, _, _ = torch.linalg.svd(centred - centred.mean(0), full_matrices=False)
    ranks = left[:, :2].argsort(0).argsort(0)  # by rank rather than by value, so that words do not lie on each other
    elements = [draw_text(20, 36, title, size=18, weight=600)]
    for name, (x, y) in zip(names, ranks.tolist(), strict=True):
        at = 60 + (WIDTH - 120) * x / (len(names) - 1), 70 + 480 * y / (len(names) - 1)
        elements.append(draw_text(*at, name, INK, "middle", size=14))
    return draw_svg(580, title, elements)


if __name__ == "__main__":
    pipeline.run(main)
