"""`train.bin` and `val.bin`: one line of JSON that says what follows, then token ids, one after another.

head -c 512 data/train.bin
{"format": "gpt-tokens-1", "dtype": "uint16", "tokens": 123456, "samples": 789, …}
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import pipeline
from pipeline import StepError

import numpy as np

FORMAT = "gpt-tokens-1"
HEADER_BYTES = 512


@dataclass
class TokenFileHeader:
    """What a token file says about itself."""

    format: str
    dtype: str  # "uint16" or "uint32", little-endian
    tokens: int
    samples: int
    vocab_size: int
    tokenizer_sha256: str
    style: str  # of the samples; steps 04 and 05 ask in it


def dtype_for(vocab_size: int) -> str:
    """The smallest type that holds every token id."""
    return "uint16" if vocab_size <= 1 << 16 else "uint32"


class TokenFileWriter:
    """Writes samples to an open binary file; `finish` completes the header."""

    def __init__(self, file: BinaryIO, vocab_size: int, tokenizer_sha256: str, style: str) -> None:
        self.file = file
        self.header = TokenFileHeader(FORMAT, dtype_for(vocab_size), 0, 0, vocab_size, tokenizer_sha256, style)
        self.file.write(b" " * HEADER_BYTES)

    def write(self, token_ids: Iterable[int]) -> None:
        """Append one sample."""
        array = np.asarray(token_ids, dtype=np.dtype(self.header.dtype).newbyteorder("<"))
        self.file.write(array.tobytes())
        self.header.tokens += len(array)
        self.header.samples += 1

    def finish(self) -> TokenFileHeader:
        """Write the header with the final counts."""
        line = json.dumps(asdict(self.header)).encode()
        self.file.seek(0)
        self.file.write(line.ljust(HEADER_BYTES - 1) + b"\n")
        return self.header


def read_token_file(path: Path | str) -> tuple[TokenFileHeader, np.ndarray]:
    """The header and the tokens, (tokens,), mapped from the disk instead of read into memory.

    Raises StepError when the file is not a token file or its size is not what its header says.
    """
    path = Path(path)
    remedy = f"run: {pipeline.command('03_build_bin_dataset.py')}"
    try:
        with open(path, "rb") as file:
            header = TokenFileHeader(**json.loads(file.read(HEADER_BYTES)))
        dtype = np.dtype(dtype_for(header.vocab_size)).newbyteorder("<")
    except FileNotFoundError:
        raise StepError(f"{path}: file not found; {remedy}") from None
    except (ValueError, TypeError, RecursionError):
        raise StepError(f"{path}: not a token file (it has no header); {remedy}") from None
    if header.format != FORMAT:
        raise StepError(f"{path}: its format is {header.format!r}, not {FORMAT!r}; {remedy}")
    if type(header.tokens) is not int or header.dtype != dtype.name or type(header.style) is not str:
        raise StepError(f"{path}: its header is that of no token file; {remedy}")
    expected = HEADER_BYTES + header.tokens * dtype.itemsize
    if path.stat().st_size != expected:
        raise StepError(f"{path}: it has {path.stat().st_size:,} bytes where its header says {expected:,}; {remedy}")
    if not header.tokens:
        raise StepError(f"{path}: it holds no tokens; {remedy}")
    tokens = np.memmap(path, dtype=dtype, mode="r", offset=HEADER_BYTES, shape=(header.tokens,))
    if tokens.max() >= header.vocab_size:
        raise StepError(f"{path}: it holds tokens that the tokenizer does not have; {remedy}")
    return header, tokens
