"""Events to bytes and back. Unknown kinds and fields survive; large values become blobs.

An entry of the stream has the fields `kind` and `data`, openings also `by` and `after`. `data` is
the JSON `{"v": 1, "at": ms, "span": path or null, "data": {…}}`: what the event says is nested,
since `text` has an `at` of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from workflows.wire.cursor import Cursor
from workflows.wire.events import BODIES, Body, Call, Error, Event, Limits, Saved, Unknown, Usage
from workflows.wire.reading import LARGEST, body_of

V = 1
BLOB_OVER = 32 * 1024
BLOB_BEFORE_TOO_LARGE = 1024
EVENT_MAX = 64 * 1024
ERROR_MAX = 16 * 1024
OUTPUT_MAX = 2 * 1024 * 1024

_FIELDS = {body: tuple(f.name for f in fields(body)) for body in BODIES}
_LARGE = frozenset({"input", "output", "value", "default", "form_schema"})
_LARGE_OF = {
    body: tuple(name for name in names if name in _LARGE) for body, names in _FIELDS.items()
}
_LAST_MS = 253_402_214_400_000  # 9999-12-31
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


class TooLarge(ValueError):
    """An event that does not fit in EVENT_MAX even with its large values moved to blobs."""


@dataclass(frozen=True, slots=True)
class Packed:
    """An event on its way to the log: no id yet. `blobs` go to the blob key in the same script."""

    kind: str
    data: bytes
    blobs: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.data) + sum(map(len, self.blobs.values()))


def encode(
    body: Body, *, at: int, span: str | None = None, extra: Mapping[str, Any] | None = None
) -> Packed:
    """Raises TooLarge, and TypeError for what JSON cannot say."""
    size = 0
    # What stands beside a value may leave less room for it.
    for over in (BLOB_OVER, BLOB_BEFORE_TOO_LARGE):
        blobs: dict[str, bytes] = {}
        said = {name: _inline(name, value, blobs, over) for name, value in _parts(body)}
        data = dumps({"v": V, "at": at, "span": span, "data": {**(extra or {}), **said}})
        if (size := len(data)) <= EVENT_MAX:
            return Packed(body.kind, data, blobs)
    raise TooLarge(f"{body.kind} of {size} bytes")


def decode(id: str | bytes, entry: Mapping[Any, bytes]) -> Event:
    """Read one entry of a log, whatever it is: one that cannot be read must not hide the others."""
    if b"kind" not in entry:
        entry = {name.encode() if isinstance(name, str) else name: entry[name] for name in entry}
    envelope = _envelope(entry.get(b"data", b""))
    body, extra = body_of(_text(entry.get(b"kind", b"")), envelope.get("data"))
    after = entry.get(b"after")
    at, span = envelope.get("at"), envelope.get("span")
    return Event(
        id=Cursor.parse(id),
        at=at if isinstance(at, int) and 0 <= at <= LARGEST else 0,
        span=span if isinstance(span, str) else None,
        body=body,
        after=None if after is None else Cursor.parse(after),
        nonce=_text(entry.get(b"by", b"")),
        extra=extra,
        v=envelope.get("v", V),
    )


def _envelope(data: bytes) -> dict[str, Any]:
    try:
        said = loads(data)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def to_json(event: Event) -> dict[str, Any]:
    """The event as programs get it: `{id, v, kind, at, span, data}`."""
    data = {**event.extra, **dict(_said(event.body))}
    if event.after is not None:
        data |= {"after": str(event.after), "nonce": event.nonce}
    at = moment(event.at).isoformat(timespec="milliseconds")
    return {
        "id": str(event.id),
        "v": event.v,
        "kind": event.kind,
        "at": at.replace("+00:00", "Z"),
        "span": event.span,
        "data": data,
    }


def from_json(item: Mapping[str, Any]) -> Event:
    """The inverse of `to_json`, after a trip through JSON too."""
    data = dict(item["data"])
    after, nonce = data.pop("after", None), data.pop("nonce", "")
    body, extra = body_of(item["kind"], data)
    at = datetime.fromisoformat(item["at"])
    return Event(
        id=Cursor.parse(item["id"]),
        at=round(at.timestamp() * 1000),
        span=item["span"],
        body=body,
        after=Cursor.parse(after) if after is not None else None,
        nonce=nonce,
        extra=extra,
        v=item["v"],
    )


def dumps(value: Any) -> bytes:
    """Compact UTF-8 JSON. Half a surrogate pair, which models do send, becomes U+FFFD; a number of
    any size is one."""
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS)
    except TypeError as error:
        if not any(sign in str(error) for sign in ("surrogates", "64-bit")):
            raise
        return orjson.dumps(_whole(value), default=_plain, option=_OPTIONS)


def moment(ms: int) -> datetime:
    """A time of the wire. One beyond the calendar, of a clock that is wrong, is its last day."""
    return datetime.fromtimestamp(min(max(ms, 0), _LAST_MS) / 1000, UTC)


def loads(data: bytes | str) -> Any:
    return orjson.loads(data)


def blob_refs(event: Event) -> Iterator[str]:
    """The SHA-256 of each blob that this event refers to."""
    body = event.body
    for name in body.data if isinstance(body, Unknown) else _LARGE_OF[type(body)]:
        value = body.data[name] if isinstance(body, Unknown) else getattr(body, name)
        if name in _LARGE and _is_ref(value):
            yield value["$blob"]


def with_blobs(event: Event, blobs: Mapping[str, Any]) -> Event:
    """The event with its references replaced by the values, where these are known."""
    said = {name: _resolved(name, value, blobs) for name, value in _said(event.body)}
    body, extra = body_of(event.kind, {**event.extra, **said})
    return replace(event, body=body, extra=extra)


_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_NON_STR_KEYS


def _said(body: Body) -> Iterator[tuple[str, Any]]:
    """What the body says, in JSON's own types."""
    return ((name, _value(value)) for name, value in _parts(body))


