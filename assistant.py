"""From a question to its answer: the documents that it is made from, the prompt, and what may be written.

It joins the two wings: the text wing finds documents and holds an answer to them, the model wing writes it.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from types import SimpleNamespace

from corpus.contacts import has_hidden_contacts
from corpus.documents import Post, cut_documents, find_title
from corpus.form import LONGEST_CONTACT, GuidedForm, free_form, material_of, material_of_table
from corpus.guide import AnswerGuide
from corpus.normalization import normalize, standardize_labels
from corpus.retrieval import DocumentIndex, open_index, searchable
from corpus.template import BOS, MARKERS, Template, neutralize_markers
from corpus.verification import KnownContacts
from gpt.checkpoint import load_checkpoint, model_from
from gpt.device import choose_device
from gpt.generation import END, Prompt, generate_all
from gpt.model import GPT
from gpt.sampling import SamplingSettings
from pipeline import StepError

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

SUM_UP = "이 글의 내용을 정리해줘."  # what is asked of a document that comes without a question
LEAST_ANSWER = 320  # tokens of the context that a document leaves to its answer


@dataclass(frozen=True)
class Document:
    """What an answer is made from, and where it stands in the user's text; line 0 where it came from elsewhere."""

    text: str
    title: str = ""
    source: str = ""
    line: int = 0

    @classmethod
    def of_text(cls, text: str) -> "Document":
        """A document that the user gives, cleaned as step 01 cleaned the ones that the model was trained on."""
        text = neutralize_markers(standardize_labels(normalize(text).strip()))
        return cls(text, find_title(tuple(text.split("\n"))))


@dataclass(frozen=True)
class Request:
    """A question as the model gets it."""

    prompt: Prompt
    room: int  # tokens that the answer may have
    documents: list[Document]


@dataclass(frozen=True)
class Answer:
    """An answer that is finished."""

    number: int  # of its question, counted from 0
    question: str
    text: str
    documents: list[Document]
    ended: bool  # by itself, and not because there was no more room


