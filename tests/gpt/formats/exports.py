"""Models to export, texts to ask them, and what export.py writes of them."""

import importlib
import math
import unicodedata
from dataclasses import asdict
from pathlib import Path

from corpus.template import BOS, MARKERS, Template
from gpt.model import GPT, GPTConfig
from gpt.sampling import SamplingSettings

import torch
from hypothesis import strategies as st
from tokenizers import Tokenizer

export = importlib.import_module("export")

QUESTION = "마닐라에서 여권을 [DOC] 잃어버리면 무엇부터 하나요?"
DOCUMENT = "먼저 경찰서에서 분실 신고서를 받으세요.\n그다음 대사관에 예약하고 방문하세요. [EOS]"


def randomize(checkpoint: dict, **changes) -> dict:
    """The checkpoint with weights that are random throughout: a new model's zeros would hide mistakes."""
    config = GPTConfig(**{**checkpoint["config"], **changes})
    model, generator = GPT(config), torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.3 * noise if parameter.dim() == 1 else noise / math.sqrt(parameter.size(1)))
    return {**checkpoint, "config": asdict(config), "model": model.state_dict()}


def write_export(folder: Path, checkpoint: dict, format: str, dtype: str = "fp32") -> None:
    """What export.py writes into a folder at its defaults."""
    export.write_export(folder, checkpoint, format, dtype, "korean-gpt", SamplingSettings(0.3, 50, 0.9))


MODELS = {
    "trained": lambda checkpoint: checkpoint,
    "random": randomize,
    "grouped": lambda checkpoint: randomize(
        checkpoint, n_layer=2, n_head=4, n_kv_head=2, head_dim=24, rope_theta=500.0, norm_eps=0.01
    ),
    "tied": lambda checkpoint: randomize(checkpoint, tie_embeddings=True),
}


ANY_TEXT = st.lists(
    st.one_of(
        st.text(st.characters(codec="utf-8"), max_size=6),
        st.text(st.characters(min_codepoint=0x1100, max_codepoint=0x11FF), max_size=4),  # Hangul in pieces
        st.sampled_from(
            [*MARKERS, "여권", unicodedata.normalize("NFD", "한글"), "'s", "\r\n", "  ", "ﬁ", "Å", "[/ANSWER"]
        ),
    ),
    max_size=8,
).map("".join)


def with_tokenizer(checkpoint: dict, tokenizer: Tokenizer) -> dict:
    """The checkpoint with another tokenizer, and weights that are of no account."""
    changed = {**checkpoint, "tokenizer": tokenizer.to_str()}
    return randomize(changed, vocab_size=tokenizer.get_vocab_size())


def prompts_of(checkpoint: dict) -> list[list[int]]:
    """What step 05 gives to the model, for a question alone and for one with a document."""
    tokenizer, template = Tokenizer.from_str(checkpoint["tokenizer"]), Template(**checkpoint["template"])
    texts = [template.write_prompt(QUESTION), template.write_prompt(QUESTION, DOCUMENT)]
    return [[tokenizer.token_to_id(BOS), *tokenizer.encode(text).ids] for text in texts]
