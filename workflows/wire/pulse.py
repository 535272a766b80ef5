"""The pulse: which processes live, what they serve and how busy they are.

Every process adds an entry to one capped stream each second; its newest entry within FRESH_MS is
its sign of life. Nothing is decided by it but what to ring and what `/readyz` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis

from workflows.wire import codec, keys

FRESH_MS = 10_000
KEPT = 2_000
_SAID: Mapping[str, type] = {
    "name": str, "kind": str, "pid": int, "host": str, "queues": tuple, "load": int, "slots": int,
    "draining": bool,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beat:
    """One sign of life. `kind`: worker or control. `queues`: those it takes orders from."""

    name: str
    kind: str
    pid: int
    host: str
    queues: tuple[str, ...] = ()
    load: int = 0
    slots: int = 0
    draining: bool = False
    at: int = 0

    @property
    def serving(self) -> bool:
        return self.kind == "worker" and not self.draining


def beat(client: Redis, beat: Beat) -> None:
    """Say that `beat.name` lives."""
    data = {name: getattr(beat, name) for name in Beat.__slots__ if name != "at"}
    client.xadd(keys.PULSE, {"data": codec.dumps(data)}, maxlen=KEPT, approximate=True)


def alive(client: Redis, now_ms: int | None = None) -> list[Beat]:
    """The newest beat of each process that gave one within FRESH_MS, by the clock of Redis."""
    if now_ms is None:
        seconds, micros = client.time()
        now_ms = int(seconds) * 1000 + int(micros) // 1000
    return newest(cast("Any", client.xrange(keys.PULSE, min=str(now_ms - FRESH_MS))))


def workers(client: Redis) -> list[Beat]:
    """The workers that live and take orders."""
    return [beat for beat in alive(client) if beat.serving]


def newest(entries: Iterable[tuple[bytes, Mapping[bytes, bytes]]]) -> list[Beat]:
    """The newest beat of each process, from entries of the stream. What is none is passed over: a
    worker of others' making must not hide the others."""
    found: dict[str, Beat] = {}
    for id, entry in entries:
        heard = _beat(int(id.split(b"-")[0]), entry.get(b"data", b""))
        if heard is not None:
            found[heard.name] = heard
    return list(found.values())


def served(beats: Iterable[Beat]) -> frozenset[str]:
    """The queues that live workers take orders from."""
    return frozenset(queue for beat in beats if beat.serving for queue in beat.queues)


def _beat(at: int, said: bytes) -> Beat | None:
    try:
        data = codec.loads(said)
    except ValueError:
        return None
    if not isinstance(data, dict) or "name" not in data or "kind" not in data:
        return None
    data["queues"] = tuple(data.get("queues") or ()) if _are_names(data.get("queues")) else None
    known = {name: data[name] for name in _SAID if name in data}
    fits = all(isinstance(value, _SAID[name]) for name, value in known.items())
    return Beat(**{"pid": 0, "host": "", **known, "at": at}) if fits else None


def _are_names(queues: Any) -> bool:
    return queues is None or (
        isinstance(queues, list) and all(isinstance(queue, str) for queue in queues)
    )