@dataclass(frozen=True)
class Assistant:
    """A model with all that its answers are made from."""

    model: GPT
    tokenizer: Tokenizer
    template: Template
    tokenizer_sha256: str
    settings: SimpleNamespace

    @classmethod
    def load(cls, settings) -> "Assistant":
        device = choose_device(settings.device)
        checkpoint = load_checkpoint(settings.checkpoint_path)
        try:
            tokenizer = Tokenizer.from_str(checkpoint["tokenizer"])
            template = Template(**checkpoint["template"])
            model = model_from(checkpoint).to(device)
            return cls(model, tokenizer, template, checkpoint["inputs"]["tokenizer"], settings)
        except (LookupError, TypeError) as error:
            raise StepError(
                f"{settings.checkpoint_path}: another version of these scripts wrote it ({error}); "
                "delete it and run: python 04_train_gpt_from_scratch.py"
            ) from None

    @cached_property
    def index(self) -> DocumentIndex:
        return open_index(self.settings.index_path, self.settings.samples_path, self.tokenizer_sha256)

    @cached_property
    def table(self) -> list[dict]:
        """The contacts of the user's text, by institution, as step 01 writes them."""
        path = Path(self.settings.contacts_path)
        if not path.is_file():
            print(f"({path}: there is no such file, so the answer can give no contacts)", file=sys.stderr)
            return []
        try:
            table = json.loads(path.read_text(encoding="utf-8"))
            material_of_table(table)
            return table
        except (ValueError, LookupError, TypeError, AttributeError):
            raise StepError(f"{path}: it is no table of contacts; run: python 01_prepare_samples.py") from None

    def prepare(self, question: str, document: Document | None = None) -> Request:
        """Find a document where none is given, and put the prompt together."""
        question = normalize(question)
        if document:
            documents = [document]
        elif self.settings.closed_book:
            documents = []
        else:
            documents = self.find_documents(question)
        block_size = self.model.config.block_size
        space = block_size - min(LEAST_ANSWER, block_size // 2) - len(self.encode_prompt(question, "가"))
        if space < 1:
            size = self.count_tokens(question)
            raise StepError(f"QUESTION '{question[:20]}…': its {size:,} tokens are too many; ask in fewer words")
        documents = self.fit_documents(question, documents, space)
        prompt = self.encode_prompt(question, "\n\n".join(document.text for document in documents))
        room = min(self.settings.max_new_tokens, block_size - len(prompt))
        return Request(Prompt(prompt, self.guide(documents, room)), room, documents)

    def encode_prompt(self, question: str, document: str) -> list[int]:
        prompt = self.template.write_prompt(question, document)
        return [self.tokenizer.token_to_id(BOS), *self.tokenizer.encode(prompt).ids]

    def count_tokens(self, text: str) -> int:
        """Line by line, because memory grows with the length of what is encoded at once."""
        return sum(len(encoding.ids) for encoding in self.tokenizer.encode_batch_fast(text.splitlines(keepends=True)))

    def search_tokens(self, text: str) -> list[int]:
        return self.tokenizer.encode(searchable(text)).ids

    def find_documents(self, question: str) -> list[Document]:
        """The documents of the user's own text that say most about a question, the best first."""
        found = self.index.search(self.search_tokens(question), self.settings.documents)
        if not found:
            print("(no document shares a word with the question; --closed-book asks the model alone)", file=sys.stderr)
        samples = [self.index.read(each, self.settings.samples_path) for each in found]
        return [Document(sample.document, sample.title, sample.source, sample.line) for sample in samples]

    def fit_documents(self, question: str, documents: list[Document], space: int) -> list[Document]:
        """As many of the documents as `space` tokens hold; where even the first is longer, its best part."""
        fitting = []
        for document in documents:
            size = self.count_tokens(document.text)
            if not fitting and size > space:
                return [self.best_part(question, document, space)]
            if size > space:
                break
            fitting.append(document)
            space -= size + 1
        return fitting

    def best_part(self, question: str, document: Document, space: int) -> Document:
        """The part of a long document that says most about the question."""
        characters = max(1, int(len(document.text) * space / self.count_tokens(document.text)))
        while self.count_tokens(document.text) > space:
            post = Post(document.source, document.line, tuple(document.text.split("\n")))
            parts = cut_documents(post, 0, characters)
            tokens = enumerate(self.search_tokens(f"{part.title}\n{part.text}") for part in parts)
            found = DocumentIndex.build(tokens, self.model.config.vocab_size)
            best = found.search(self.search_tokens(question), 1)
            part = parts[best[0].number if best else 0]
            document = Document(part.text, part.title or document.title, document.source, part.line)
            characters = max(1, int(characters * 0.8))
        print("(the document is longer than the model can see: this answers from its best part)", file=sys.stderr)
        return document

    def guide(self, documents: list[Document], room: int) -> AnswerGuide:
        """What holds the answer to its form and to its documents."""
        settings = self.settings
        if settings.closed_book and not documents:
            material = material_of_table(self.table)
        else:
            material = material_of([(each.text, each.title) for each in documents], self.template.style)
        hidden = {(each.source, each.line) for each in documents if each.line and has_hidden_contacts(each.text)}
        if hidden:
            material = replace(material, contacts=material_of_table(self.table, hidden).contacts)
        count_tokens = lru_cache(maxsize=None)(lambda text: len(self.tokenizer.encode(text).ids))
        known = None
        if settings.verify_contacts:
            text = "\n".join(document.text for document in documents)
            known = KnownContacts(material.values(), text, lambda value: count_tokens(value) <= LONGEST_CONTACT)
        else:
            material = replace(material, contacts=None, all_contacts=False)
        if not settings.verify_lines:
            material = replace(material, summary=None, lists=None, passages=None)
        if settings.form == "free":
            form = free_form(self.template)
        else:
            form = GuidedForm(self.template, material, room, count_tokens).write()
        try:
            return AnswerGuide(form, known, self.tokenizer, self.template.nothing)
        except ValueError as error:
            raise StepError(
                f"MAX_NEW_TOKENS or the model's BLOCK_SIZE gives the answer {room:,} tokens: {error}; "
                'raise it, or set FORM to "free"'
            ) from None

    def write(self, request: Request) -> Iterator[str]:
        """The answer, piece by piece, whole characters only; line ends wait until something follows them."""
        tokens = (token for _, token in self._generate([request.prompt], rows=1) if token != END)
        written, line_ends = 0, ""
        stream = DecodeStream(skip_special_tokens=True)
        for token in tokens:
            written += 1
            # A Hangul syllable can be spread over tokens: the stream holds bytes back until they are whole.
            if piece := stream.step(self.tokenizer, token):
                # Bytes that make no character come out as U+FFFD; the training text has none.
                piece = line_ends + piece.replace("\ufffd", "")
                line_ends = piece[len(piece.rstrip("\n")) :]
                yield piece.rstrip("\n")
        if written == request.room:
            print("\n(cut off: MAX_NEW_TOKENS or the model's context was reached)", file=sys.stderr)

    def answer_all(self, questions: Iterable[tuple[str, Document | None]]) -> Iterator[Answer]:
        """Answer many questions, ROWS of them at once; an answer comes as soon as it is finished."""
        questions, requests = list(questions), []

        def prepare_all() -> Iterator[Prompt]:
            for question in questions:
                requests.append(self.prepare(*question))
                yield requests[-1].prompt

        tokens: list[list[int]] = [[] for _ in questions]
        for number, token in self._generate(prepare_all(), min(self.settings.rows, len(questions))):
            if token != END:
                tokens[number].append(token)
                continue
            text = self.tokenizer.decode(tokens[number]).replace("\ufffd", "").rstrip("\n")
            request = requests[number]
            ended = len(tokens[number]) < request.room
            yield Answer(number, questions[number][0], text, request.documents, ended)

    def _generate(self, prompts: Iterable[Prompt], rows: int) -> Iterator[tuple[int, int]]:
        settings = self.settings
        sampling = SamplingSettings(
            settings.temperature,
            settings.top_k,
            settings.top_p,
            settings.repetition_penalty,
            settings.no_repeat_ngram,
        )
        # The marker that ends an answer ends it as it should; any other would begin another sample.
        stops = {self.tokenizer.token_to_id(marker) for marker in MARKERS}
        return generate_all(self.model, prompts, rows, settings.max_new_tokens, stops, sampling, settings.seed)
