"""What one request wants: it is passed from stage to stage, and no stage changes it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from answering.source import Source
from gpt.generation import never
from gpt.sampling import SamplingSettings
from pipeline import check_ranges, setting


@dataclass(frozen=True, kw_only=True)
class Request:
    """A question and how it is to be answered. Raises StepError for a value out of range."""

    question: str = ""  # "" asks for a summary of `document`
    document: Source | None = None  # the document to answer from; None: search for one
    closed_book: bool  # without a search
    documents: int = setting(least=1)  # number of documents to search for
    form: Literal["guided", "free"]
    verify_contacts: bool  # allow only contacts of the documents, or of contacts.json
    verify_lines: bool  # with a document and the guided form: allow only lines of the document
    # In words of the model's own: below one heading no run of so many tokens twice within lines, and no two lines that
    # begin with the same token; 0: any.
    no_repeat_ngram: int = setting(least=0, default=0)
    sampling: SamplingSettings
    seed: int = setting(least=0, below=2**63)
    max_new_tokens: int = setting(least=1)  # in the answer; the context of the model is a limit too
    # Called before each token; True stops the answer.
    cancelled: Callable[[], bool] = field(default=never, compare=False)

    def __post_init__(self) -> None:
        check_ranges(self)
