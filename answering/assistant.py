"""From a question to its answer: the documents that it is made from, the prompt, and what may be written.

It joins the two wings: the text wing finds documents and holds an answer to them, the model wing writes it.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace

import pipeline
from answering.form import LONGEST_CONTACT, GuidedForm, free_form, material_of, material_of_table
from answering.guide import AnswerGuide
from answering.verification import KnownContacts
from corpus.extraction.contacts import has_hidden_contacts
from corpus.extraction.owners import UNNAMED
from corpus.raw.documents import cut_documents
from corpus.raw.layout import SEPARATOR
from corpus.raw.normalization import normalize, standardize_labels
from corpus.raw.posts import split_posts
from corpus.raw.reading import Line
from corpus.raw.titles import find_title, first_words
from corpus.raw.words import content_words
from corpus.retrieval import WEAK_MATCH, DocumentIndex, FoundDocument, matching_share, open_index, searchable
from corpus.samples import Sample
from corpus.template import BOS, MARKERS, Template, neutralize_markers
from gpt.checkpoint import load_checkpoint, model_from
from gpt.device import choose_device
from gpt.generation import END, Prompt, generate_all
from gpt.model import GPT
from gpt.sampling import SamplingSettings
from pipeline import StepError, batched

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

SUM_UP = "이 글의 내용을 정리해줘."  # what is asked of a document that comes without a question
LEAST_ANSWER = 320  # tokens of the context that a document leaves to its answer


@dataclass(frozen=True)
class Source:
    """A text that an answer is made from, and where it stands."""

    text: str
    title: str = ""
    file: str = ""  # "" where it came in a line of JSON
    line: int = 0  # on which it begins, counted from 1; a part that was found by the index has that of its post
    numbers: tuple[int, ...] = field(default=(), repr=False)  # of its lines, where each is known

    @property
    def name(self) -> str:
        """What it is listed as: its title, or its first words where it has none."""
        return self.title or first_words(self.text)

    @classmethod
    def of_text(cls, text: str) -> "Source":
        """A text that comes by itself, its lines counted from 1."""
        return cls.of_lines(Line("", number, line) for number, line in enumerate(normalize(text).split("\n"), start=1))

    @classmethod
    def of_lines(cls, lines: Iterable[Line], file: str = "") -> "Source":
        """A document that the user gives, cleaned as step 01 cleaned the ones that the model was trained on."""
        lines = list(lines)
        text = neutralize_markers(standardize_labels("\n".join(line.text for line in lines)))
        above = text[: len(text) - len(text.lstrip())].count("\n")
        numbers = tuple(line.number for line in lines[above:])
        text = text.strip()
        return cls(text, find_title(tuple(text.split("\n", 3))), file, numbers[0] if text else 0, numbers)

    def cut(self, most: int) -> list["Source"]:
        """Its posts, those of more than `most` characters in parts, each with the line on which it begins."""
        lines = [
            Line(self.file, number, text)
            for number, text in zip(self.numbers or repeat(self.line), self.text.split("\n"), strict=False)
        ]
        # Posts keep every line with something on it in its order, but for separators.
        numbers = iter([line.number for line in lines if line.text.strip() and not SEPARATOR.match(line.text)])
        parts = []
        for count, post in enumerate(split_posts(lines)):
            numbers_of_post = [next(numbers) if text else 0 for text in post.lines]
            text = "\n".join(post.lines)
            first = end = 0  # line of the post on which a part begins; the character on which the one before it ends
            for part in cut_documents(post, count, most):
                start = text.index(part.text, end)
                first += text.count("\n", end, start)
                line_ends = part.text.count("\n")
                numbers_of_part = tuple(numbers_of_post[first : first + line_ends + 1])
                title = part.title or ("" if count else self.title)
                parts.append(Source(part.text, title, self.file, numbers_of_part[0], numbers_of_part))
                first, end = first + line_ends, start + len(part.text)
        return parts or [replace(self, text=self.text[:most])]


@dataclass(frozen=True)
class Request:
    """A question as the model gets it."""

    prompt: Prompt
    room: int  # tokens that the answer may have
    sources: list[Source]
    notes: tuple[str, ...] = ()  # what a reader should know about the sources, a line each


@dataclass(frozen=True)
class WrittenAnswer:
    """An answer that is finished."""

    number: int  # of its question, counted from 0
    question: str
    text: str
    sources: list[Source]
    notes: tuple[str, ...]
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
            anew = pipeline.command(
                "04_train_gpt_from_scratch.py", checkpoint_path=settings.checkpoint_path, restart=True
            )
            raise StepError(
                f"{settings.checkpoint_path}: another version of these scripts wrote it ({error}); to start anew, "
                f"run: {anew}"
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
            raise StepError(
                f"{path}: not a table of contacts; run: {pipeline.remake(path, '01_prepare_samples.py')}"
            ) from None

    def prepare(self, question: str, document: Source | None = None) -> Request:
        """Find a document where none is given, and put the prompt together; "" asks to sum the given one up."""
        question = normalize(question)
        searching = not document and not self.settings.closed_book
        if searching:
            candidates = self.find_documents(question)
        else:
            candidates = self.choose_posts(question, document) if document else []
        asked = question or (SUM_UP if document else "")
        sources = self.fit_documents(question, candidates, self.space_beside(asked))
        prompt = self.encode_prompt(asked, "\n\n".join(source.text for source in sources))
        room = min(self.settings.max_new_tokens, self.model.config.block_size - len(prompt))
        notes = tuple(self.comment(question, searching, candidates, sources))
        return Request(Prompt(prompt, self.guide(question, sources, room, searching)), room, sources, notes)

    def space_beside(self, question: str) -> int:
        """The tokens that documents may have beside a question. Raises StepError where it leaves none."""
        block_size = self.model.config.block_size
        space = block_size - min(LEAST_ANSWER, block_size // 2) - len(self.encode_prompt(question, "가"))
        if space < 1:
            size = self.count_tokens(question)
            raise StepError(f"QUESTION '{question[:20]}…': its {size:,} tokens are too many; ask in fewer words")
        return space

    def comment(self, question: str, searched: bool, found: list[Source], used: list[Source]) -> Iterator[str]:
        """What a reader should know of the documents on their way into the prompt, a line each."""
        if searched and not found:
            yield "(no document shares a word with the question; --closed-book asks the model alone)"
        elif searched and all(self.is_weak_match(question, source) for source in used):
            yield "(weak match: little of the question stands in what was found; it may be about something else)"
        if searched and len(used) < len(found):
            yield f"({len(used)} of {len(found)} documents fit into the context)"
        if used and (used[0] is not found[0] or (len(used) < len(found) and not searched)):
            which = "best" if question else "first"
            yield f"(the document is longer than the model can see: this answers from its {which} part)"

    def is_weak_match(self, question: str, source: Source) -> bool:
        """Whether little of the question stands in a document that was found for it."""

        def rarity(word: str) -> float:
            return self.index.rarity(self.encode(f" {word}"))

        return matching_share(question, f"{source.title}\n{source.text}", rarity) < WEAK_MATCH

    def encode_prompt(self, question: str, document: str) -> list[int]:
        prompt = self.template.write_prompt(question, document)
        return [self.tokenizer.token_to_id(BOS), *self.tokenizer.encode(prompt).ids]

    def count_tokens(self, text: str) -> int:
        """Some lines at a time, because memory grows with the length of what is encoded at once."""
        batches = batched(text.splitlines(keepends=True), 1000)
        return sum(len(encoding.ids) for lines in batches for encoding in self.tokenizer.encode_batch_fast(lines))

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text).ids

    def find_documents(self, question: str) -> list[Source]:
        """The documents of the user's own text that say most about a question, the best first."""

        def read(found: FoundDocument) -> Sample:
            return self.index.read(found, self.settings.samples_path)

        def text_of(found: FoundDocument) -> str:
            sample = read(found)
            return f"{sample.title}\n{sample.document}"

        samples = map(read, self.index.find(question, self.settings.documents, self.encode, text_of))
        return [Source(sample.document, sample.title, sample.source, sample.line) for sample in samples]

    def choose_posts(self, question: str, document: Source) -> list[Source]:
        """The posts of a given document that share a word with the question, the best first; where none does, all."""
        posts = document.cut(len(document.text))
        if len(posts) == 1:
            return [document]
        return self.rank(question, posts, len(posts)) or posts

    def fit_documents(self, question: str, documents: list[Source], space: int) -> list[Source]:
        """As many of the documents as `space` tokens hold; where even the first is longer, its best part."""
        fitting = []
        for document in documents:
            size = self.count_tokens(document.text)
            if not fitting and size > space:
                return [self.best_part(question, document, size, space)]
            if size > space:
                break
            fitting.append(document)
            space -= size + 1
        return fitting

    def rank(self, question: str, sources: list[Source], count: int) -> list[Source]:
        """The `count` best of some texts that share a word with the question, the best first."""
        texts = [f"{source.title}\n{source.text}" for source in sources]
        tokens = enumerate(self.encode(searchable(text)) for text in texts)
        index = DocumentIndex.build(tokens, self.model.config.vocab_size)
        found = index.find(question, count, self.encode, lambda each: texts[each.number])
        return [sources[each.number] for each in found]

    def best_part(self, question: str, document: Source, size: int, space: int) -> Source:
        """The part of a document of `size` tokens, more than `space`, that says most about the question."""
        while size > space and len(document.text) > 1:
            parts = document.cut(max(1, len(document.text) * space // size))
            best = self.rank(question, parts, 1)
            document = best[0] if best else parts[0]
            size = self.count_tokens(document.text)
        return document

    def guide(self, question: str, documents: list[Source], room: int, searched: bool) -> AnswerGuide:
        """What holds the answer to its form and to its documents, which were searched for or given."""
        settings = self.settings
        if settings.closed_book and not documents:
            words = [word for word in content_words(question) if word not in UNNAMED]
            named = (entry for entry in self.table if any(word in entry["institution"].lower() for word in words))
            material = material_of_table(named)
        else:
            material = material_of([(each.text, each.title) for each in documents], question, self.template.style)
        hidden = {(each.file, each.line) for each in documents if searched and has_hidden_contacts(each.text)}
        if hidden:
            contacts = dict(material.contacts)
            for institution, values in material_of_table(self.table, hidden).contacts.items():
                contacts[institution] = list(dict.fromkeys([*contacts.get(institution, ()), *values]))
            material = replace(material, contacts=contacts)
        count_tokens = lru_cache(maxsize=None)(lambda text: len(self.tokenizer.encode(text).ids))
        known = None
        if settings.verify_contacts:
            text = "\n".join(document.text for document in documents)
            known = KnownContacts(material.values(), text, lambda value: count_tokens(value) <= LONGEST_CONTACT)
        elif not (settings.verify_lines and documents):
            material = replace(material, contacts=None, all_contacts=False)
        if not settings.verify_lines:
            material = replace(material, lists=None, passages=None)
        if settings.form == "free":
            form = free_form(self.template)
        else:
            try:
                form = GuidedForm(self.template, material, room, count_tokens).write()
            except ValueError as error:
                raise StepError(
                    f"MAX_NEW_TOKENS or the model's BLOCK_SIZE gives the answer {room:,} tokens: {error}; "
                    'raise it, or set FORM to "free"'
                ) from None
        return AnswerGuide(form, known, self.tokenizer, self.template.nothing)

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

    def answer_all(self, questions: Iterable[tuple[str, Source | None]]) -> Iterator[WrittenAnswer]:
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
            yield WrittenAnswer(number, questions[number][0] or SUM_UP, text, request.sources, request.notes, ended)

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
