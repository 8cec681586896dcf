"""The fields of a JSON object that a client sent, each checked when it is read."""

import json
import math
from typing import Any

from answering.serving.errors import ApiError


class Fields:
    """Reads fields; null is the same as a field that is missing. Each method raises ApiError for a wrong value."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    @classmethod
    def parse(cls, body: bytes) -> "Fields":
        """The fields of a body."""
        try:
            content = json.loads(body)
            json.dumps(content, ensure_ascii=False).encode()  # raises ValueError for half of a surrogate pair
        except (ValueError, RecursionError):
            raise ApiError(400, "the body is not valid JSON", "invalid_json") from None
        if not isinstance(content, dict):
            raise ApiError(400, "the body is not a JSON object", "invalid_json")
        return cls(content)

    def has(self, name: str) -> bool:
        """Whether a field says anything: it is there, and neither null, false, 0, "", [] nor {}."""
        return bool(self.content.get(name))

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        value = self._get(name, default)
        if not isinstance(value, str):
            raise wrong(name, "must be a string")
        return value

    def number(self, name: str, default: float) -> float:
        """A finite number."""
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise wrong(name, "must be a number")
        return float(value)

    def whole(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.number(name, default)
        if value != int(value):
            raise wrong(name, "must be a whole number")
        return int(value)

    def flag(self, name: str) -> bool:
        """True or false; false if it is missing."""
        value = self._get(name, False)
        if not isinstance(value, bool):
            raise wrong(name, "must be true or false")
        return value

    def objects(self, name: str) -> list["Fields"]:
        """A list of objects; empty if it is missing."""
        value = self._get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise wrong(name, "must be a list of objects")
        return [Fields(each) for each in value]

    def fields(self, name: str) -> "Fields":
        """An object; an empty one if it is missing."""
        value = self._get(name, {})
        if not isinstance(value, dict):
            raise wrong(name, "must be an object")
        return Fields(value)

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """A string or a list of at most `most` strings; empty ones are left out."""
        value = self._get(name, [])
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values) or len(values) > most:
            raise wrong(name, f"must be a string or a list of at most {most} strings")
        return tuple(filter(None, values))

    def _get(self, name: str, default: Any) -> Any:
        value = self.content.get(name)
        return default if value is None else value


def wrong(param: str, complaint: str) -> ApiError:
    """A field with a value that it cannot have."""
    return ApiError(422, f"{param} {complaint}", "invalid_value", param)
