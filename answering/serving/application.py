"""The addresses of the server, and what each of them does."""

import asyncio
from dataclasses import dataclass

from answering.given_document import document_of_bytes
from answering.request import Request as AnswerRequest
from answering.serving.answers import Answers
from answering.serving.bodies import MOST_DOCUMENT_BYTES, read_body, read_file
from answering.serving.documents import describe_document, find_document
from answering.serving.errors import ApiError, not_found, server_error
from answering.serving.fields import Fields, wrong
from answering.serving.guard import Guard, Rules
from answering.serving.history import History
from answering.serving.history_pages import history_routes
from answering.serving.models import LoadedModel
from answering.serving.page_files import page_routes
from answering.serving.protocol import read_chat, read_completion
from answering.serving.responses import AnswerResponse
from answering.serving.status import describe_model, describe_settings, describe_training, loss_chart
from pipeline import StepError

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

MOST_FOUND = 50
EXCERPT = 200  # characters


@dataclass(frozen=True)
class Server:
    """What the addresses work with."""

    answers: Answers
    defaults: AnswerRequest  # how a request is answered where it says nothing else
    model_name: str
    checkpoint_path: str
    history: History | None  # None: the page keeps none
    rules: Rules

    # --- About the server ---

    async def chart(self, request: Request) -> Response:
        """The loss of the run."""
        path = loss_chart(self.checkpoint_path)
        if not path.is_file():
            raise not_found(path.name)
        return FileResponse(path, headers={"cache-control": "no-cache"})

    async def health(self, request: Request) -> Response:
        """Whether the server answers."""
        return JSONResponse({"status": "ok"})

    async def status(self, request: Request) -> Response:
        """What the page says about the model, the training and the text."""
        key_needed = bool(self.rules.api_key)
        if not self.rules.has_key(request.headers):
            return JSONResponse({"key_needed": True})
        model = await self._model()
        return JSONResponse(
            {
                "model": describe_model(model, self.model_name),
                "training": await asyncio.to_thread(describe_training, self.checkpoint_path),
                "documents": model.documents,
                "topics": model.topics,
                "settings": describe_settings(self.defaults),
                "key_needed": key_needed,
                "history": self.history is not None,
            }
        )

    async def models(self, request: Request) -> Response:
        """The one model, in a list or by its name."""
        model = await self._model()
        created = int(model.trained_at.timestamp())
        entry = {"id": self.model_name, "object": "model", "created": created, "owned_by": "user"}
        name = request.path_params.get("name")
        if name is None:
            return JSONResponse({"object": "list", "data": [entry]})
        if name != self.model_name:
            raise ApiError(404, f"the model {name[:80]!r} does not exist", "model_not_found", "model")
        return JSONResponse(entry)

    # --- Answers ---

    async def chat(self, request: Request) -> Response:
        """OpenAI's chat completions."""
        fields = Fields.parse(await read_body(request, MOST_DOCUMENT_BYTES))
        call = await asyncio.to_thread(read_chat, fields, self.defaults)
        return AnswerResponse(self.answers, call, "chat", self.model_name)

    async def completions(self, request: Request) -> Response:
        """OpenAI's older completions."""
        fields = Fields.parse(await read_body(request, MOST_DOCUMENT_BYTES))
        call = await asyncio.to_thread(read_completion, fields, self.defaults)
        return AnswerResponse(self.answers, call, "completion", self.model_name)

    # --- Documents ---

    async def search(self, request: Request) -> Response:
        """The documents for a question, without an answer."""
        fields = Fields.parse(await read_body(request))
        query, limit = fields.text("query").strip(), fields.whole("limit", 10)
        if not 0 < limit <= MOST_FOUND:
            raise wrong("limit", f"must be from 1 to {MOST_FOUND}")
        search = (await self._model()).assistant.search
        try:
            found = await asyncio.to_thread(search.find_scored, query, limit)
        except StepError as error:
            raise server_error(str(error)) from None
        results = [
            {**describe_document(source), "score": round(score, 4), "excerpt": source.text[:EXCERPT]}
            for source, score in found
        ]
        return JSONResponse({"results": results})

    async def document(self, request: Request) -> Response:
        """One document of the text, with its lines."""
        id = request.path_params["id"]
        search = (await self._model()).assistant.search
        try:
            document = await asyncio.to_thread(find_document, search, id)
        except StepError as error:
            raise server_error(str(error)) from None
        if document is None:
            raise not_found(f"document {id[:40]}")
        return JSONResponse({**describe_document(document), "lines": document.text.split("\n")})

    async def read_document(self, request: Request) -> Response:
        """A document that the user brings, as step 01 would read it; nothing is kept."""
        body = await read_body(request, MOST_DOCUMENT_BYTES)
        name, content = read_file(request.headers.get("content-type", ""), body)
        try:
            document = await asyncio.to_thread(document_of_bytes, content)
        except StepError:
            raise ApiError(400, "the document holds no text that can be read", "no_text", "text") from None
        return JSONResponse({"name": name, "title": document.title, "lines": document.text.split("\n")})

    async def _model(self) -> LoadedModel:
        return await self.answers.model()


def create_application(server: Server) -> Starlette:
    """All addresses behind the guard. Those of the API also answer without /v1, which some clients leave out."""
    api: list[Route] = []
    for prefix in ("/v1", ""):
        api += [
            Route(f"{prefix}/models", server.models),
            Route(f"{prefix}/models/{{name:path}}", server.models),
            Route(f"{prefix}/status", server.status),
            Route(f"{prefix}/chat/completions", server.chat, methods=["POST"]),
            Route(f"{prefix}/completions", server.completions, methods=["POST"]),
            Route(f"{prefix}/search", server.search, methods=["POST"]),
            Route(f"{prefix}/documents", server.read_document, methods=["POST"]),
            Route(f"{prefix}/documents/{{id}}", server.document),
        ]
    if server.history:
        api += history_routes(server.history)
    own = [Route("/health", server.health), Route("/loss.svg", server.chart)]
    return Starlette(
        routes=[*own, *api, *page_routes()],
        middleware=[Middleware(Guard, server.rules)],
        exception_handlers={ApiError: _answer_error, HTTPException: _answer_http_error},
    )


def _answer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


def _answer_http_error(request: Request, error: Exception) -> Response:
    """What the router refuses: an address that is not there, or a method that it does not know."""
    assert isinstance(error, HTTPException)
    code = "not_found" if error.status_code == 404 else "method_not_allowed"
    return ApiError(error.status_code, f"{request.url.path[:80]}: {error.detail}", code).response()
