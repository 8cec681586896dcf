"""Errors as clients of the protocol know them: a status and a JSON object with a message, a type and a code."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error", 500: "server_error"}


class ApiError(Exception):
    """A request that is not answered, and why; `param` is the field that is wrong."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param, self.headers = status, message, code, param, headers

    def content(self) -> dict[str, Any]:
        """The error in OpenAI's form."""
        kind = ERROR_TYPES.get(self.status, "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> JSONResponse:
        """The error as a response."""
        return JSONResponse(self.content(), self.status, self.headers)


def not_found(what: str) -> ApiError:
    """Something that is not there."""
    return ApiError(404, f"{what}: not found", "not_found")


def unsupported(param: str, message: str) -> ApiError:
    """Something that the protocol knows and this model cannot do."""
    return ApiError(400, message, "unsupported", param)


def server_error(message: str) -> ApiError:
    """Something that went wrong here."""
    return ApiError(500, message, "server_error")
