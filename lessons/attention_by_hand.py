"""Lesson 5: attention, taken apart.

Every position asks (query), every position answers whom it can help (key) and with what (value). The weight of one
position for another is the softmax of query · key / sqrt(D); the result is the mean of the values by these weights.
Positions see only themselves and earlier ones, since the later ones are what the model has to predict.

The same is computed in four ways: loops over positions, matrices, the library's kernel, and grouped queries (several
heads of queries share one head of keys and values; Ainslie et al., 2023), which need a smaller cache. Then the user's
own model is asked: which of its heads look at the token before, and which copy? A head that copies finds the place
where the current token stood before, and looks at what followed there (Olsson et al., 2022).

Sources: Bahdanau et al., 2015; Vaswani et al., 2017.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pipeline
from corpus.samples import read_samples
from gpt.attention import rotate
from gpt.checkpoint import load_checkpoint, model_from
from gpt.model import GPT, Layer
from gpt.training.svg import INK, QUIET, SMALL, WIDTH, draw_svg, draw_text
from lessons.shared import print_table, save_picture
from pipeline import setting

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

SAMPLES_PATH = "data/samples.txt"  # made by step 01
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04
SENTENCE = ""  # that the heads read, written twice; empty = the title of the first sample
POSITIONS = 128  # of the comparison
RANDOM_TOKENS = 64  # of the sequence that is written twice, to find the heads that copy
SEED = 1337
PICTURE_PATH = "lessons/pictures/attention_by_hand.svg"

MOST_TOKENS = 12  # of the sentence, in the picture
FAINTEST = 0.1  # weight that is drawn


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    samples_path: str
    checkpoint_path: str
    sentence: str
    positions: int = setting(least=1)
    random_tokens: int = setting(least=2)
    seed: int = setting(least=0)
    picture_path: str


# --- One attention, in four ways: q (H, T, D), k and v (G, T, D) -> (H, T, D) ---


def attend_by_loops(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """As it is defined, one head and one position after another."""
    H, T, D = q.shape
    result = torch.zeros_like(q)
    for head in range(H):
        shared = head * len(k) // H  # the head of keys and values that this head of queries uses
        for position in range(T):
            scores = [float(q[head, position] @ k[shared, other]) / math.sqrt(D) for other in range(position + 1)]
            highest = max(scores)  # taken away from all, so that exp does not overflow; the softmax is the same
            exponentials = [math.exp(score - highest) for score in scores]
            for other, each in enumerate(exponentials):
                result[head, position] += each / sum(exponentials) * v[shared, other]
    return result


def attend_by_matrices(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """All positions at once: the scores of later positions become minus infinity, whose exponential is zero."""
    return attention_weights(q, k) @ v


def attention_weights(q: Tensor, k: Tensor) -> Tensor:
    """How much each position (row) looks at each (column): (H, T, T)."""
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.size(-1))  # (H, T, T)
    later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill(later, -math.inf).softmax(-1)


def attend_by_library(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """One kernel, which never holds all weights at once (Dao et al., 2022)."""
    return F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True, enable_gqa=len(k) < len(q))[0]


def attend_in_groups(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Fewer heads of keys and values than of queries: each is used by a group of H / G neighbours."""
    H, T, D = q.shape
    grouped = q.view(len(k), H // len(k), T, D)  # (G, H / G, T, D)
    return torch.stack([attend_by_matrices(group, k[g], v[g]) for g, group in enumerate(grouped)]).view(H, T, D)


WAYS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "loops": attend_by_loops,
    "matrices": attend_by_matrices,
    "the library's kernel": attend_by_library,
    "grouped queries": attend_in_groups,
}


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    checkpoint = load_checkpoint(settings.checkpoint_path)
    model, tokenizer = model_from(checkpoint), Tokenizer.from_str(checkpoint["tokenizer"])
    compare_ways(model, settings)
    show_heads(model, settings)
    sentence = settings.sentence or next(iter(read_samples(settings.samples_path))).title
    tokens = tokenizer.encode(sentence.strip()).ids[:MOST_TOKENS] * 2
    pieces = [tokenizer.decode([token]).strip() or "␣" for token in tokens]
    title = "What each head looks at, in a sentence written twice"
    save_picture(settings.picture_path, title, draw_heads(title, weights_of(model, tokens), pieces))


