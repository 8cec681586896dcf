"""What every request passes first: who may ask, what is logged, which headers a response carries."""

import asyncio
import hmac
import ipaddress
import re
import socket
import sys
import time
import traceback
from dataclasses import dataclass

from answering.serving.errors import ApiError, server_error

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SEND_SECONDS = 30.0  # that a client may take to receive a part of a response
OPEN_PATHS = ("/health", "/v1/status", "/status")  # besides the page; what they say without a key is no secret
API_PATH = re.compile(r"/(?:v1|models|chat|completions|search|documents|history|status)(?:/|\.|$)")
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFETY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": CONTENT_POLICY.format(styles="'self'"),
}
CORS_HEADERS = {
    "access-control-allow-headers": "authorization, content-type",
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-max-age": "600",
    "vary": "origin",
}


@dataclass(frozen=True)
class Rules:
    """Who may ask."""

    api_key: str  # "": anybody who reaches the server
    allowed_origins: frozenset[str]  # of pages elsewhere, such as http://192.168.0.5:3000
    log: bool  # a line for each request on standard error

    def has_key(self, headers: Headers) -> bool:
        """Whether a request carries the key, or none is needed."""
        given = headers.get("authorization", "")
        scheme, _, key = given.partition(" ")
        same = hmac.compare_digest(key.strip().encode(), self.api_key.encode())
        return not self.api_key or (scheme.lower() == "bearer" and same)

    def refusal(self, method: str, path: str, headers: Headers) -> ApiError | None:
        """Why a request is not answered; None if it may be."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if not is_own_host(host):
            message = f"the Host header names {host[:80]!r}, which is not this computer; use its address"
            return ApiError(403, message, "host_not_allowed")
        if origin and origin not in self.allowed_origins and origin.partition("://")[2] != host:
            return ApiError(403, "pages of other sites may not ask; see ALLOWED_ORIGINS", "origin_not_allowed")
        is_open = method == "OPTIONS" or path in OPEN_PATHS or not API_PATH.match(path)
        if not is_open and not self.has_key(headers):
            message = "the key is missing or wrong; send the header Authorization: Bearer KEY"
            return ApiError(401, message, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
        return None


class Guard:
    """Checks a request, then passes it on; the application never sees one that is refused."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app, self.rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.monotonic(), 0
        path = re.sub("/{2,}", "/", scope["path"])
        scope = {**scope, "path": path, "raw_path": path.encode()}
        headers = Headers(scope=scope)

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message), headers.get("origin"))
            async with asyncio.timeout(SEND_SECONDS):  # wait_for may lose a cancellation (Python 3.11)
                await send(message)

        try:
            await self._answer(scope, receive, send_guarded, headers)
        except TimeoutError:
            pass  # the client no longer receives
        except Exception as error:
            _print_error(error)
            if not status:
                await server_error("an error of the server; its terminal says which").response()(
                    scope, receive, send_guarded
                )
        finally:
            if self.rules.log:
                _print_request(scope["method"], path, status, time.monotonic() - started)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        refusal = self.rules.refusal(scope["method"], scope["path"], headers)
        if refusal:
            await refusal.response()(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
        else:
            await self.app(scope, receive, send)

    def _add_headers(self, headers: MutableHeaders, origin: str | None) -> None:
        for name, value in SAFETY_HEADERS.items():
            headers.setdefault(name, value)  # the page has a policy of its own, which names its style
        if origin in self.rules.allowed_origins:
            headers.update({"access-control-allow-origin": str(origin), **CORS_HEADERS})
            headers["cross-origin-resource-policy"] = "cross-origin"


def is_own_host(host: str) -> bool:
    """Whether a Host header names this computer, by an address or by its own name.

    Another site's name could have been pointed at this computer by that site (DNS rebinding); an address cannot.
    """
    name = re.sub(r":\d*$", "", host).strip("[]").rstrip(".").lower()
    own = socket.gethostname().lower()
    if name in ("localhost", own, f"{own}.local", own.partition(".")[0], f"{own.partition('.')[0]}.local"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _print_request(method: str, path: str, status: int, seconds: float) -> None:
    shown = path[:100].encode("unicode_escape").decode()  # control characters would forge lines
    print(f"{time.strftime('%H:%M:%S')} {method} {shown} {status or '-'} {seconds:.3f} s", file=sys.stderr, flush=True)


def _print_error(error: Exception) -> None:
    """Where an error happened, and of which kind; its message could hold what a client sent."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    print(f"{frames}{type(error).__name__}", file=sys.stderr, flush=True)
