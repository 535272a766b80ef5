"""The scripts of the inbox in memory, as `server.py` has those of the log."""

from __future__ import annotations

from typing import Any, Protocol

from workflows.wire.cursor import Cursor
from workflows.wire.script import Answer, Reply

NEVER = float("inf")
Keys = tuple[str, ...]


class Holds(Protocol):
    """What a server has and does beneath its scripts."""

    now: int
    data: dict[str, Any]

    def tip_of(self, log: str) -> tuple[Cursor, bool] | None:
        """The last event's id, and whether it is the run's end."""

    def entry(self, log: str, id: Cursor) -> Any: ...

    def zadd_xx(self, key: str, member: str, score: float) -> None: ...


def park(server: Holds, keys: Keys, args: tuple[Any, ...]) -> Reply:
    log, inbox, lease, due = keys
    tip, attempt, waiting, read, until, run = args
    if refusal := _refuses(server, log):
        return refusal
    found = server.tip_of(log)
    assert found is not None
    if str(found[0]) != tip:
        return Reply(Answer.LOST, str(found[0]))
    held = server.data.get(inbox, {})
    if str(waiting).encode() in held or _signals(held) > int(read):
        return Reply(Answer.UNREAD)
    let_go = {b"attempt": attempt, b"until": server.now, b"released": "parked"}
    server.data[lease] = server.data.get(lease, {}) | {
        name: str(value).encode() for name, value in let_go.items()
    }
    server.zadd_xx(due, run, int(until) or NEVER)
    return Reply(Answer.OK)


def answer(server: Holds, keys: Keys, args: tuple[Any, ...]) -> Reply:
    log, inbox, lease, due = keys
    waiting, said, run, read, _channel = args
    if refusal := _refuses(server, log):
        return refusal
    if server.entry(log, Cursor.parse(str(waiting))) is None:
        return Reply(Answer.GONE)
    held, field = server.data.get(inbox, {}), str(waiting).encode()
    if field in held:
        return Reply(Answer.OK if held[field] == said else Answer.TAKEN)
    if read != "" and _signals(held) > int(read):
        return Reply(Answer.UNREAD)
    server.data[inbox] = held | {field: said}
    _wake(server, lease, due, run)
    return Reply(Answer.OK)


def signal(server: Holds, keys: Keys, args: tuple[Any, ...]) -> Reply:
    log, inbox, lease, due = keys
    id, said, run, most, _channel = args
    if refusal := _refuses(server, log):
        return refusal
    held, field = server.data.get(inbox, {}), f"signal:{id}".encode()
    if field in held:
        return Reply(Answer.OK)
    number = _signals(held) + 1
    if number > int(most):
        return Reply(Answer.FULL)
    new = {b"signals": str(number).encode(), field: f"{number} ".encode() + said}
    server.data[inbox] = held | new
    _wake(server, lease, due, run)
    return Reply(Answer.OK)


def _refuses(server: Holds, log: str) -> Reply | None:
    found = server.tip_of(log)
    if found is None:
        return Reply(Answer.GONE)
    tip, ended = found
    return Reply(Answer.ENDED, str(tip)) if ended else None


def _signals(held: dict[bytes, bytes]) -> int:
    return int(held.get(b"signals", 0))


def _wake(server: Holds, lease: str, due: str, run: str) -> None:
    if server.data.get(lease, {}).get(b"released") == b"parked":
        server.zadd_xx(due, run, server.now)
