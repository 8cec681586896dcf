"""tokenizer.json, as the steps after step 02 read it."""

from pathlib import Path

import pipeline
from corpus.template import require_markers
from pipeline import StepError

from tokenizers import Tokenizer


def read_tokenizer(path: Path | str) -> Tokenizer:
    """The tokenizer in a file. Raises StepError for a file that is none, or not one of step 02."""
    try:
        tokenizer = Tokenizer.from_file(str(path))
        require_markers(tokenizer)
    except Exception as error:  # tokenizers raises nothing more exact
        remake = pipeline.command("02_train_tokenizer.py", tokenizer_path=str(path))
        raise StepError(f"{path}: not a tokenizer of step 02 ({error}); run: {remake}") from None
    return tokenizer
