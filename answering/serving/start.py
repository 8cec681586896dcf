"""The server as a whole: model, answers, application, and the program that receives connections."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from answering.assistant import Artifacts
from answering.request import Request
from answering.serving.answers import Answers
from answering.serving.application import Server, create_application
from answering.serving.guard import Rules
from answering.serving.history import History
from answering.serving.models import CurrentModel

import torch
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 15.0  # that a client may take to send the head of a request
GRACE_SECONDS = 5  # for answers to end when the server is stopped
MOST_CONNECTIONS = 1000


@dataclass(frozen=True)
class ServerSettings:
    """What a server is made of."""

    artifacts: Artifacts
    defaults: Request
    rows: int
    max_waiting: int
    model_name: str
    history_path: Path | None
    api_key: str
    allowed_origins: frozenset[str]
    log: bool


class ImpatientProtocol(H11Protocol):
    """Closes a connection whose client does not finish the head of a request."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the head of the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Stop waiting when the head of a request is complete; wait anew for that of the next one."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._deadline is None:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None


class StoppableServer(uvicorn.Server):
    """Ends running answers at Ctrl-C, so that their clients get what is written and a proper end."""

    def __init__(self, config: uvicorn.Config, answers: Answers) -> None:
        super().__init__(config)
        self.answers = answers

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the answers, then the server."""
        self.answers.stop()
        super().handle_exit(sig, frame)


def create_server(settings: ServerSettings) -> StoppableServer:
    """Load the model and put the server together. Raises StepError."""
    # One core is left for the requests: on two cores, one thread then writes 1.2 times as fast as two.
    torch.set_num_threads(max(1, torch.get_num_threads() - 1))
    current = CurrentModel(settings.artifacts, settings.rows)
    answers = Answers(current, settings.rows, settings.max_waiting)
    application = create_application(
        Server(
            answers=answers,
            defaults=settings.defaults,
            model_name=settings.model_name,
            checkpoint_path=settings.artifacts.checkpoint_path,
            history=History(settings.history_path) if settings.history_path else None,
            rules=Rules(settings.api_key, settings.allowed_origins, settings.log),
        )
    )
    options: dict[str, Any] = {"log_config": None, "log_level": "critical", "access_log": False}
    config = uvicorn.Config(
        application,
        http=ImpatientProtocol,
        ws="none",
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **options,
    )
    return StoppableServer(config, answers)