def _parts(body: Body) -> Iterable[tuple[str, Any]]:
    if isinstance(body, Unknown):
        return body.data.items()
    names = _FIELDS[type(body)]
    return [("try" if name == "of_try" else name, getattr(body, name)) for name in names]


def _value(value: Any) -> Any:
    return _plain(value) if isinstance(value, Error | Usage | Limits) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Error):
        return {"type": value.type, "message": _clip(value.message), "retryable": value.retryable}
    if isinstance(value, Call):
        said = {f.name: getattr(value, f.name) for f in fields(value)}
        return said if value.id else {name: part for name, part in said.items() if name != "id"}
    if isinstance(value, Usage) and value.saved is None:
        return {"calls": value.calls}
    if isinstance(value, Usage | Limits | Saved):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    raise TypeError(f"JSON cannot say {type(value).__name__}")


def _clip(message: str) -> str:
    """The message, or what of it always fits into an event."""
    if len(dumps(message)) <= ERROR_MAX:
        return message
    # JSON needs six bytes for a control character, and two for a quote.
    raw = _CONTROLS.sub(" ", message).encode("utf-8", "replace")
    return raw[:ERROR_MAX].decode("utf-8", "ignore")


def _inline(name: str, value: Any, blobs: dict[str, bytes], over: int) -> Any:
    """A large value's place in the event: its bytes, or a reference to its blob."""
    if name not in _LARGE or value is None:
        return value
    raw = dumps(value)
    # A value that looks like a reference must not be read as one.
    if len(raw) <= over and not _is_ref(value):
        return orjson.Fragment(raw)
    sha = hashlib.sha256(raw).hexdigest()
    blobs[sha] = raw
    return {"$blob": sha}


def _is_ref(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and "$blob" in value


def _resolved(name: str, value: Any, blobs: Mapping[str, Any]) -> Any:
    if name in _LARGE and _is_ref(value):
        return blobs.get(value["$blob"], value)
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return orjson.Fragment(str(value))
    if isinstance(value, Mapping):
        return {_whole(key): _whole(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(part) for part in value]
    if isinstance(value, Error | Usage | Limits | Call | Saved):
        return _whole(_plain(value))
    return value


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
