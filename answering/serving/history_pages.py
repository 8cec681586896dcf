"""The addresses of the history."""

import asyncio

from answering.serving.bodies import MOST_DOCUMENT_BYTES, read_body
from answering.serving.fields import Fields
from answering.serving.history import History

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


class HistoryPages:
    """The addresses of the history."""

    def __init__(self, history: History) -> None:
        self.history = history

    async def entries(self, request: Request) -> Response:
        """GET finds entries, POST adds one, DELETE deletes all."""
        if request.method == "POST":
            fields = Fields.parse(await read_body(request))
            (entry,) = await asyncio.to_thread(self.history.add, [Fields({**fields.content, "id": "", "at": ""})])
            return JSONResponse(entry, 201)
        if request.method == "DELETE":
            await asyncio.to_thread(self.history.clear)
            return JSONResponse({"deleted": True})
        found = await asyncio.to_thread(self.history.find, request.query_params.get("search", ""))
        return JSONResponse({"entries": found})

    async def entry(self, request: Request) -> Response:
        """GET shows one entry, DELETE deletes it."""
        id = request.path_params["id"]
        if request.method == "DELETE":
            await asyncio.to_thread(self.history.delete, id)
            return JSONResponse({"deleted": True})
        return JSONResponse(await asyncio.to_thread(self.history.get, id))

    async def markdown(self, request: Request) -> Response:
        """All entries for people to read."""
        text = await asyncio.to_thread(self.history.markdown)
        headers = {"content-disposition": 'attachment; filename="history.md"'}
        return PlainTextResponse(text, headers=headers, media_type="text/markdown")

    async def take_in(self, request: Request) -> Response:
        """Add entries that were exported as JSON."""
        fields = Fields.parse(await read_body(request, MOST_DOCUMENT_BYTES))
        new = await asyncio.to_thread(self.history.add, fields.objects("entries"))
        return JSONResponse({"added": len(new)})


def history_routes(history: History) -> list[Route]:
    """The addresses of a history."""
    pages = HistoryPages(history)
    return [
        Route("/v1/history", pages.entries, methods=["GET", "POST", "DELETE"]),
        Route("/v1/history.md", pages.markdown),
        Route("/v1/history/import", pages.take_in, methods=["POST"]),
        Route("/v1/history/{id}", pages.entry, methods=["GET", "DELETE"]),
    ]
