"""`ask` and `sleep`: spans that wait for people, or for time to pass, and need no worker for that.

Beside other work they wait where they are. As soon as nothing else in the run is at work, the run
is parked: this process forgets it, and whoever is rung for later replays up to here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any, cast

from workflows.engine.attempt import Attempt, now_ms
from workflows.engine.boundary import answered, child
from workflows.engine.context import current
from workflows.engine.errors import Failure, Parked
from workflows.engine.forms import Form, Misfit
from workflows.engine.frame import Frame
from workflows.engine.mailbox import Mailbox
from workflows.engine.options import Options
from workflows.wire.events import RunAnswered, RunWaiting
from workflows.wire.inbox import Letter
from workflows.wire.script import Answer
from workflows.wire.state import Asked

SETTLED_S = 0.2  # how long nobody must be at work before the run is parked
ASK, SLEEP = Options("ask"), Options("sleep")


@dataclass(frozen=True, slots=True)
class Question:
    """`form` None: nobody is asked, time has to pass. `timeout` in seconds."""

    key: str
    title: str
    form: Form | None = None
    timeout: float | None = None

    @property
    def options(self) -> Options:
        return SLEEP if self.form is None else replace(ASK, label=self.title)

    @property
    def identity(self) -> dict[str, Any]:
        if self.form is None:
            return {"seconds": self.timeout}
        return {"form": self.form.name, "title": self.title, "default": self.form.default}


async def waited(parent: Frame, question: Question, key: str | None) -> Any:
    """The answer, as a span of `parent`: from the log, or from whoever gives it."""
    if asyncio.get_running_loop() is not parent.attempt.loop:
        raise RuntimeError("ask() and sleep() are for async components: this one runs in a thread")

    async def wait() -> Any:
        return await Wait(cast("Frame", current()), question).over()

    place = child(parent, question.options, question.identity, key)
    return await answered(parent, place, question.identity, wait, question.options, (), {})


class Wait:
    """One span that waits."""

    def __init__(self, frame: Frame, question: Question) -> None:
        self._frame = frame
        self._question = question
        self._attempt: Attempt = frame.attempt
        self._box: Mailbox = frame.attempt.mailbox

    async def over(self) -> Any:
        """Raises Failure when the time is over and there is no default."""
        for key in self._box.keys_of(self._frame.path):
            by = self._box.asked[key].by
            if not by:
                return await self._asked(key)
            try:
                return self._read(by, self._box.answers.get(key))
            except Misfit:
                continue  # it was asked again
        return await self._asked(self._box.free_key(self._question.key))

    async def _asked(self, key: str) -> Any:
        letter = await self._letter(key)
        try:
            return self._answered(key, letter)
        except Misfit as misfit:
            self._frame.warn(f"The answer does not fit, it is asked for again: {misfit}")
        return await self._asked(self._box.free_key(self._question.key))

    async def _letter(self, key: str) -> Letter:
        self._frame.asking = True
        try:
            if self._question.form is None:
                return await self._come(key)
            async with self._box.turn:
                return await self._come(key)
        finally:
            self._frame.asking = False
            self._box.open.pop(key, None)
            self._box.said = ""  # what else is waited for is said again when the run is parked

    async def _come(self, key: str) -> Letter:
        """Wait for it, in the run's inbox. The first run.waiting says where, and until when."""
        found = self._found(key)
        if found is not None:
            return found
        self._say(key)
        await self._attempt.journal.flush()
        quiet = False
        while (found := self._found(key)) is None:
            left = self._left_s(key)
            if left is not None and left <= 0:
                await self._time_out(key)
            elif quiet:
                await self._park(key)
            quiet = self._attempt.quiet and await self._settled()
            if not quiet:
                await self._box.news(min(SETTLED_S, max(0.0, left or SETTLED_S)))
        return found

    def _found(self, key: str) -> Letter | None:
        """A sleep needs no letter: nobody else could write one."""
        asked = self._box.asked.get(key)
        if asked is None:
            return None
        if self._question.form is None:
            over = asked.until is not None and asked.until <= now_ms()
            return Letter("timeout") if over else None
        return self._box.letters.get(asked.id)

    def _say(self, key: str) -> None:
        question, box = self._question, self._box
        asked, until = box.asked.get(key), None
        if asked is not None:
            until = asked.until
        elif question.timeout is not None:
            until = now_ms() + round(question.timeout * 1000)
        form = question.form
        schema, default = (None, None) if form is None else (form.schema, form.default)
        self._frame.say(RunWaiting(key, question.title, schema, default, until))
        if asked is None:
            asked = Asked(self._attempt.journal.last_put, self._frame.path, until)
            box.asked[key] = asked
        box.open[key] = asked
        box.said = key
        if form is not None:
            box.current = key

    def _left_s(self, key: str) -> float | None:
        until = self._box.asked[key].until
        return None if until is None else (until - now_ms()) / 1000

    async def _time_out(self, key: str) -> None:
        """One winner: an answer may have come, or a hold."""
        if self._question.form is not None and self._box.door is not None:
            await self._box.door.time_out(self._box.asked[key].id, read=self._box.read)
            await self._box.look(self._attempt)
            if self._found(key) is None:
                await self._box.news(SETTLED_S)

    async def _settled(self) -> bool:
        """Whether nobody is at work, and still so after a moment: an answer may come at once."""
        await self._box.news(SETTLED_S)
        return self._attempt.quiet

    async def _park(self, key: str) -> None:
        """Let the run go, if nothing has come for it; the halt then ends this wait."""
        box = self._box
        if box.said not in box.open:
            self._say(key)  # something was answered since: the log says that the run goes on
        await self._attempt.journal.flush()
        if box.door is None or not self._attempt.quiet:
            return
        asked = [one for name, one in box.open.items() if name == box.current]
        untils = [one.until for one in box.open.values() if one.until is not None]
        said = await box.door.park(
            self._attempt.journal.tip,
            asked[0].id if asked else None,
            read=box.read,
            left_ms=min(untils) - now_ms() if untils else None,
        )
        if said is Answer.OK:
            self._attempt.halt(Parked("it waits"))
            self._attempt.check()
        # Unread: look. Anything else: the journal will know why.
        await box.look(self._attempt)

    def _answered(self, key: str, letter: Letter) -> Any:
        """Into the log before anything follows from it."""
        form = self._question.form
        value = letter.value
        if letter.by == "timeout":
            value = None if form is None else form.default
        self._frame.say(RunAnswered(key, letter.by, value))
        self._box.asked[key] = _with(self._box.asked[key], letter.by)
        self._box.answers[key] = value
        return self._read(letter.by, value)

    def _read(self, by: str, value: Any) -> Any:
        form = self._question.form
        if form is None:
            return None
        if by != "timeout":
            return form.read(value)
        if not form.has_default:
            raise Failure("timeout", f"Nobody answered in time: {self._question.title}")
        return form.read(value)


def _with(asked: Asked, by: str) -> Asked:
    return Asked(asked.id, asked.span, asked.until, asked.held, by)
