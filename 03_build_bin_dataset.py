"""Step 3 of 5: encode the samples as token ids, in one file for training and one for validation.

Each sample becomes [BOS] … [EOS]. All samples of a post and of similar posts go to the same file, so that the
validation loss is measured on documents that the model has never seen. An index of the documents is for step 05,
which searches it for those that answer a question.
"""

import hashlib
import math
from collections.abc import Container, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pipeline
from corpus.retrieval.index import DocumentIndex, IndexedDocument
from corpus.retrieval.pieces import document_terms
from corpus.samples import read_samples
from corpus.template import BOS, EOS
from corpus.tokenizer_file import read_tokenizer
from gpt.token_file import TokenFileHeader, TokenFileWriter
from pipeline import StepError, file_setting, setting
from pipeline.progress import progress_bar

from tokenizers import Tokenizer

# --- Files ---
SAMPLES_PATH = "data/samples.txt"  # made by step 01
TOKENIZER_PATH = "data/tokenizer.json"  # made by step 02 from these samples
TRAIN_BIN = "data/train.bin"  # token ids for training
VAL_BIN = "data/val.bin"  # token ids for validation
INDEX_PATH = "data/index.npz"  # which documents contain which pieces of words, for the search of step 05

# --- Split ---
VAL_RATIO = 0.0  # share of the posts for validation; 0 = by the size of the text (choose_val_ratio)
BLOCK_SIZE = 1024  # tokens of the context of step 04; only to report how many samples are longer
BATCH_SAMPLES = 512  # samples encoded at once; more are not faster and need more memory

# About 250,000 tokens measure the loss to three digits; more make every evaluation of step 04 longer.
VAL_BYTES = 1_000_000
VAL_SHARE = 0.05  # of a small text, most of which is needed for training


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types and ranges."""

    samples_path: str = file_setting()
    tokenizer_path: str = file_setting()
    train_bin: str = file_setting(written=True)
    val_bin: str = file_setting(written=True)
    index_path: str = file_setting(written=True)
    val_ratio: float = setting(least=0, below=1)
    block_size: int = setting(least=1)
    batch_samples: int = setting(least=1)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    with progress_bar("check samples"):
        samples_entry = pipeline.require_artifact(settings.samples_path, "01_prepare_samples.py", settings)
        entry = pipeline.require_artifact(settings.tokenizer_path, "02_train_tokenizer.py", settings)
        pipeline.require_made_from(settings.tokenizer_path, entry, settings.samples_path, settings)
        tokenizer = read_tokenizer(settings.tokenizer_path)
        val_ratio = settings.val_ratio or choose_val_ratio(Path(settings.samples_path).stat().st_size)
        validation = choose_validation(settings.samples_path, val_ratio)

    vocab_size = tokenizer.get_vocab_size()
    outputs = [settings.train_bin, settings.val_bin, settings.index_path]
    with pipeline.atomic_writes(outputs, "wb") as (*bins, index_file):
        style = find_style(settings.samples_path)
        train, val = (TokenFileWriter(file, vocab_size, entry["sha256"], style) for file in bins)
        longer = encode_samples(settings, tokenizer, validation, train, val)
        headers = train.finish(), val.finish()
        index = DocumentIndex.build(read_documents(settings.samples_path))
        index.save(index_file)
    inputs = {settings.samples_path: samples_entry["sha256"], settings.tokenizer_path: entry["sha256"]}
    pipeline.record_artifacts(outputs, Path(__file__).name, asdict(settings), inputs)
    print_report(settings, *headers, longer)
    print(f"{settings.index_path}: {len(index):,} documents to look answers up in")


def choose_val_ratio(sample_bytes: int) -> float:
    """The share of the posts for validation: VAL_BYTES of samples, but at most VAL_SHARE of the text."""
    return min(VAL_SHARE, VAL_BYTES / sample_bytes)


def choose_validation(samples_path: str, val_ratio: float) -> set[tuple[int, int]]:
    """The (post, part) pairs for validation: whole families of posts, in the order of their hashes.

    They contain `val_ratio` of the documents or a little less, at least one. A file with a single family is split by
    its documents. Raises StepError if there are fewer than two documents.
    """
    members: dict[int, set[tuple[int, int]]] = {}
    for sample in read_samples(samples_path):
        members.setdefault(sample.family, set()).add((sample.post, sample.part))
    if len(members) == 1:
        (documents,) = members.values()
        members = {number: {document} for number, document in enumerate(sorted(documents))}
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
    """The STYLE with which step 01 wrote the samples."""
    return "summary" if next(read_samples(samples_path)).kind == "summary" else "answer"


def _hash(family: int) -> bytes:
    return hashlib.blake2b(str(family).encode(), digest_size=8).digest()


def encode_samples(
    settings: Settings,
    tokenizer: Tokenizer,
    validation: Container[tuple[int, int]],
    train: TokenFileWriter,
    val: TokenFileWriter,
) -> int:
    """Write the samples to `train` or `val`, batch by batch; return how many are longer than BLOCK_SIZE."""
    bos, eos = tokenizer.token_to_id(BOS), tokenizer.token_to_id(EOS)
    assert bos is not None and eos is not None  # every tokenizer of step 02 contains the markers
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


def read_documents(samples_path: str) -> Iterator[IndexedDocument]:
    """The documents of the samples, as the index needs them."""
    total = Path(samples_path).stat().st_size
    with progress_bar("index documents", total, unit="B") as bar:
        for sample in read_samples(samples_path):
            if sample.document:
                yield IndexedDocument(document_terms(sample.title, sample.document), sample.position, sample.post)
                bar.update(sample.position - bar.n)
        bar.update(total - bar.n)


def print_report(settings: Settings, train: TokenFileHeader, val: TokenFileHeader, longer: int) -> None:
    """Print the sizes of the two files and how many samples are longer than BLOCK_SIZE."""
    samples = train.samples + val.samples
    for path, header in ((settings.train_bin, train), (settings.val_bin, val)):
        print(f"{path}: {header.samples:,} samples, {header.tokens:,} tokens as {header.dtype}")
    print(
        f"{longer:,} of {samples:,} samples ({longer / samples:.1%}) are longer than BLOCK_SIZE {settings.block_size}; "
        f"the mean is {(train.tokens + val.tokens) / samples:,.0f} tokens"
    )


if __name__ == "__main__":
    pipeline.run(main)
