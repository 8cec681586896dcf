"""Step 3 of 5: encode the samples as token ids, in one file to train on and one to validate with.

Each sample becomes [BOS] … [EOS]. All samples of one post, and of posts that tell much the same, go to
the same side, so that the validation loss is measured on documents that the model has never seen.
An index of their documents is for step 05, which looks up those that answer a question.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pipeline
from corpus.retrieval import DocumentIndex, searchable
from corpus.samples import read_samples
from corpus.template import BOS, EOS
from gpt.token_file import TokenFileHeader, TokenFileWriter
from pipeline import StepError, setting
from pipeline.progress import progress_bar

from tokenizers import Tokenizer

# --- Files ---
SAMPLES_PATH = "data/samples.txt"  # made by step 01
TOKENIZER_PATH = "data/tokenizer.json"  # made by step 02 from these samples
TRAIN_BIN = "data/train.bin"  # token ids to train on
VAL_BIN = "data/val.bin"  # token ids to validate with
INDEX_PATH = "data/index.npz"  # which documents hold which tokens, for step 05 to look up

# --- Split ---
VAL_RATIO = 0.0  # share of the posts kept for validation; 0 = by the size of the text (choose_val_ratio)
BLOCK_SIZE = 1024  # tokens that step 04 sees at once; only to report how many samples are longer
BATCH_SAMPLES = 512  # samples encoded at once; more is no faster and takes more memory

# About 250,000 tokens tell the loss to the third digit; more make every evaluation of step 04 longer.
VAL_BYTES = 1_000_000
VAL_SHARE = 0.05  # of a small text, of which as much as possible should be learned from


@dataclass(frozen=True)
class Settings:
    """The constants above: their types, and what they may be."""

    samples_path: str
    tokenizer_path: str
    train_bin: str
    val_bin: str
    index_path: str
    val_ratio: float = setting(least=0, below=1)
    block_size: int = setting(least=1)
    batch_samples: int = setting(least=1)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    with progress_bar("check samples"):
        pipeline.require_artifact(settings.samples_path, "01_prepare_samples.py", settings)
        entry = pipeline.require_artifact(settings.tokenizer_path, "02_train_tokenizer.py", settings)
        pipeline.require_made_from(settings.tokenizer_path, entry, settings.samples_path, settings)
        tokenizer = Tokenizer.from_file(settings.tokenizer_path)
        val_ratio = settings.val_ratio or choose_val_ratio(Path(settings.samples_path).stat().st_size)
        validation = choose_validation(settings.samples_path, val_ratio)

    vocab_size = tokenizer.get_vocab_size()
    outputs = [settings.train_bin, settings.val_bin, settings.index_path]
    with pipeline.atomic_writes(outputs, "wb") as (*bins, index_file):
        style = find_style(settings.samples_path)
        train, val = (TokenFileWriter(file, vocab_size, entry["sha256"], style) for file in bins)
        longer = encode_samples(settings, tokenizer, validation, train, val)
        headers = train.finish(), val.finish()
        index = DocumentIndex.build(encode_documents(settings, tokenizer), vocab_size)
        index.save(index_file)
    inputs = [settings.samples_path, settings.tokenizer_path]
    pipeline.record_artifacts(outputs, Path(__file__).name, settings, inputs)
    print_report(settings, *headers, longer)
    print(f"{settings.index_path}: {len(index):,} documents to look answers up in")


def choose_val_ratio(sample_bytes: int) -> float:
    """The share of the posts to validate with that suits a text: VAL_BYTES of samples, of a small text VAL_SHARE."""
    return min(VAL_SHARE, VAL_BYTES / sample_bytes)


def choose_validation(samples_path: str, val_ratio: float) -> set[tuple[int, int]]:
    """The (post, part) pairs to validate with: whole families of posts, in the order of their hashes.

    They hold `val_ratio` of the documents, or a little less; at least one. A file with one family is split by its
    parts. Raises StepError when there is nothing to split.
    """
    members: dict[int, set[tuple[int, int]]] = {}
    for sample in read_samples(samples_path):
        members.setdefault(sample.family, set()).add((sample.post, sample.part))
    if len(members) == 1:
        (parts,) = members.values()
        members = {number: {part} for number, part in enumerate(sorted(parts))}
    if len(members) < 2:
        raise StepError(
            f"{samples_path}: it holds {len(members)} document, which cannot be split into one to train on and one to "
            f"validate with; put more text into the raw file, then run: {pipeline.command('01_prepare_samples.py')}"
        )
    wanted = math.ceil(val_ratio * sum(map(len, members.values())))
    chosen: set[tuple[int, int]] = set()
    for family in sorted(members, key=_hash):
        if len(chosen) + len(members[family]) <= wanted:
            chosen |= members[family]
    return chosen or min(members.values(), key=len)


def find_style(samples_path: str) -> str:
    """The STYLE that step 01 wrote the samples in."""
    return "summary" if next(read_samples(samples_path)).kind == "summary" else "answer"


def _hash(family: int) -> bytes:
    return hashlib.blake2b(str(family).encode(), digest_size=8).digest()


def encode_samples(
    settings: Settings, tokenizer: Tokenizer, validation: set, train: TokenFileWriter, val: TokenFileWriter
) -> int:
    """Encode batch by batch, so that memory does not grow with the file; return how many exceed BLOCK_SIZE."""
    bos, eos = tokenizer.token_to_id(BOS), tokenizer.token_to_id(EOS)
    longer = 0
    total = Path(settings.samples_path).stat().st_size
    with progress_bar("encode samples", total, unit="B") as bar:
        for batch in pipeline.batched(read_samples(settings.samples_path), settings.batch_samples):
            encodings = tokenizer.encode_batch_fast([sample.text for sample in batch])
            for sample, encoding in zip(batch, encodings, strict=True):
                token_ids = [bos, *encoding.ids, eos]
                (val if (sample.post, sample.part) in validation else train).write(token_ids)
                longer += len(token_ids) > settings.block_size
            bar.update(sum(len(sample.text.encode()) for sample in batch))
        bar.update(total - bar.n)
    return longer


def encode_documents(settings: Settings, tokenizer: Tokenizer) -> Iterator[tuple[int, list[int]]]:
    """Of each document: where its sample begins in the samples, and the tokens that it is found by."""
    total = Path(settings.samples_path).stat().st_size
    with progress_bar("index documents", total, unit="B") as bar:
        samples = (sample for sample in read_samples(settings.samples_path) if sample.document)
        for batch in pipeline.batched(samples, settings.batch_samples):
            texts = [searchable(f"{sample.title}\n{sample.document}") for sample in batch]
            for sample, encoding in zip(batch, tokenizer.encode_batch_fast(texts), strict=True):
                yield sample.position, encoding.ids
            bar.update(batch[-1].position - bar.n)
        bar.update(total - bar.n)


def print_report(settings: Settings, train: TokenFileHeader, val: TokenFileHeader, longer: int) -> None:
    samples = train.samples + val.samples
    for path, header in ((settings.train_bin, train), (settings.val_bin, val)):
        print(f"{path}: {header.samples:,} samples, {header.tokens:,} tokens as {header.dtype}")
    print(
        f"{longer:,} of {samples:,} samples ({longer / samples:.1%}) are longer than BLOCK_SIZE {settings.block_size}; "
        f"the mean is {(train.tokens + val.tokens) / samples:,.0f} tokens"
    )


if __name__ == "__main__":
    pipeline.run(main)
