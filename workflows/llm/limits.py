"""What a provider allows, kept by all workers together: before each try its turn is waited for.

Requests and tokens of a minute, and calls at once, are counted in Redis for each key and model
(scripts/turns.lua). A call that has no turn yet stands in the queue of its run's owner; owners
take turns, interactive runs go before bulk ones, which get at least one turn in five, and what is
tried again has a queue of its own: as long as tries again are less than a fifth of the calls (and
thirty a minute), it goes first, and waits otherwise. A provider that refuses for its limits is left
alone by all workers for as long as it asks, at most LONGEST_PAUSE_S; where nobody has told how much
it allows, its own headers say, and refusals teach.

Who could ask another provider waits for a turn as long as it takes, but not for a pause of more
than PATIENCE_S while that other one is not paused, too: turns are short, and the first of the chain
was chosen by people; a pause is minutes in which a reader sees nothing.

Nobody has to configure anything; outside a run there are no limits.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from workflows.engine.context import Scope
from workflows.engine.errors import Failure, Halt
from workflows.llm.bucket import Bucket, bucket_of
from workflows.llm.failures import Throttled
from workflows.llm.prices import Tokens
from workflows.llm.providers import Provider
from workflows.llm.tickets import End, Ticket
from workflows.llm.turnstile import Standing, Turnstile

LONGEST_PAUSE_S = 120.0
PATIENCE_S = 3.0
AT_ONCE_S = 0.25  # who goes within that did not wait
TELL_S = 3.0
HEADERS = {"rpm": "x-ratelimit-limit-requests", "tpm": "x-ratelimit-limit-tokens"}

# Who else could be asked, and by what name each of them calls the model.
Rivals = Sequence[tuple[Provider, str]]

_stiles: dict[tuple[Redis, Bucket], Turnstile] = {}  # those where anybody is
_told: dict[Bucket, float] = {}  # when somebody who waits there was told so
_open: ContextVar[Pass | None] = ContextVar("gx_pass", default=None)


class Pass:
    """One call's leave to go. It ends exactly once, however the call does."""

    def __init__(self, stile: Turnstile, ticket: Ticket) -> None:
        self._stile = stile
        self._ticket = ticket
        self._task = asyncio.current_task()
        self.over = False
        if self._task is not None:
            # A stream that nobody reads to its end, nor closes, must not keep its place for ever.
            self._task.add_done_callback(self._abandoned)

    def unused(self) -> None:
        """Nothing was sent: it is given back."""
        self._end(End(self._ticket.id))

    def end(
        self, tokens: Tokens | None = None, failure: Failure | None = None, *, ok: bool = False
    ) -> None:
        """`tokens`: what the provider says that it counted."""
        used = None if tokens is None else _all(tokens)
        self._end(End(self._ticket.id, used, sent=True, ok=ok, pause_s=_pause_s(failure)))

    def hear(self, headers: Mapping[str, str]) -> None:
        said = {name: headers.get(header, "") for name, header in HEADERS.items()}
        limits = {name: int(n) for name, n in said.items() if n.isascii() and n.isdigit()}
        self._stile.hear({name: n for name, n in limits.items() if n > 0})

    def _end(self, end: End) -> None:
        if not self.over:
            self.over = True
            if self._task is not None:
                self._task.remove_done_callback(self._abandoned)
            self._stile.end(self._ticket, end)

    def _abandoned(self, task: asyncio.Task[object]) -> None:
        self.end()


async def its_turn(
    provider: Provider,
    model: str,
    tokens: Tokens,
    scope: Scope | None,
    rivals: Rivals = (),
) -> Pass | None:
    """Wait until a call may go that is estimated at so much. End it, or say that it is unused.

    While it waits the clocks of its step stand still, and a draining worker does not wait for it.
    None: nobody counts. Raises Throttled when one of `rivals` is the better choice.
    """
    if scope is None or scope.redis is None or provider.offline:
        return None
    bucket = bucket_of(provider, model)
    lane, both = "again" if scope.number > 1 else scope.lane, _all(tokens)
    if rivals:
        try:
            return await _turn(scope.redis, bucket, Ticket(scope, lane, both, PATIENCE_S))
        except Throttled:
            if await unhindered(scope, rivals):
                raise
    return await _turn(scope.redis, bucket, Ticket(scope, lane, both))


async def unhindered(scope: Scope | None, rivals: Rivals) -> bool:
    """Whether one of these is not paused, as far as anybody knows."""
    if scope is None or scope.redis is None:
        return bool(rivals)
    try:
        for provider, model in rivals:
            if await bucket_of(provider, model).paused_s(scope.redis) <= PATIENCE_S:
                return True
    except (RedisError, OSError):
        return False
    return False


async def _turn(redis: Redis, bucket: Bucket, ticket: Ticket) -> Pass:
    stile = _stile(redis, bucket, ticket.scope.worker)
    taken = Pass(stile, ticket)
    stile.join(ticket)
    try:
        await _waited(ticket)
    except BaseException:
        taken.unused()
        raise
    _open.set(taken)
    return taken


def heard(headers: Mapping[str, str]) -> None:
    """What came with an answer to the call that this task has under way."""
    if (taken := _open.get()) is not None and not taken.over:
        taken.hear(headers)


async def _waited(ticket: Ticket) -> None:
    await asyncio.wait({ticket.turn}, timeout=AT_ONCE_S)
    if ticket.turn.done():
        ticket.turn.result()
        return
    try:
        await ticket.scope.idle(ticket.turn)
    finally:
        with suppress(Halt):
            ticket.scope.held_up("")


def _stile(redis: Redis, bucket: Bucket, worker: str) -> Turnstile:
    key = (redis, bucket)
    if key not in _stiles:
        _stiles[key] = Turnstile(redis, bucket, worker, tell=_tell, leave=lambda: _leave(key))
    return _stiles[key]


def _leave(key: tuple[Redis, Bucket]) -> None:
    _stiles.pop(key, None)
    _told.pop(key[1], None)


def _tell(stile: Turnstile) -> None:
    """Once in a while, each run that waits here what it waits for."""
    now = time.monotonic()
    if now - _told.setdefault(stile.bucket, now) < TELL_S:
        return
    _told[stile.bucket] = now
    place: Counter[str] = Counter()
    runs: set[str] = set()
    for ticket in tuple(stile.waiting.values()):
        scope = ticket.scope
        place[scope.owner] += 1
        if scope.run not in runs:
            runs.add(scope.run)
            with suppress(Halt):
                scope.held_up(words(stile.bucket.title, stile.standing, place[scope.owner]))


def words(title: str, standing: Standing, place: int) -> str:
    """For the readers of a run that waits. `place`: among the calls of its owner, from 1."""
    if standing.paused_s > 0:
        return f"{title} is throttling, next try in {_about(standing.paused_s)}."
    ahead = min(standing.calls, place * max(1, standing.owners))
    if (left := ahead * standing.every_s) < 1:
        return f"Waiting for a turn at {title}."
    return f"Waiting for a turn at {title}, about {_about(left)}."


def _about(seconds: float) -> str:
    """Coarse enough to be true."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 90:
        return f"{5 * round(seconds / 5)} s"
    return f"{round(seconds / 60)} min"


def _pause_s(failure: Failure | None) -> float | None:
    """None: no reason to. A quota that is used up does not come back by waiting."""
    if failure is None or failure.type != "rate_limited" or not failure.retryable:
        return None
    return min(failure.retry_after or 0.0, LONGEST_PAUSE_S)


def _all(tokens: Tokens) -> int:
    return tokens.prompt + tokens.completion
