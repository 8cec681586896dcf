"""The body of a request, of a limited size and within a limited time."""

import asyncio
from email.parser import BytesParser
from email.policy import HTTP

from answering.serving.errors import ApiError
from answering.serving.fields import Fields

from starlette.requests import ClientDisconnect, Request

MEGABYTE = 1 << 20
MOST_BYTES = 1 * MEGABYTE
MOST_DOCUMENT_BYTES = 10 * MEGABYTE  # of a request that may hold a document
BODY_SECONDS = 30.0  # that a client may take to send it


async def read_body(request: Request, most: int = MOST_BYTES) -> bytes:
    """The whole body. Raises ApiError if it is too large or comes too slowly.

    The rest of a body that is too large is read and dropped: most clients read no response before they have sent all,
    and a connection that is closed with bytes unread is reset, response and all.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= most:
                    chunks.append(chunk)
    except TimeoutError:
        message = f"the body did not arrive within {BODY_SECONDS:.0f} s"
        raise ApiError(408, message, "too_slow", headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise ApiError(400, "the body is incomplete", "incomplete_body") from None
    if size > most:
        raise ApiError(413, f"the body is larger than {most // MEGABYTE} MB", "too_large")
    return b"".join(chunks)


def read_file(content_type: str, body: bytes) -> tuple[str, bytes]:
    """Name and content of a file: the first of a form, as `curl -F` sends it, or of JSON. Raises ApiError."""
    if not content_type.startswith("multipart/form-data"):
        fields = Fields.parse(body)
        return fields.text("name"), fields.text("text").encode()
    form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: %s\r\n\r\n%s" % (content_type.encode(), body))
    for part in form.iter_parts():
        content = part.get_payload(decode=True)
        if part.get_filename() is not None and isinstance(content, bytes):
            return part.get_filename("") or "", content
    raise ApiError(400, "the form holds no file", "no_file", "file")
