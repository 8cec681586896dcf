"""Answers for clients: each has a place in the queue, and is written in a row of the current model."""

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from answering.assistant import Assistant, Piece, PreparedAnswer, WrittenAnswer
from answering.request import Request
from answering.serving.documents import find_document
from answering.serving.errors import ApiError, not_found, server_error
from answering.serving.models import CurrentModel, LoadedModel
from answering.serving.rows import Job
from answering.serving.stops import StopFinder
from answering.source import Source
from corpus.raw.normalization import normalize
from pipeline import StepError

STEADY_WEIGHT = 0.9  # of the answers before the last one in the mean time of an answer


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a client asks for."""

    request: Request
    document_id: str = ""  # of the document to answer from
    choice: int = 0  # or its number in the offer that the question was answered with before, from 1; 0: none
    max_tokens: int | None = None  # after which the answer is cut off
    stops: tuple[str, ...] = ()  # texts that end the answer and do not belong to it


@dataclass
class RunningAnswer:
    """An answer that is being written; it is read once."""

    prepared: PreparedAnswer
    model: LoadedModel
    stops: StopFinder
    cancel: threading.Event
    arrived: asyncio.Queue[Piece | Exception] = field(default_factory=asyncio.Queue)
    started: float = field(default_factory=time.monotonic)
    text: str = ""
    written: WrittenAnswer | None = None  # when it has ended

    async def read(self, patience: float | None = None) -> str | None:
        """The next characters; "" if none came within `patience` seconds, None at the end."""
        while not self.written:
            try:
                async with asyncio.timeout(patience):
                    pieces = [await self.arrived.get()]
            except TimeoutError:
                return ""
            while not self.arrived.empty():  # what the form leaves no choice about arrives at once, and is sent so
                pieces.append(self.arrived.get_nowait())
            if text := self._take(pieces):
                self.text += text
                return text
        return None

    def _take(self, pieces: Sequence[Piece | Exception]) -> str:
        """The characters of some pieces that can be passed on."""
        text = ""
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            self.written = piece.answer
            text += self.stops.add(piece.text) + (self.stops.finish() if piece.answer else "")
        if self.stops.found:
            self.cancel.set()
        return text

    @property
    def ended(self) -> bool:
        """Whether it was not cut off."""
        return self.stops.found or bool(self.written and self.written.ended)


class Answers:
    """Lets as many requests in as there are places in the rows and the queue."""

    def __init__(self, current: CurrentModel, rows: int, max_waiting: int) -> None:
        self.current = current
        self.rows, self.most = rows, rows + max_waiting
        self._running: set[threading.Event] = set()  # what cancels each
        self._mean_seconds = 1.0
        self._stopped = False

    def count(self) -> int:
        """How many answers are being written or waiting."""
        return len(self._running)

    async def model(self) -> LoadedModel:
        """The model for a request that arrives now."""
        return await asyncio.to_thread(self.current.get)

    def stop(self) -> None:
        """End all answers where they are."""
        self._stopped = True
        for cancel in self._running:
            cancel.set()

    @asynccontextmanager
    async def answer(self, question: Question) -> AsyncIterator[RunningAnswer]:
        """Begin an answer, which ends with the block at the latest. Raises ApiError."""
        self._require_place()
        cancel = threading.Event()
        self._running.add(cancel)
        started = time.monotonic()
        try:
            model = await self.model()
            question = replace(question, request=replace(question.request, cancelled=cancel.is_set))
            prepared = await asyncio.to_thread(prepare, model.assistant, question)
            running = RunningAnswer(prepared, model, StopFinder(question.stops), cancel, started=started)
            job = Job(prepared, _deliver_to(running.arrived))
            model.rows.begin(job)
            try:
                yield running
            finally:
                model.rows.forget(job)
        finally:
            cancel.set()
            self._running.discard(cancel)
            seconds = time.monotonic() - started
            self._mean_seconds = STEADY_WEIGHT * self._mean_seconds + (1 - STEADY_WEIGHT) * seconds

    def _require_place(self) -> None:
        if self._stopped:
            raise ApiError(503, "the server is being stopped", "stopping")
        if len(self._running) >= self.most:
            seconds = math.ceil(self._mean_seconds)  # until about as many have ended as there are rows
            raise ApiError(
                429,
                f"{len(self._running)} requests are being answered or waiting; try again in {seconds} s",
                "queue_full",
                headers={"Retry-After": str(seconds)},
            )


def _deliver_to(arrived: "asyncio.Queue[Piece | Exception]") -> Callable[[Piece | Exception], None]:
    """Put pieces that another thread delivers into a queue of this one."""
    loop = asyncio.get_running_loop()

    def deliver(piece: Piece | Exception) -> None:
        with suppress(RuntimeError):  # the loop has been closed, and nobody reads
            loop.call_soon_threadsafe(arrived.put_nowait, piece)

    return deliver


def _choose_document(assistant: Assistant, question: Question) -> Source | None:
    """The document that the client names, by its id or by its number in an offer. Raises ApiError and StepError."""
    if question.document_id:
        document = find_document(assistant.search, question.document_id)
        if document is None:
            raise not_found(f"document {question.document_id[:40]}")
        return document
    if question.choice and not question.request.document:
        offer = assistant.search.find_candidates(question.request, normalize(question.request.question)).offer
        return offer[question.choice - 1] if question.choice <= len(offer) else None
    return None


def prepare(assistant: Assistant, question: Question) -> PreparedAnswer:
    """All that comes before writing. Raises ApiError."""
    request = question.request
    try:
        request = replace(request, document=_choose_document(assistant, question) or request.document)
    except StepError as error:
        raise server_error(str(error)) from None
    try:
        assistant.require_short_question(normalize(request.question))
    except StepError as error:
        raise ApiError(400, str(error), "context_length_exceeded", "messages") from None
    most = question.max_tokens or request.max_new_tokens
    try:
        # A short limit of the client is a plan for the answer if the form fits into it; else it cuts the answer off.
        with suppress(StepError):
            return assistant.prepare(replace(request, max_new_tokens=min(most, request.max_new_tokens)))
        prepared = assistant.prepare(request)
    except StepError as error:
        raise server_error(str(error)) from None
    return replace(prepared, prompt=replace(prepared.prompt, max_new_tokens=min(most, prepared.prompt.max_new_tokens)))
