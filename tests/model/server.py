"""The scripts of the log and of the inbox in memory: the same calls, answers and data.

`test_server.py` holds it to a real Valkey. What a model needs beyond that is a clock that is set by
hand, and a past: `restart` may bring back less than there was, as a server does whose file was cut.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from tests.model import inbox
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import TERMINAL
from workflows.wire.script import Answer, Reply, ScriptCall

PAST = 80
TERMINAL_KINDS = frozenset(kind.encode() for kind in TERMINAL)


class Entry(NamedTuple):
    """One entry of a stream. Never changed, so that snapshots may share it."""

    id: Cursor
    fields: tuple[tuple[bytes, bytes], ...]

    @property
    def kind(self) -> bytes:
        return dict(self.fields)[b"kind"]

    @property
    def nonce(self) -> bytes:
        return dict(self.fields).get(b"by", b"")

    @property
    def after(self) -> str:
        return dict(self.fields).get(b"after", b"").decode()


class Server:
    """`data`: key -> entries of a stream, or the dictionary of a hash or of a sorted set. Values
    are replaced, never changed."""

    def __init__(self, run_id: str = "0" * 40, now: int = 0) -> None:
        self.run_id = run_id
        self.now = now
        self.data: dict[str, Any] = {}
        self.expires: dict[str, int] = {}
        self.past: deque[tuple[dict[str, Any], dict[str, int]]] = deque(maxlen=PAST)

    # Scripts

    def run(self, call: ScriptCall) -> Reply:
        """As `run_script` does on a real server."""
        self._expire()
        reply: Reply = getattr(self, call.name)(call.keys, call.args)
        self._remember()
        return reply

    def queue(self, keys: tuple[str, ...], args: tuple[Any, ...]) -> Reply:
        log, due, blobs = keys
        run, due_ms, not_after, n, *rest = args
        if self.entries(log):
            return Reply(Answer.EXISTS, str(self.tip(log).id))
        if 0 < int(not_after) < self.now:
            return Reply(Answer.LATE)
        self._hsetnx(blobs, rest[2 * n :])
        self._write(log, Cursor(0, 1), tuple(rest[: 2 * n]))
        self._zadd(due, run, self.now + int(due_ms))
        return Reply(Answer.OK)

    def append(self, keys: tuple[str, ...], args: tuple[Any, ...]) -> Reply:
        log, blobs = keys
        tip, attempt, seq, n = Cursor.parse(args[0]), int(args[1]), int(args[2]), int(args[3])
        if not self.entries(log):
            return Reply(Answer.GONE)
        last = self.tip(log)
        if n and last.id == (attempt, seq + n - 1):
            return Reply(Answer.OK)
        if last.kind in TERMINAL_KINDS:
            return Reply(Answer.ENDED, str(last.id))
        if last.id != tip:
            return Reply(Answer.LOST, str(last.id))
        self._hsetnx(blobs, args[4 + 2 * n :])
        self._write(log, Cursor(attempt, seq), args[4 : 4 + 2 * n])
        return Reply(Answer.OK)

    def open(self, keys: tuple[str, ...], args: tuple[Any, ...]) -> Reply:
        log, due, lease, blobs = keys
        attempt, nonce, server, run, worker, lease_ms, restore, _channel, n = args[:9]
        refusal = self._refuses(log, int(attempt), as_bytes(nonce), server, bool(int(restore)))
        if refusal is not None:
            return refusal
        after = self.tip(log).id if self.entries(log) else ZERO
        self._hsetnx(blobs, args[9 + 2 * n :])
        opening = Cursor(int(attempt), 0)
        self._xadd(log, opening, kind=args[9], data=args[10], by=nonce, after=str(after))
        self._write(log, opening.next(), args[11 : 9 + 2 * n])
        self._persist(log, blobs)
        until = self.now + int(lease_ms)
        self._zadd(due, run, until)
        self.data[lease] = {
            b"attempt": as_bytes(attempt), b"worker": as_bytes(worker), b"until": as_bytes(until)
        }  # fmt: skip
        self.expires.pop(lease, None)
        return Reply(Answer.OK, str(after))

    def _refuses(
        self, log: str, attempt: int, nonce: bytes, server: str, restore: bool
    ) -> Reply | None:
        opening = self.entry(log, Cursor(attempt, 0))
        if opening is not None:
            if opening.nonce == nonce:
                return Reply(Answer.OK, opening.after)
            return Reply(Answer.LATE, str(self.tip(log).id))
        if server != self.run_id:
            return Reply(Answer.STALE, self.run_id)
        if not self.entries(log):
            return None if restore else Reply(Answer.GONE)
        tip = self.tip(log)
        if tip.kind in TERMINAL_KINDS:
            return Reply(Answer.ENDED, str(tip.id))
        return Reply(Answer.LATE, str(tip.id)) if tip.id.attempt >= attempt else None

    def beat(self, keys: tuple[str, ...], args: tuple[Any, ...]) -> Reply:
        (lease, due), (attempt, lease_ms, run) = keys, args
        held = self.data.get(lease)
        if held is None:
            return Reply(Answer.GONE)
        if held[b"attempt"] != as_bytes(attempt) or b"released" in held:
            return Reply(Answer.LOST, held[b"attempt"].decode())
        until = self.now + int(lease_ms)
        self.data[lease] = held | {b"until": as_bytes(until)}
        self._zadd(due, run, until, xx=True)
        return Reply(Answer.OK)

    def release(self, keys: tuple[str, ...], args: tuple[Any, ...]) -> Reply:
        (lease, due), (attempt, run, why) = keys, args
        held = self.data.get(lease)
        if held is None:
            self._zadd(due, run, self.now)
            return Reply(Answer.GONE)
        if held[b"attempt"] != as_bytes(attempt):
            return Reply(Answer.LOST, held[b"attempt"].decode())
        self._zadd(due, run, self.now, xx=True)
        self.data[lease] = held | {b"until": as_bytes(self.now), b"released": as_bytes(why)}
        return Reply(Answer.OK)

    def park(self, keys: tuple[str, ...], args: tuple[Any, ...]) -> Reply:
        return inbox.park(self, keys, args)

    def answer(self, keys: tuple[str, ...], args: tuple[Any, ...]) -> Reply:
        return inbox.answer(self, keys, args)

    def signal(self, keys: tuple[str, ...], args: tuple[Any, ...]) -> Reply:
        return inbox.signal(self, keys, args)

    def tip_of(self, log: str) -> tuple[Cursor, bool] | None:
        entries = self.entries(log)
        return (entries[-1].id, entries[-1].kind in TERMINAL_KINDS) if entries else None

    def zadd_xx(self, key: str, member: str, score: float) -> None:
        self._zadd(key, member, score, xx=True)

    # Plain commands

    def entries(self, log: str) -> tuple[Entry, ...]:
        self._expire()
        found: tuple[Entry, ...] = self.data.get(log, ())
        return found

    def tip(self, log: str) -> Entry:
        return self.entries(log)[-1]

    def entry(self, log: str, id: Cursor) -> Entry | None:
        return next((entry for entry in reversed(self.entries(log)) if entry.id == id), None)

    def hgetall(self, key: str) -> dict[bytes, bytes]:
        self._expire()
        return dict(self.data.get(key, {}))

    def zscore(self, key: str, member: str) -> float | None:
        score: float | None = self.data.get(key, {}).get(member)
        return score

    def zadd(
        self, key: str, member: str, score: int, *, nx: bool = False, xx: bool = False
    ) -> None:
        if not (nx and self.zscore(key, member) is not None):
            self._zadd(key, member, score, xx=xx)
            self._remember()

    def zrem(self, key: str, member: str) -> None:
        left = {name: score for name, score in self.data.get(key, {}).items() if name != member}
        self.data[key] = left
        self._remember()

    def pexpire(self, key: str, ms: int) -> None:
        if key in self.data:
            self.expires[key] = self.now + ms
            self._remember()

    # Faults

    def restart(self, run_id: str, cut: int = 0) -> None:
        """Come back as another server, without the last `cut` writes."""
        self.run_id = run_id
        for _ in range(min(cut, len(self.past) - 1)):
            self.past.pop()
        if self.past:
            data, expires = self.past[-1]
            self.data, self.expires = dict(data), dict(expires)

    def flushall(self) -> None:
        self.data, self.expires = {}, {}
        self._remember()

    # Below

    def _remember(self) -> None:
        self.past.append((dict(self.data), dict(self.expires)))

    def _expire(self) -> None:
        for key in [key for key, at in self.expires.items() if at <= self.now]:
            del self.expires[key]
            self.data.pop(key, None)

    def _persist(self, *keys: str) -> None:
        for key in keys:
            self.expires.pop(key, None)

    def _write(self, log: str, at: Cursor, parts: tuple[Any, ...]) -> None:
        for number in range(len(parts) // 2):
            kind, data = parts[2 * number : 2 * number + 2]
            self._xadd(log, at.next(number), kind=kind, data=data)

    def _xadd(self, log: str, id: Cursor, **fields: Any) -> None:
        had = self.entries(log)
        if had and id <= had[-1].id:
            raise ValueError(f"XADD {id} is equal or smaller than {had[-1].id}")
        said = tuple((name.encode(), as_bytes(value)) for name, value in fields.items())
        self.data[log] = (*had, Entry(id, said))

    def _hsetnx(self, key: str, pairs: Any) -> None:
        if pairs:
            new = {
                as_bytes(name): as_bytes(value)
                for name, value in zip(pairs[::2], pairs[1::2], strict=True)
            }
            self.data[key] = new | self.data.get(key, {})

    def _zadd(self, key: str, member: str, score: float, *, xx: bool = False) -> None:
        had = self.data.get(key, {})
        if not xx or member in had:
            self.data[key] = had | {member: score}


def as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
