"""Step 2 of 5: learn a vocabulary from the samples.

A tokenizer splits text into tokens, the units that the model reads and predicts. Byte-level BPE (Sennrich et al.,
2016; Radford et al., 2019) starts with the 256 bytes and repeatedly merges the most frequent pair of neighbours into a
new token, until the vocabulary is full. Every text consists of bytes, so every text can be encoded, and decoding
returns exactly the same text.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pipeline
from corpus.samples import read_samples
from corpus.template import MARKERS, UNK
from pipeline import StepError, file_setting, setting
from pipeline.progress import progress_bar

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

# --- Files ---
SAMPLES_PATH = "data/samples.txt"  # made by step 01
TOKENIZER_PATH = "data/tokenizer.json"  # the vocabulary and merges that this step writes

# --- Vocabulary ---
VOCAB_SIZE = 24000  # tokens; more make sequences shorter, but the embedding larger
BYTES_PER_TOKEN = 300  # bytes of samples per token; with less text, the vocabulary is smaller
MIN_FREQUENCY = 2  # a pair must occur this often to become a token

# With fewer, a token is hardly longer than a byte, and a document no longer fits into the context of the model.
SMALLEST_VOCABULARY = 4096


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    samples_path: str = file_setting()
    tokenizer_path: str = file_setting(written=True)
    vocab_size: int = setting(least=256 + len(MARKERS))  # the bytes and the markers alone
    bytes_per_token: int = setting(least=1)
    min_frequency: int = setting(least=1)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    with progress_bar("check samples"):
        entry = pipeline.require_artifact(settings.samples_path, "01_prepare_samples.py", settings)

    sample_bytes = Path(settings.samples_path).stat().st_size
    vocab_size = choose_vocab_size(settings.vocab_size, sample_bytes, settings.bytes_per_token)
    tokenizer = train_tokenizer(
        read_texts(settings.samples_path, "learn vocabulary"), vocab_size, settings.min_frequency
    )
    report = check_round_trip(tokenizer, read_texts(settings.samples_path, "check round trip"))

    with pipeline.atomic_write(settings.tokenizer_path) as file:
        file.write(tokenizer.to_str(pretty=True))
    inputs = {settings.samples_path: entry["sha256"]}
    pipeline.record_artifacts([settings.tokenizer_path], Path(__file__).name, asdict(settings), inputs)
    print(f"{tokenizer.get_vocab_size():,} tokens in {settings.tokenizer_path}; {report}")


def choose_vocab_size(wanted: int, sample_bytes: int, bytes_per_token: int) -> int:
    """The wanted size, or less if the text is too small to contain each token often enough."""
    affordable = max(SMALLEST_VOCABULARY, sample_bytes // bytes_per_token)
    if affordable >= wanted:
        return wanted
    print(
        f"The samples are {pipeline.human_size(sample_bytes)}: too little text for {wanted:,} tokens, "
        f"so the vocabulary gets {affordable:,}."
    )
    return affordable


def read_texts(samples_path: str, title: str) -> Iterator[str]:
    """The text of every sample; a progress bar shows the bytes read."""
    total = Path(samples_path).stat().st_size
    with progress_bar(title, total, unit="B") as bar:
        for sample in read_samples(samples_path):
            yield sample.text
            bar.update(len(sample.text.encode()))
        bar.update(total - bar.n)


def train_tokenizer(texts: Iterator[str], vocab_size: int, min_frequency: int) -> Tokenizer:
    """Byte-level BPE with the markers as special tokens; text is first split as Qwen2 splits it.

    The split pattern (words with the space before them, single digits, punctuation) is known to other programs by
    the name "qwen2", so an exported model tokenizes text there in the same way.
    """
    tokenizer = Tokenizer(models.BPE())
    words = Regex(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(words, behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        special_tokens=[AddedToken(marker, special=True, normalized=False) for marker in MARKERS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    with contextlib.ExitStack() as after_texts:

        def texts_then_merges() -> Iterator[str]:
            yield from texts
            # The library merges all pairs in one call, without reporting its progress.
            after_texts.enter_context(progress_bar("merge pairs"))

        tokenizer.train_from_iterator(texts_then_merges(), trainer)
    return tokenizer


def check_round_trip(tokenizer: Tokenizer, texts: Iterator[str]) -> str:
    """Encode and decode every sample; return a line about the bytes per token.

    Raises StepError for the first text that is not the same afterwards.
    """
    tokens = total_bytes = 0
    unknown = tokenizer.token_to_id(UNK)
    for batch in pipeline.batched(texts, 256):
        for text, encoding in zip(batch, tokenizer.encode_batch_fast(batch), strict=True):
            if tokenizer.decode(encoding.ids, skip_special_tokens=False) != text or unknown in encoding.ids:
                raise StepError(f"the tokenizer does not return the same text for {text[:60]!r}; nothing was written")
            tokens += len(encoding.ids)
            total_bytes += len(text.encode())
    return f"every sample decodes to itself, {total_bytes / tokens:.2f} bytes per token"


if __name__ == "__main__":
    pipeline.run(main)
