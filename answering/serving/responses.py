"""Responses with an answer: they end it when the client goes away."""

import asyncio
import json
from collections.abc import Awaitable
from contextlib import suppress

from answering.serving.answers import Answers, RunningAnswer
from answering.serving.errors import ApiError, server_error
from answering.serving.protocol import Call
from answering.serving.replies import WAITING, Kind, Reply, error_events

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

SECONDS_BETWEEN_EVENTS = 15.0  # seconds without a chunk, after which a comment keeps the connection open


class AnswerResponse(Response):
    """Writes an answer and sends it, whole or as a stream of events."""

    def __init__(self, answers: Answers, call: Call, kind: Kind, model_name: str) -> None:
        super().__init__()
        self.answers, self.call, self.kind, self.model_name = answers, call, kind, model_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ApiError while nothing has been sent."""
        await while_connected(receive, self._answer(send))

    async def _answer(self, send: Send) -> None:
        async with self.answers.answer(self.call.question) as running:
            headings = running.model.assistant.template.headings
            reply = Reply(self.kind, self.model_name, self.call.with_usage, headings)
            send_reply = self._stream if self.call.stream else self._send_whole
            await send_reply(running, reply, send)

    async def _send_whole(self, running: RunningAnswer, reply: Reply, send: Send) -> None:
        while await running.read() is not None:
            pass
        content = await asyncio.to_thread(reply.whole, running)
        body = json.dumps(content, ensure_ascii=False).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, running: RunningAnswer, reply: Reply, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._send_event(send, reply.first(running.prepared))
        try:
            while (text := await running.read(SECONDS_BETWEEN_EVENTS)) is not None:
                if event := reply.next(text) if text else WAITING:
                    await self._send_event(send, event)
            events = await asyncio.to_thread(reply.last, running)
        except Exception as error:
            content = error if isinstance(error, ApiError) else server_error("the answer could not be written")
            events = error_events(content.content())
        await send({"type": "http.response.body", "body": b"".join(events)})

    async def _send_event(self, send: Send, event: bytes) -> None:
        await send({"type": "http.response.body", "body": event, "more_body": True})


async def while_connected(receive: Receive, work: Awaitable[None]) -> None:
    """Do some work, and cancel it when the client goes away. The body of the request must have been read."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_wait_until_gone(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
