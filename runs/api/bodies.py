"""What is sent to us: JSON of a bounded size, depth and content, or one clear refusal."""

from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from runs.api.problems import Problem, invalid, plain

MOST_BYTES = 1_000_000
MOST_DEPTH = 32
MOST_VALUES = 100_000
MOST_EXACT = 2**53


def read_object(request: HttpRequest, *, default: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON object in the body; `default` stands for an empty body where one will do."""
    value = read_value(request, default=default)
    if not isinstance(value, dict):
        raise invalid("The body should be a JSON object.", "should be an object")
    return value


def read_value(request: HttpRequest, *, default: Any = None) -> Any:
    """The JSON in the body, whatever it is; `default` as above, unless it is None."""
    raw = _raw(request)
    if default is not None and not raw.strip():
        return default
    _check_type(request)
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "malformed_json", f"The body is not JSON: {error}") from None
    _check_bounds(value)
    return _whole(value)


def _raw(request: HttpRequest) -> bytes:
    try:
        raw = request.body
    except RequestDataTooBig:
        raise plain(413) from None
    if len(raw) > MOST_BYTES:
        raise plain(413)
    return raw


def _check_type(request: HttpRequest) -> None:
    kind = (request.content_type or "").lower()
    if kind not in {"", "application/json"} and not kind.endswith("+json"):
        raise Problem(415, "unsupported_media_type", "Send JSON, as Content-Type application/json.")


def _check_bounds(value: Any) -> None:
    """Breadth first, without recursion: depth is what an attacker chooses."""
    level, depth, seen = [value], 0, 0
    while level:
        depth, seen = depth + 1, seen + len(level)
        if depth > MOST_DEPTH or seen > MOST_VALUES:
            detail = "The body is nested too deeply or has too many parts."
            raise invalid(detail, f"at most {MOST_DEPTH} levels and {MOST_VALUES} values")
        level = [inner for outer in level for inner in _inside(outer)]


def _whole(value: Any) -> Any:
    """To JSON, and its schemas, 8.0 is the integer 8; its depth is known to be small."""
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    exact = isinstance(value, float) and value.is_integer() and abs(value) < MOST_EXACT
    return int(value) if exact else value


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, list):
        return value
    # PostgreSQL cannot store it, and nobody can read it.
    if isinstance(value, str) and "\0" in value:
        raise invalid("Text must not contain the character NUL.", "contains NUL")
    return []
