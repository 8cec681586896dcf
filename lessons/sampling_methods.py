"""Lesson 10: from probabilities to text.

A model gives a probability to every token; which one is written is a choice of its own, and texts differ by it more
than by the model. Each method changes the distribution before a token is drawn:

    greedy              the most likely token, always
    temperature         logits divided by T: below 1 the likely ones gain, above 1 the unlikely ones
    top-k               the k most likely ones (Fan et al., 2018)
    top-p               the fewest that together have probability p (Holtzman et al., 2020)
    min-p               all that have at least so large a share of the highest probability (Nguyen et al., 2024)
    repetition penalty  tokens that were already written become less likely (Keskar et al., 2019)
    beam search         not a draw: the text with the highest probability as a whole, of those that were followed

The table says what each does to one prompt: how varied its texts are, how often they repeat themselves, and how likely
the model itself finds them. The most likely text is not the most natural one: it repeats itself, or it recites what
the model has learned by heart.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pipeline
from corpus.samples import example_question
from corpus.template import BOS, MARKERS, Template, marker_id
from gpt.checkpoint import load_checkpoint, model_from
from gpt.generation import read_prompt
from gpt.model import GPT
from gpt.training.svg import QUIET, draw_svg, draw_text
from lessons.shared import COLORS, print_table, save_picture
from pipeline import setting
from pipeline.progress import progress_bar

import torch
from tokenizers import Tokenizer
from torch import Tensor

SAMPLES_PATH = "data/samples.txt"  # made by step 01
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04
QUESTION = ""  # that the model answers without a document; empty = one of the samples
LENGTH = 48  # tokens of each text
TEXTS = 4  # of each method
BEAMS = 4  # texts that beam search follows side by side
SEED = 1337
PICTURE_PATH = "lessons/pictures/sampling_methods.svg"

SHOWN_TOKENS = 10  # of each distribution in the picture

# Logits (V,) and the tokens written so far -> the logits to draw from.
Method = Callable[[Tensor, Sequence[int]], Tensor]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    samples_path: str
    checkpoint_path: str
    question: str
    length: int = setting(least=2)
    texts: int = setting(least=1)
    beams: int = setting(least=1)
    seed: int = setting(least=0)
    picture_path: str


# --- The methods ---


def greedy(logits: Tensor, written: Sequence[int]) -> Tensor:
    """Only the most likely token."""
    return top_k(logits, written, 1)


def temperature(logits: Tensor, written: Sequence[int], value: float) -> Tensor:
    """Flatter above 1, steeper below."""
    return logits / value


def top_k(logits: Tensor, written: Sequence[int], k: int) -> Tensor:
    """The k most likely tokens."""
    kept = logits.topk(k).indices
    return torch.full_like(logits, -math.inf).index_copy(0, kept, logits[kept])


def top_p(logits: Tensor, written: Sequence[int], p: float) -> Tensor:
    """The fewest of the most likely tokens whose probabilities sum to at least p."""
    probabilities, order = logits.softmax(-1).sort(descending=True)
    before = probabilities.cumsum(-1) - probabilities  # of the more likely ones: the first token always stays
    return logits.index_fill(0, order[before >= p], -math.inf)


def min_p(logits: Tensor, written: Sequence[int], share: float) -> Tensor:
    """All tokens at least `share` times as likely as the most likely one."""
    return logits.masked_fill(logits < logits.max() + math.log(share), -math.inf)


def repetition_penalty(logits: Tensor, written: Sequence[int], penalty: float) -> Tensor:
    """Tokens that were written lose: a positive logit is divided by the penalty, a negative one multiplied."""
    seen = torch.tensor(sorted(set(written)), dtype=torch.int64)
    scores = logits[seen]
    return logits.index_copy(0, seen, torch.where(scores > 0, scores / penalty, scores * penalty))


METHODS: dict[str, Method] = {
    "greedy": greedy,
    "temperature 1": lambda logits, written: temperature(logits, written, 1.0),
    "temperature 0.6": lambda logits, written: temperature(logits, written, 0.6),
    "temperature 1.5": lambda logits, written: temperature(logits, written, 1.5),
    "top-k 20": lambda logits, written: top_k(logits, written, 20),
    "top-p 0.9": lambda logits, written: top_p(logits, written, 0.9),
    "min-p 0.1": lambda logits, written: min_p(logits, written, 0.1),
    "penalty 1.3": lambda logits, written: repetition_penalty(logits, written, 1.3),
}


# --- Writing ---


@torch.inference_mode()
def write(model: GPT, prompt: Sequence[int], method: Method, length: int, seed: int, stop: set[int]) -> list[int]:
    """A text that is drawn token by token."""
    generator = torch.Generator().manual_seed(seed)
    cache = model.new_cache(1, model.config.block_size)
    written: list[int] = []
    logits = read_prompt(model, prompt, cache)
    while True:
        probabilities = method(logits, written).softmax(-1)
        token = int(torch.multinomial(probabilities, 1, generator=generator))
        if token in stop:
            return written
        written.append(token)
        if len(written) == min(length, model.config.block_size - len(prompt)):
            return written
        logits = model(torch.tensor([[token]]), cache)[0, -1].float()


@torch.inference_mode()
def search_beams(model: GPT, prompt: Sequence[int], beams: int, length: int, stop: set[int]) -> list[int]:
    """The most likely text of those that are followed: at every token the best `beams` go on."""
    followed: list[tuple[float, list[int]]] = [(0.0, [])]  # log-probability, tokens
    for _ in range(min(length, model.config.block_size - len(prompt))):
        open_texts = [(score, written) for score, written in followed if not written or written[-1] not in stop]
        if not open_texts:
            break
        rows = torch.tensor([[*prompt, *written] for _, written in open_texts])  # (beams, T)
        log_probabilities = model(rows)[:, -1].float().log_softmax(-1)  # (beams, V)
        candidates = [each for each in followed if each not in open_texts]
        for (score, written), row in zip(open_texts, log_probabilities, strict=True):
            values, tokens = row.topk(beams)
            pairs = zip(values.tolist(), tokens.tolist(), strict=True)
            candidates += [(score + value, [*written, token]) for value, token in pairs]
        followed = sorted(candidates, key=lambda candidate: -candidate[0])[:beams]
    return [token for token in followed[0][1] if token not in stop]


@torch.inference_mode()
def log_probability(model: GPT, prompt: Sequence[int], written: Sequence[int]) -> float:
    """The mean log-probability of the tokens of a text, in nats, by the model itself."""
    if not written:
        return 0.0
    tokens = torch.tensor([[*prompt, *written]])
    found = model(tokens[:, :-1])[0, -len(written) :].float().log_softmax(-1)  # (written, V)
    return float(found.gather(1, tokens[0, -len(written) :, None]).mean())


# --- What is measured ---


def distinct_pairs(texts: Sequence[Sequence[int]]) -> float:
    """The share of different pairs of neighbours in all texts (Li et al., 2016): 1 where nothing occurs twice."""
    pairs = [pair for text in texts for pair in itertools.pairwise(text)]
    return len(set(pairs)) / max(1, len(pairs))


def repeated(text: Sequence[int], size: int = 4) -> float:
    """The share of the 4-grams of a text that it has had before."""
    grams = [tuple(text[at : at + size]) for at in range(len(text) - size + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    checkpoint = load_checkpoint(settings.checkpoint_path)
    model, tokenizer = model_from(checkpoint), Tokenizer.from_str(checkpoint["tokenizer"])
    question = settings.question or example_question(settings.samples_path)
    template = Template(**checkpoint["template"])
    start = template.write_prompt(question) + template.summary + "\n-"
    prompt = [marker_id(tokenizer, BOS), *tokenizer.encode(start).ids]
    stop = {marker_id(tokenizer, marker) for marker in MARKERS}

    print(f"Each method goes on with the summary of “{question}”, without a document.")
    rows = []
    with progress_bar("write texts", len(METHODS) + 1, unit="method") as bar:
        for name, method in METHODS.items():
            seeds = range(settings.seed, settings.seed + settings.texts)
            texts = [write(model, prompt, method, settings.length, seed, stop) for seed in seeds]
            rows.append(describe(name, model, prompt, texts, tokenizer))
            bar.update()
        best = search_beams(model, prompt, settings.beams, settings.length, stop)
        rows.append(describe(f"beam search, {settings.beams} beams", model, prompt, [best] * settings.texts, tokenizer))
    header = ("method", "different pairs", "repeated 4-grams", "log-probability of a token", "its first text")
    print_table(header, rows)
    title = "The next token, as each method would draw it"
    save_picture(settings.picture_path, title, draw_distributions(title, model, prompt, tokenizer))


def describe(
    name: str, model: GPT, prompt: Sequence[int], texts: Sequence[Sequence[int]], tokenizer: Tokenizer
) -> tuple[str, ...]:
    """A row of the table."""
    repetition = sum(repeated(text) for text in texts) / len(texts)
    likely = sum(log_probability(model, prompt, text) for text in texts) / len(texts)
    return name, f"{distinct_pairs(texts):.2f}", f"{repetition:.2f}", f"{likely:.2f}", tokenizer.decode(list(texts[0]))


def draw_distributions(title: str, model: GPT, prompt: Sequence[int], tokenizer: Tokenizer) -> str:
    """For each method, a bar for each of the most likely tokens; each row has a scale of its own."""
    with torch.inference_mode():
        logits = read_prompt(model, prompt, model.new_cache(1, model.config.block_size))
    tokens = logits.topk(SHOWN_TOKENS).indices.tolist()
    elements = [draw_text(20, 36, title, size=18, weight=600)]
    for column, token in enumerate(tokens):
        text = tokenizer.decode([token]).strip() or "␣"
        elements.append(draw_text(180 + 44 * column, 66 + 16 * (column % 2), text, size=13))
    for row, (name, method) in enumerate(METHODS.items()):
        bottom = 150 + 56 * row
        probabilities = method(logits, prompt).softmax(-1)[tokens].tolist()
        elements.append(draw_text(20, bottom - 14, name, size=14))
        elements.append(draw_text(20, bottom + 2, f"highest {max(probabilities):.2f}", QUIET, size=12))
        for column, probability in enumerate(probabilities):
            height = 44 * probability / max(probabilities)
            elements.append(
                f'<rect x="{180 + 44 * column}" y="{bottom - height:.1f}" width="30" height="{height:.1f}" '
                f'fill="{COLORS[0]}"><title>{probability:.3f}</title></rect>'
            )
    return draw_svg(150 + 56 * len(METHODS), title, elements)


if __name__ == "__main__":
    pipeline.run(main)
