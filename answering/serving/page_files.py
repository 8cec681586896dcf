"""The files of the page, which are read once: no part of a request ever names a file on the disk."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from answering.serving.errors import not_found

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PAGE_FOLDER = Path(__file__).resolve().parent.parent / "page"
START_FILE = "page.html"
MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def page_routes(folder: Path = PAGE_FOLDER) -> list[Route]:
    """An address for each file of the page; the start of the page is / as well."""
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*")) if path.suffix in MEDIA_TYPES}
    routes = [Route(f"/{name}", _sender(name, content)) for name, content in files.items()]
    start = _sender(START_FILE, files[START_FILE]) if START_FILE in files else _send_nothing
    return [Route("/", start), *routes]


def _sender(name: str, content: bytes) -> Callable[[Request], Awaitable[Response]]:
    etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"cache-control": "no-cache", "etag": etag}

    async def send(request: Request) -> Response:
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=MEDIA_TYPES[Path(name).suffix])

    return send


async def _send_nothing(request: Request) -> Response:
    raise not_found("the page (answering/page/page.html)")
