"""What a flow uses to wait: `ask` people, `sleep`, hear `signals`. `rehearsed` plays the people.

```python
outline = await ask(Outline, title="Shape the outline", default=outline, timeout=3600)
if signals().received("finish"): ...
```
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from workflows.engine.asking import Question, waited
from workflows.engine.context import current
from workflows.engine.forms import NONE, Form
from workflows.engine.frame import Frame
from workflows.engine.mailbox import Mailbox
from workflows.wire.events import RunSignalled

T = TypeVar("T")
SHORT_S = 10.0  # a sleep of up to this is none that a worker is spared
LONGEST_S = 100 * 365 * 86_400.0  # calendars have an end

Signal = RunSignalled


@dataclass
class Rehearsal:
    """Answers that are given in their order, and signals that have been sent."""

    answers: list[Any]
    signals: Mapping[str, Any] = field(default_factory=dict)


_rehearsal: ContextVar[Rehearsal | None] = ContextVar("gx_rehearsal", default=None)


@contextmanager
def rehearsed(*answers: Any, signals: Mapping[str, Any] | None = None) -> Iterator[None]:
    """For tests: outside a run `ask` gives these answers, one after the other.

    >>> with rehearsed(True, signals={"finish": None}):
    ...     asyncio.run(ask(bool, title="Go on?")), signals().received("finish")
    (True, True)
    """
    token = _rehearsal.set(Rehearsal(list(answers), signals or {}))
    try:
        yield
    finally:
        _rehearsal.reset(token)


async def ask(
    form: type[T],
    *,
    title: str = "",
    default: T = NONE,
    timeout: float | None = None,
    key: str | None = None,
) -> T:
    """Ask the run's owner. `form`: a dataclass, a pydantic model, or a plain type; the answer is
    one of it. While nothing else in the run is at work nobody holds the run: days are fine.

    `timeout`: after so many seconds the answer is `default`; without a default Failure of type
    timeout is raised. A person who begins to answer may stop that clock. `key` names the question
    in addresses, and tells it from others. Questions of one run are asked one after the other.
    Outside a run: an answer of `rehearsed`, else the default, else RuntimeError.

    >>> asyncio.run(ask(bool, title="Go on?", default=False))
    False
    """
    made = Form.of(form, default)
    limit = None if timeout is None else bounded(timeout)
    if key is not None and not re.fullmatch(r"[\w.-]{1,100}", key):
        raise ValueError(f"a question's key has 1 to 100 letters, digits, `.`, `_` or `-`: {key!r}")
    scope = current()
    if not isinstance(scope, Frame):
        alone: T = _alone(title, default)
        return alone
    question = Question(key or made.slug, title or made.slug, made, limit)
    answer: T = await waited(scope, question, key)
    return answer


def _alone(title: str, default: Any) -> Any:
    rehearsal = _rehearsal.get()
    if rehearsal is not None and rehearsal.answers:
        return rehearsal.answers.pop(0)
    if default is NONE:
        raise RuntimeError(
            f"nobody is there to be asked outside a run ({title!r}): give a default, or the answer"
            " with `rehearsed`"
        )
    return default


async def sleep(seconds: float) -> None:
    """Let time pass. A long sleep holds no worker; a run that was begun again sleeps what is left.

    >>> asyncio.run(sleep(0))
    """
    scope, seconds = current(), bounded(seconds)
    if seconds <= SHORT_S or not isinstance(scope, Frame):
        await asyncio.sleep(seconds)
        return
    await waited(scope, Question("sleep", f"Until {seconds:g} s have passed", None, seconds), None)


def bounded(seconds: float) -> float:
    """Raises ValueError for what is no time."""
    if math.isnan(seconds):
        raise ValueError("how long to wait is not a number")
    return min(seconds, LONGEST_S)


def signals() -> Signals:
    """What was sent to this run; see `Signals`.

    >>> with rehearsed(signals={"finish": None}):
    ...     signals().received("finish")
    True
    """
    return Signals()


class Signals:
    """The signals of the run under way, in the order in which they came, in every attempt all of
    them from the first on. A workflow is sent only those that its entry in the catalog names.

    >>> signals().received("finish"), signals().values("add")
    (False, [])
    """

    def received(self, name: str) -> bool:
        """Whether it was sent. Once it was, it was for ever."""
        return any(signal.name == name for signal in self._all())

    def values(self, name: str) -> list[Any]:
        """What came with each of that name."""
        return [signal.value for signal in self._all() if signal.name == name]

    def last(self, *names: str) -> str:
        """Which of these came last; empty: none of them did."""
        return next((one.name for one in reversed(self._all()) if one.name in names), "")

    async def __aiter__(self) -> AsyncIterator[Signal]:
        """Each signal from the first on, and then as they come, to the run's end. It waits where it
        is; only `ask` and `sleep` park a run. Outside a run it ends."""
        given = 0
        while True:
            for signal in self._all()[given:]:
                given += 1
                yield signal
            box = _mailbox()
            if box is None:
                return
            await box.news()

    def _all(self) -> list[Signal]:
        box = _mailbox()
        if box is not None:
            box.listen()
            return list(box.signals.values())
        rehearsal = _rehearsal.get()
        sent = {} if rehearsal is None else rehearsal.signals
        return [Signal(name, name, value) for name, value in sent.items()]


def _mailbox() -> Mailbox | None:
    scope = current()
    return scope.attempt.mailbox if isinstance(scope, Frame) else None
