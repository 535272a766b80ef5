"""What a component's own code may say and ask while it runs: progress, text, objects, its scope.

All of it is found through one context variable, so that it costs no argument and does nothing
outside a run: the same function works in a test, in a shell and in a worker.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from redis.asyncio import Redis

from workflows.engine.budget import Budget, Hold, Left
from workflows.wire.events import Body, Call, Log, Object, Status, Text

# One event stays under 64 KB whatever the text is made of: JSON may need six bytes a character.
PIECE = 8 * 1024
NAME_CHARS = 200

T = TypeVar("T")


class Scope(Protocol):
    """The span under way, as its own code sees it: `current()`.

    >>> @component
    ... def whoami() -> str:
    ...     scope: Scope | None = current()
    ...     return scope.path if scope else "no run"
    >>> whoami()
    'no run'
    """

    @property
    def run(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def owner(self) -> str: ...

    @property
    def lane(self) -> str:
        """interactive or bulk."""

    @property
    def worker(self) -> str:
        """The name of the process that has the run."""

    @property
    def redis(self) -> Redis | None:
        """The worker's client, in this loop, for what may be asked twice: it tries again by itself.
        None where there is no Redis: in a test at a desk."""

    @property
    def deadline(self) -> float | None:
        """When the run must have ended, by time.monotonic()."""

    @property
    def secret(self) -> bytes:
        """A key that only this run knows: equal in every attempt, unguessable for a web page."""

    def masked(self, said: str) -> str:
        """Words for those who run the process: without its secrets, and without the run's own."""

    @property
    def fenced_at(self) -> float:
        """When the last acknowledged fence was sent, by time.monotonic()."""

    async def fence(self) -> None:
        """Ask the log whether the run is still ours: before EVERY try at a provider.

        Raises LeaseLost if it is not.
        """

    @property
    def number(self) -> int:
        """Which try of this span it is, from 1."""

    async def idle(self, turn: Awaitable[T]) -> T:
        """Wait for leave to work. Time-outs of steps, not of the run, stand still meanwhile, and a
        worker that drains gives the step to another."""

    def held_up(self, words: str) -> None:
        """Tell the readers of the run what this step waits for; "": it goes on."""

    @property
    def budget(self) -> Budget:
        """What the run may spend, and has."""

    async def reserve(self, usd: float | None, tokens: int) -> Hold:
        """Wait until there is room for a provider try that may come to so much.

        Raises Failure when nothing is left. Release the hold after `record`.
        """

    async def begin(self, call: Call, usd: float | None, tokens: int) -> None:
        """Fence this provider try, and write into the ledger that it begins; it may come to so
        much. Raises LeaseLost, Failure."""

    @property
    def calls(self) -> Sequence[Call]:
        """The provider tries of this span that have ended."""

    @property
    def warned(self) -> set[str]:
        """What the run's readers have been told once, in this attempt."""

    async def sleep(self, seconds: float) -> None:
        """Wait with nothing under way. A worker that drains does not wait for it."""

    def record(self, call: Call) -> None:
        """Note one provider try that ended, well or not, or that was never sent."""

    def say(self, body: Body) -> None:
        """Put an event into the log, without waiting."""

    async def tell(self, body: Body) -> None:
        """The same, but wait while too much is unsent."""

    def offset(self, channel: str) -> int:
        """How many characters this try has written to the channel."""

    def advance(self, channel: str, offset: int) -> None: ...

    def fit(self, channel: str, delta: str) -> str:
        """What of it can be shown now; the rest comes with the next delta, or at the end."""


_current: ContextVar[Scope | None] = ContextVar("gx_scope", default=None)


def current() -> Scope | None:
    """The span under way; None outside a run.

    >>> current() is None
    True
    """
    return _current.get()


@contextmanager
def entered(scope: Scope) -> Iterator[None]:
    token = _current.set(scope)
    try:
        yield
    finally:
        _current.reset(token)


def status(message: str, *, done: int | None = None, total: int | None = None) -> None:
    """What this span is doing now; the newest one counts. Of the workflow itself it is the run's
    progress. Like all that is said, it goes nowhere outside a run.

    >>> status("Reading the notes", done=2, total=7)
    """
    if (scope := current()) is not None:
        scope.say(Status(message=message, done=_number(done), total=_number(total)))


def _number(said: Any) -> int | float | None:
    """Libraries that count have numbers of their own, which JSON does not know."""
    if said is None or type(said) in (int, float):
        return said  # type: ignore[no-any-return]
    return int(said) if hasattr(said, "__index__") else float(said)


def publish(label: str, value: Any) -> None:
    """Show a live structure, whole, under its label; at most 32 KB of JSON.

    >>> publish("outline", {"title": "Heat pumps", "sections": ["Why", "How"]})
    """
    if (scope := current()) is not None:
        scope.say(Object(label=_checked(label), value=value))


def log(message: str, *, level: str = "info") -> None:
    """Tell the readers of the run something, once. `level`: info or warning.

    >>> log("Two of the seven quotes could not be verified.", level="warning")
    """
    if (scope := current()) is not None:
        scope.say(Log(level=level, message=message))


def budget() -> Left:
    """What is left for this run. Ask it where a cheaper way would do:

    >>> model = "small" if budget().low else "large"
    >>> model  # outside a run there is no bound
    'large'
    """
    scope = current()
    return Left() if scope is None else scope.budget.left


def text(channel: str) -> Channel:
    """A text that readers see grow. The blog's sections are on `section-1`, `section-2` and so on.

    >>> asyncio.run(text("section-1").write("A heat pump moves heat."))
    """
    return Channel(channel)


class Channel:
    """A text that grows before the reader's eyes. It belongs to the try of the span that writes:
    when that is tried again, or taken up by another worker, it begins anew.

    >>> async def say() -> None:
    ...     draft: Channel = text("draft")
    ...     await draft.write("A heat")
    ...     await draft.write(" pomp")
    ...     await draft.replace("A heat pump")
    >>> asyncio.run(say())
    """

    def __init__(self, name: str) -> None:
        self.name = _checked(name)

    async def write(self, delta: str) -> None:
        """Add to the end of what this try has written."""
        if (scope := current()) is not None:
            for start in range(0, len(delta), PIECE):
                await self._say(scope, delta[start : start + PIECE])

    async def replace(self, whole: str) -> None:
        """Say the whole text anew."""
        if (scope := current()) is None:
            return
        scope.advance(self.name, 0)
        if whole:
            await self.write(whole)
        else:
            await self._put(scope, "")

    async def _say(self, scope: Scope, delta: str) -> None:
        if fit := scope.fit(self.name, delta):
            await self._put(scope, fit)

    async def _put(self, scope: Scope, delta: str) -> None:
        at = scope.offset(self.name)
        scope.advance(self.name, at + len(delta))
        await scope.tell(Text(channel=self.name, at=at, delta=delta))


def _checked(name: str) -> str:
    """A channel or a label: it stands in each of its events."""
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS:
        raise ValueError(f"a channel or a label is a str of at most {NAME_CHARS} characters")
    return name
