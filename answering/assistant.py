"""From a question to its answer, stage by stage: find documents, fit them, write the prompt, guide the model, write.

Here text and model meet: `corpus` finds documents and says what may be written, and `gpt` writes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pipeline
from answering.contacts_file import ContactsFile
from answering.decoding import TextDecoder
from answering.guide import AnswerGuide, build_guide
from answering.material import choose_material, contacts_from_table
from answering.notes import WEAK_MATCH_NOTE, notes_on_documents
from answering.offer import offer_form
from answering.prompt import SUMMARIZE, encode_prompt, fit_documents, space_for_documents
from answering.request import Request
from answering.search import DocumentSearch
from answering.source import Source
from corpus.raw.normalization import normalize
from corpus.template import MARKERS, Template, marker_id, require_markers
from gpt.checkpoint import Checkpoint, load_checkpoint, model_from
from gpt.decoding_weights import Weights
from gpt.device import choose_device
from gpt.formats.qwen3 import read_as_checkpoint
from gpt.generation import END, Prompt, generate_all
from gpt.model import GPT
from pipeline import StepError

from tokenizers import Tokenizer


@dataclass(frozen=True)
class Artifacts:
    """The files that an assistant is made of, and the device that its model runs on."""

    checkpoint_path: str
    index_path: str
    samples_path: str
    contacts_path: str
    device: str  # auto, cuda, mps or cpu
    weights: Weights = "fp32"  # of the matrices, where few tokens are read at once


@dataclass(frozen=True)
class PreparedAnswer:
    """A request on its way to the model, with everything that its answer is made from."""

    request: Request
    prompt: Prompt
    sources: list[Source]
    notes: tuple[str, ...]  # what a reader should know about the sources, one line each
    offer: list[Source] = field(default_factory=list)  # posts to choose from, where none is likely to be an answer


@dataclass(frozen=True)
class WrittenAnswer:
    """A finished answer."""

    number: int  # of its request, counted from 0
    question: str
    text: str
    token_count: int
    sources: list[Source]
    notes: tuple[str, ...]
    ended: bool  # False: cut off because no tokens were left for it, or cancelled
    offer: list[Source] = field(default_factory=list)  # as in `PreparedAnswer`


@dataclass(frozen=True)
class Piece:
    """The next characters of an answer."""

    number: int  # of the request, counted from 0
    text: str
    answer: WrittenAnswer | None = None  # with the last piece


@dataclass(frozen=True)
class Assistant:
    """A model with everything that its answers are made from. It keeps nothing of a request."""

    model: GPT
    tokenizer: Tokenizer
    template: Template
    search: DocumentSearch
    contacts_file: ContactsFile

    @classmethod
    def load(cls, artifacts: Artifacts) -> "Assistant":
        """Read the checkpoint; index, samples and contacts are read when they are needed. Raises StepError."""
        path = Path(artifacts.checkpoint_path)
        return cls.of_checkpoint(read_as_checkpoint(path) if path.is_dir() else load_checkpoint(path), artifacts)

    @classmethod
    def of_checkpoint(cls, checkpoint: Checkpoint, artifacts: Artifacts) -> "Assistant":
        """An assistant with the model of a checkpoint that has been read. Raises StepError."""
        path = artifacts.checkpoint_path
        device = choose_device(artifacts.device)
        pipeline.require_setting(
            artifacts.weights == "fp32" or device.type == "cpu",
            f"WEIGHTS is {artifacts.weights}, which only a CPU computes, and DEVICE is {device}; set DEVICE cpu, or "
            "WEIGHTS fp32",
        )
        try:
            tokenizer = Tokenizer.from_str(checkpoint["tokenizer"])
            require_markers(tokenizer)
            template = Template.from_dict(checkpoint["template"])
            model = model_from(checkpoint).to(device)
            tokenizer_sha256 = checkpoint["inputs"]["tokenizer"]
        except (LookupError, TypeError, ValueError) as error:
            restart = pipeline.command("04_train_gpt_from_scratch.py", checkpoint_path=path, restart=True)
            raise StepError(
                f"{path}: another version of these scripts wrote it ({error}); to start anew, run: {restart}"
            ) from None
        model.prepare_for_decoding(artifacts.weights)
        search = DocumentSearch(artifacts.index_path, artifacts.samples_path, tokenizer_sha256)
        return cls(model, tokenizer, template, search, ContactsFile(artifacts.contacts_path))

    def prepare(self, request: Request) -> PreparedAnswer:
        """Do all that comes before writing: find, fit, prompt, guide. Raises StepError."""
        question = normalize(request.question)
        asked = question or (SUMMARIZE if request.document else "")
        block_size = self.model.config.block_size

        found = self.search.find_candidates(request, question)
        if found.offer:
            return self._prepare_offer(request, asked, found.offer)
        space = space_for_documents(asked, block_size, self.tokenizer, self.template)
        sources = fit_documents(question, found, space, self.tokenizer)
        tokens = encode_prompt(asked, sources, self.tokenizer, self.template)
        max_new_tokens = min(request.max_new_tokens, block_size - len(tokens))
        from_table = contacts_from_table(request, question, sources, found.searched, self.contacts_file)
        material = choose_material(request, question, sources, self.template.style, from_table)
        guide = build_guide(request, material, sources, max_new_tokens, self.tokenizer, self.template)

        notes = [*notes_on_documents(question, found, sources)]
        if from_table is not None and self.contacts_file.is_missing:
            notes.append(f"({self.contacts_file.path}: file not found, so the answer can give no contacts)")
        prompt = Prompt(tokens, request.sampling, request.seed, max_new_tokens, guide, request.cancelled)
        return PreparedAnswer(request, prompt, sources, tuple(notes))

    def _prepare_offer(self, request: Request, asked: str, offer: list[Source]) -> PreparedAnswer:
        """The titles of posts to choose from, in place of an answer; the model has no choice about a single token."""
        tokens = encode_prompt(asked, [], self.tokenizer, self.template)
        max_new_tokens = min(request.max_new_tokens, self.model.config.block_size - len(tokens))
        guide = AnswerGuide(offer_form(offer, self.template), None, self.tokenizer, self.template)
        prompt = Prompt(tokens, request.sampling, request.seed, max_new_tokens, guide, request.cancelled)
        return PreparedAnswer(request, prompt, [], (WEAK_MATCH_NOTE,), offer)

    def require_short_question(self, question: str) -> None:
        """Raise StepError for a question that is too long to be answered."""
        space_for_documents(question, self.model.config.block_size, self.tokenizer, self.template)

    def write(self, prepared: PreparedAnswer) -> Iterator[Piece]:
        """One answer, piece by piece."""
        return self.write_all([prepared], rows=1)

    def write_all(self, prepared: Iterable[PreparedAnswer], rows: int) -> Iterator[Piece]:
        """The pieces of many answers, `rows` of which are written at once; the last piece of each brings the answer.

        An iterator is asked for the next answer whenever a row is free, also after it had none.
        """
        numbers = count()
        under_way: dict[int, tuple[PreparedAnswer, TextDecoder]] = {}

        def begin(answer: PreparedAnswer) -> Prompt:
            contacts = answer.prompt.guide.contacts if isinstance(answer.prompt.guide, AnswerGuide) else None
            under_way[next(numbers)] = answer, TextDecoder(self.tokenizer, contacts)
            return answer.prompt

        # The marker that ends an answer is the right one; any other would begin something else.
        stop_tokens = {marker_id(self.tokenizer, marker) for marker in MARKERS}
        for number, token in generate_all(self.model, map(begin, prepared), rows, stop_tokens):
            answer, decoder = under_way[number]
            if token == END:
                del under_way[number]
                ended = decoder.token_count < answer.prompt.max_new_tokens and not answer.request.cancelled()
                last = decoder.finish(cut=not ended)
                yield Piece(number, last, _written(number, answer, decoder, ended))
            elif text := decoder.add(token):
                yield Piece(number, text)

    def answer_all(self, requests: Sequence[Request], rows: int) -> Iterator[WrittenAnswer]:
        """Answer many requests, `rows` at once; an answer is yielded as soon as it is finished."""
        for piece in self.write_all(map(self.prepare, requests), min(rows, len(requests))):
            if piece.answer:
                yield piece.answer


def _written(number: int, prepared: PreparedAnswer, decoder: TextDecoder, ended: bool) -> WrittenAnswer:
    return WrittenAnswer(
        number=number,
        question=prepared.request.question or SUMMARIZE,
        text=decoder.text,
        token_count=decoder.token_count,
        sources=prepared.sources,
        notes=prepared.notes,
        ended=ended,
        offer=prepared.offer,
    )
