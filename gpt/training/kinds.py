"""What a predicted token belongs to: a question, a document, an answer with its document, or one without.

The loss of each kind says something else: that of grounded answers, whether the model copies from the document; that
of closed-book answers and of documents, what it knows of the language and of the text.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

KINDS = ("question", "document", "grounded", "closed_book")
UNKNOWN = -1  # in a piece of a cut sample, whose beginning is not in the row


@dataclass(frozen=True)
class SampleMarkers:
    """The ids of the tokens at which a sample passes from one kind to the next."""

    sample: int  # begins every sample
    document: int
    document_end: int
    answer: int
    answer_end: int

    def kinds_of(self, inputs: Tensor) -> Tensor:
        """For each position of inputs (B, T), the index in KINDS of the token after it, or UNKNOWN."""
        markers = (self.sample, self.document, self.document_end, self.answer, self.answer_end)
        positions = torch.arange(inputs.size(1)).expand_as(inputs)
        last = [torch.where(inputs == marker, positions, -1).cummax(1).values for marker in markers]  # (B, T) each
        sample, document = last[:2]
        is_grounded = document > sample
        question, in_document, grounded, closed_book = range(len(KINDS))
        # The kind of what follows each of the markers.
        following = [
            torch.full_like(inputs, question),
            torch.full_like(inputs, in_document),
            torch.full_like(inputs, question),
            torch.where(is_grounded, grounded, closed_book),
            torch.full_like(inputs, question),
        ]
        latest = torch.stack(last).argmax(0, keepdim=True)  # (1, B, T)
        kinds = torch.stack(following).gather(0, latest)[0]
        return kinds.where(sample >= 0, UNKNOWN)