def compare_ways(model: GPT, settings: Settings) -> None:
    """The same numbers from each of the four ways, and how long each takes."""
    torch.manual_seed(settings.seed)
    H, D = model.config.n_head, model.config.head_dim
    q, k, v = torch.randn(3, H, settings.positions, D)
    wanted = attend_by_library(q, k, v)
    rows = []
    for name, attend in WAYS.items():
        groups = max(1, H // 2) if name == "grouped queries" else H
        heads = k[:groups], v[:groups]
        expected = wanted if groups == H else attend_by_library(q, *heads)
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            found = attend(q, *heads)
            seconds.append(time.perf_counter() - started)
        rows.append((name, groups, f"{(found - expected).abs().max():.1e}", f"{1000 * min(seconds):,.2f}"))
    print(f"{H} heads of {D} numbers, {settings.positions} positions:")
    print_table(("way", "heads of keys", "largest difference from the library", "ms"), rows)


# --- The heads of the user's model ---


@torch.no_grad()
def weights_of(model: GPT, tokens: Sequence[int]) -> list[Tensor]:
    """What each layer's heads look at, (H, T, T) each: the forward pass of gpt/model.py, written out."""
    x, T, weights = model.embedding(torch.tensor([list(tokens)])), len(tokens), []  # x: (1, T, C)
    for number, layer in enumerate(model.layers):
        assert isinstance(layer, Layer)
        attention = model.attention_of(number)
        normed = layer.attention_norm(x)  # (1, T, C)
        q = attention.q_norm(attention.q_proj(normed).view(T, attention.n_head, -1)).transpose(0, 1)  # (H, T, D)
        k = attention.k_norm(attention.k_proj(normed).view(T, attention.n_kv_head, -1)).transpose(0, 1)  # (G, T, D)
        v = attention.v_proj(normed).view(T, attention.n_kv_head, -1).transpose(0, 1)  # (G, T, D)
        q, k = rotate(q, model.cos[:T], model.sin[:T]), rotate(k, model.cos[:T], model.sin[:T])
        k, v = (each.repeat_interleave(len(q) // len(k), dim=0) for each in (k, v))  # (H, T, D)
        weights.append(attention_weights(q, k))
        x = x + attention.o_proj((weights[-1] @ v).transpose(0, 1).reshape(1, T, -1))
        x = x + layer.feed_forward(layer.feed_forward_norm(x))
    return weights


def show_heads(model: GPT, settings: Settings) -> None:
    """Of each head: the weight on the token before, and on what followed the current token at its earlier place."""
    length = min(settings.random_tokens, model.config.block_size // 2)
    generator = torch.Generator().manual_seed(settings.seed)
    drawn = torch.randperm(model.config.vocab_size, generator=generator)[:length].tolist()
    rows = []
    for layer, weights in enumerate(weights_of(model, drawn * 2)):
        for head, looked in enumerate(weights):
            before = float(looked.diagonal(-1).mean())
            copied = float(looked.diagonal(1 - length)[1:].mean())  # rows of the second half, one place on
            role = "looks at the token before" if before > 0.3 else "copies" if copied > 0.3 else ""
            rows.append((layer, head, f"{before:.2f}", f"{copied:.2f}", role))
    print(f"The heads of your model on {length} random tokens, written twice: the share of the attention that is")
    print("on the token before, and on the token that followed the current one where it stood before.")
    print_table(("layer", "head", "on the token before", "on what followed before", "so it"), rows)


def draw_heads(title: str, weights: Sequence[Tensor], pieces: Sequence[str]) -> str:
    """A square for each head, a row of them for each layer: the darker, the more the row looks at the column."""
    heads = max(len(each) for each in weights)
    side = (WIDTH - 40) / heads - 14
    cell, elements = side / len(pieces), [draw_text(20, 36, title, size=18, weight=600)]
    for layer, each in enumerate(weights):
        for head, looked in enumerate(each):
            left, top = 20 + head * (side + 14), 82 + layer * (side + 34)
            elements.append(draw_text(left, top - 7, f"layer {layer}, head {head}", QUIET, size=13))
            elements.append(draw_square(left, top, side, INK, 0.05))
            for row, column in torch.nonzero(looked > FAINTEST).tolist():
                opacity = float(looked[row, column])
                elements.append(draw_square(left + column * cell, top + row * cell, cell, INK, opacity))
    bottom = 82 + len(weights) * (side + 34)
    half = pieces[: len(pieces) // 2]
    elements.append(draw_text(20, bottom + 6, "twice: " + " · ".join(half), QUIET, size=SMALL))
    return draw_svg(bottom + 26, title, elements)


def draw_square(left: float, top: float, side: float, color: str, opacity: float) -> str:
    """A filled square."""
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{side:.1f}" height="{side:.1f}" '
        f'fill="{color}" fill-opacity="{opacity:.2f}"/>'
    )


if __name__ == "__main__":
    pipeline.run(main)
