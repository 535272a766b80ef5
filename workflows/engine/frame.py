"""One span under way, in this process: the scope of its code and the writer of its events."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from workflows.engine.afar import Afar
from workflows.engine.attempt import Attempt, now_ms
from workflows.engine.bill import Bill
from workflows.engine.budget import Hold
from workflows.engine.cache import Kept, Spent
from workflows.engine.errors import Failure, Halt, described, report
from workflows.engine.identity import Children, Place
from workflows.engine.journal import NOTHING
from workflows.engine.keeping import Keeping
from workflows.engine.options import Options
from workflows.engine.preview import preview, shown
from workflows.engine.resting import Resting
from workflows.engine.result import kept
from workflows.engine.retry import Decision
from workflows.engine.speech import Speech
from workflows.engine.spending import spent, usage
from workflows.wire.events import (
    Body,
    Call,
    Error,
    Log,
    Object,
    Saved,
    SpanCompleted,
    SpanFailed,
    SpanRetrying,
    SpanStarted,
    Status,
    Text,
    Usage,
)  # fmt: skip

MESSAGE_CHARS = 8 * 1024
STOPPED = Error("internal", "Stopped, because a step beside it or above it has ended.")
LATE = Error("deadline", "The run's time was over before this step had ended.")

logger = logging.getLogger(__name__)


class Frame(Resting):
    """Implements Scope for the code of the span, and Watcher for its boundary."""

    def __init__(
        self, attempt: Attempt, place: Place, options: Options, parent: Frame | None = None
    ) -> None:
        super().__init__(attempt, place, parent)
        self.options = options.after(attempt.tried[place.digest])
        self.parent: Frame | None = parent
        self.children = Children(place.digest)
        self.keeping: Keeping = Keeping(
            attempt.replay,
            place.digest,
            tried_again=options.tried_again,
            above=None if parent is None else parent.keeping,
        )
        self.below = 0  # calls that this span has made and that have not ended
        self.streams: set[Frame] = set()  # that it has begun and not yet come to the end of
        self.asking = False  # for an answer, or for time to pass
        self.fenced_at = 0.0
        self.result: Any = None  # frozen, once there is one
        self.spent = Spent()  # by it and all below it
        self._bill = Bill(self._payer(), attempt.purse)
        self._offsets: dict[str, int] = {}
        self._speech = Speech(attempt.mask)
        self._afar = Afar(attempt, self._put)
        self._began = time.perf_counter()

    # --- what the span's own code sees

    async def fence(self) -> None:
        self.attempt.claim()
        self.fenced_at = await self.attempt.journal.flush()

    async def reserve(self, usd: float | None, tokens: int) -> Hold:
        budget = self.budget
        self.attempt.claim()
        if usd is None and budget.limits.usd is not None:
            self.warn_once("price", "A model's price is not known: its calls do not count against"
                           " this run's budget of money, only of tokens.")  # fmt: skip
        return await budget.reserve(self, usd, tokens, self._is_within)

    async def begin(self, call: Call, usd: float | None, tokens: int) -> None:
        await self._bill.begin(call, usd, tokens, self.fence)

    @property
    def calls(self) -> Sequence[Call]:
        return self._bill.calls

    def record(self, call: Call) -> None:
        if not self._bill.end(call):
            return
        above: Frame | None = self
        while above is not None:
            above.spent, above = spent(above.spent, call), above.parent
        if self.budget.add(call) and self.attempt.halted is None:
            self.warn_once("budget", f"80 % of this run's budget are used: {self.budget.told()}.")

    def say(self, body: Body) -> None:
        if self.parent is None and isinstance(body, Status):
            self.attempt.held_up.own = body
        if self._afar.here:
            self._put(body)
        else:
            self._afar.say(body)

    async def tell(self, body: Body) -> None:
        self.attempt.claim()
        self._put(body)
        if self.attempt.journal.full:
            await self.attempt.journal.room()

    def inside(self, options: Options) -> bool:
        """Whether this is a call of that function, or is made by one."""
        frame: Frame | None = self
        while frame is not None and frame.options.home != options.home:
            frame = frame.parent
        return frame is not None

    def offset(self, channel: str) -> int:
        return self._offsets.get(channel, 0)

    def advance(self, channel: str, offset: int) -> None:
        self._offsets[channel] = offset
        if offset == 0:
            self._speech.forget(channel)

    def fit(self, channel: str, delta: str) -> str:
        return self._speech.add(channel, delta)

    # --- what its boundary tells

    @property
    def busy(self) -> bool:
        """Whether its own code is at work, and not a step below it, or nobody."""
        return self.at_work and not self.rests

    @property
    def at_work(self) -> bool:
        """The same, but one that waits for its next try counts: it has something to do."""
        return self.below == 0 and not self.asking

    def left_s(self) -> float | None:
        return self.attempt.left_s()

    def tries_left(self) -> int:
        return self.attempt.tries_left

    def trying(self, number: int) -> None:
        self.tries, self.clock = number, None
        self._offsets.clear()
        self._speech = Speech(self.attempt.mask)
        self.leave_streams()
        self.children.anew()

    def retrying(self, error: BaseException, number: int, decision: Decision) -> None:
        self.attempt.tries_left -= 1
        whole = self._report(error, "will be tried again", logging.WARNING)
        provider = error.provider if isinstance(error, Failure) else None
        self._put(
            SpanRetrying(
                of_try=number,
                of=self.options.retry.attempts,
                delay_s=round(decision.delay_s, 3),
                error=described(error),
                provider=provider or "",
            ),
            beside=whole,
        )

    def falling_back(self, error: BaseException) -> None:
        self.leave_streams()
        self.children.anew()
        whole = self._report(error, "falls back", logging.WARNING)
        said = f"{self.options.name} fell back: {described(error).message}"
        self._put(Log("warning", said), beside=whole)

    # --- its beginning and its end

    def leave_streams(self) -> None:
        """Python closes a generator that nobody holds, but later: its span ends with the try."""
        if self.streams:
            with suppress(Halt):
                while self.streams:
                    self.streams.pop().stop()

    def start(self, arguments: dict[str, Any]) -> None:
        place = self.place
        self._put(
            SpanStarted(
                name=place.name,
                hash=place.digest,
                key=place.key,
                label=self.options.label,
                parent=place.parent,
                input_preview=self._preview(arguments),
            ),
            lazy=True,
        )

    def _preview(self, arguments: dict[str, Any]) -> str:
        previews = self.attempt.facts.previews
        return preview(arguments, self.options.secret) if previews else ""

    def complete(self, value: Any, **more: Any) -> None:
        """Queue the end. What it gave is kept for the next attempt, if it can be."""
        self._say_rest()
        self.result, lost = kept(value, self.attempt.mask)
        if lost:
            self.warn(f"The result of {self.path} {lost}.")
        self.keeping.finish(self.result)
        said = {"duration_ms": self._took_ms(), **self._spent(), **more}
        self._put(SpanCompleted(output=self.result, **said))

    def take(self, found: Kept) -> None:
        """The end of a span whose value was made in another run."""
        saved = Saved(found.spent.tokens, found.spent.usd)
        self.complete(found.value, cached=True, usage=Usage(saved=saved))

    def fail(self, error: BaseException) -> None:
        whole = self._report(error, "failed")
        self._leave()
        said = SpanFailed(error=described(error), duration_ms=self._took_ms(), **self._spent())
        self._put(said, beside=whole)

    def stop(self) -> None:
        """It was cancelled by the run's own code, while the run goes on, or by its time."""
        self._leave()
        left = self.left_s()
        error = STOPPED if left is None or left > 0 else LATE
        self._put(SpanFailed(error=error, duration_ms=self._took_ms(), **self._spent()))

    def warn(self, message: str) -> None:
        logger.warning("%s: %s", self.run, message)
        self._put(Log("warning", message))

    def warn_once(self, of: str, message: str) -> None:
        """Once in an attempt."""
        if of not in self.attempt.warned:
            self.attempt.warned.add(of)
            self.warn(message)

    def _is_within(self, holder: object) -> bool:
        frame: Frame | None = self
        while frame is not None and frame is not holder:
            frame = frame.parent
        return frame is not None

    def _leave(self) -> None:
        """It gave nothing: its tries are counted on, should it be called again."""
        self.keeping.leave()
        self.attempt.tried[self.place.digest] += self.tries
        self._say_rest()

    def _say_rest(self) -> None:
        for channel, delta in self._speech.rest():
            self._put(Text(channel, self.offset(channel), delta))

    def _spent(self) -> dict[str, Any]:
        return {"tries": max(1, self.tries), "usage": usage(self._bill.calls)}

    def _took_ms(self) -> float:
        return round((time.perf_counter() - self._began) * 1000, 3)

    def _put(
        self, body: Body, *, lazy: bool = False, beside: Mapping[str, bytes] = NOTHING
    ) -> None:
        self.attempt.check()
        if isinstance(body, Log | Status) and len(body.message) > MESSAGE_CHARS:
            body = replace(body, message=body.message[:MESSAGE_CHARS] + "…")
        if isinstance(body, Object):
            body = shown(body)
        self.attempt.journal.put(body, span=self.path, at=now_ms(), lazy=lazy, beside=beside)

    def _report(
        self, error: BaseException, what: str, level: int = logging.ERROR
    ) -> Mapping[str, bytes]:
        """Tell those who run the service; the rest of it goes beside the event."""
        report(error, f"{self.run}: {self.path} {what}", self.attempt.mask, level)
        return self.attempt.faults.of(error, span=self.path, what=what, at=now_ms())
