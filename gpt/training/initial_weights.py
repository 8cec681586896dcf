"""Weights that a new run starts from (INIT_FROM): of an exported folder, or of another checkpoint."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gpt.checkpoint import load_checkpoint
from gpt.formats.qwen3 import read_qwen3
from gpt.model import GPTConfig
from pipeline import StepError

from tokenizers import Tokenizer
from torch import Tensor

# Which constant of step 04 decides each number of the shape. Dropout and block size change the shape of no weight.
CONSTANTS = {
    "vocab_size": "VOCAB_SIZE (of step 02)",
    "n_layer": "N_LAYER",
    "n_embd": "N_EMBD",
    "n_head": "N_HEAD",
    "n_kv_head": "N_KV_HEAD",
    "head_dim": "N_EMBD / N_HEAD",
    "n_hidden": "the feed-forward width, which follows from N_EMBD,",
    "tie_embeddings": "TIE_EMBEDDINGS",
    "rope_theta": "the base of the rotary positions",
    "norm_eps": "the epsilon of the norms",
}


@dataclass(frozen=True)
class InitialWeights:
    """Weights to start from, and the shape of their model: the fields of GPTConfig."""

    path: Path
    shape: dict[str, Any]
    weights: dict[str, Tensor]

    def require_shape(self, config: GPTConfig) -> None:
        """Raise StepError unless the weights are those of a model of this shape."""
        wanted = asdict(config)
        for name, constant in CONSTANTS.items():
            if self.shape[name] != wanted[name]:
                raise StepError(
                    f"{self.path}: {constant} is {self.shape[name]} there and {wanted[name]} here; set them alike, "
                    "or leave INIT_FROM empty"
                )


def read_initial_weights(path: Path | str, tokenizer: Tokenizer) -> InitialWeights:
    """The weights of an exported folder or a checkpoint.

    Raises StepError when there are none, or they were trained with another tokenizer.
    """
    path = Path(path)
    if not path.exists():
        raise StepError(
            f"{path}: file or folder not found; set INIT_FROM to a folder that export.py wrote, or leave it empty"
        )
    if path.is_dir():
        shape, weights, their_tokenizer = without_unused_rows(*read_qwen3(path))
    else:
        checkpoint = load_checkpoint(path)
        shape, weights = checkpoint["config"], checkpoint["model"]
        their_tokenizer = Tokenizer.from_str(checkpoint["tokenizer"])
    if their_tokenizer.get_vocab() != tokenizer.get_vocab():
        raise StepError(
            f"{path}: it was trained with another tokenizer, whose tokens mean other text; "
            "put its tokenizer.json back in the place of TOKENIZER_PATH, or leave INIT_FROM empty"
        )
    return InitialWeights(path, shape, weights)


def without_unused_rows(
    shape: dict[str, Any], weights: dict[str, Tensor], tokenizer: Tokenizer
) -> tuple[dict[str, Any], dict[str, Tensor], Tokenizer]:
    """Drop the rows of the vocabulary that stand for no token: other programs add some, up to a round number."""
    size = tokenizer.get_vocab_size()
    if size < shape["vocab_size"]:
        shape = shape | {"vocab_size": size}
        weights = weights | {name: weights[name][:size] for name in ("embedding.weight", "head.weight")}
    return shape, weights, tokenizer
