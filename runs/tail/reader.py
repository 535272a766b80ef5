"""The one reader of a process: follows all watched logs with one XREAD at a time.

Its task starts with the first viewer and ends soon after the last. When Redis is away, or has come
back with less than it had, viewers are told "paused" and keep what they see.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import DatabaseError, InterfaceError
from redis.exceptions import RedisError

from runs import history
from runs.doorbell import queue_of
from runs.line import places
from runs.models import Run
from runs.render import Note, line
from runs.tail.batch import Batch
from runs.tail.source import Source
from runs.tail.watch import Watch
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import Event
from workflows.wire.log import Entry
from workflows.wire.state import State

BLOCK_S = 2.0  # also how long a log may be gone before we notice
GRACE_S = 5.0
BACK_OFF_S = (0.05, 0.1, 0.2, 0.5, 1.0)


logger = logging.getLogger(__name__)


class Tail:
    def __init__(self, url: str, *, block_s: float = BLOCK_S, grace_s: float = GRACE_S) -> None:
        self._url = url
        self._block_s = block_s
        self._grace_s = grace_s
        self._watches: dict[str, Watch] = {}
        self._task: asyncio.Task[None] | None = None
        # With those that are closing what they had open.
        self._tasks: set[asyncio.Task[None]] = set()
        self._source: Source | None = None
        self._checked_at = 0.0
        self._failures = 0

    @property
    def watched(self) -> frozenset[str]:
        return frozenset(self._watches)

    @asynccontextmanager
    async def watch(self, run: UUID | str) -> AsyncIterator[Watch]:
        """Follow a run for as long as the block lasts. Who may look is the caller's question."""
        watch = self._watches.get(str(run))
        is_new = watch is None
        if watch is None:
            watch = self._watches[str(run)] = Watch(str(run), self._read_log)
        watch.viewers += 1
        try:
            if is_new:
                await self._announce()
            yield watch
        finally:
            watch.viewers -= 1
            watch.left_at = self._now()

    async def aclose(self) -> None:
        """Stop at once: for a loop that ends before its process does."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # The task

    async def _announce(self) -> None:
        if self._task is None:
            # Not in a TaskGroup: it belongs to all viewers, and ends by itself after the last.
            self._task = asyncio.get_running_loop().create_task(self._follow())
            self._tasks.add(self._task)
            self._task.add_done_callback(self._tasks.discard)
        elif self._source is not None:
            await self._wake(self._source)

    async def _follow(self) -> None:
        source = self._source = Source(self._url, self._block_s)
        try:
            async with asyncio.TaskGroup() as loads:
                while self._forget_left():
                    for watch in self._watches.values():
                        if watch.loading and not watch.load_begun:
                            watch.load_begun = True
                            loads.create_task(self._load(source, watch))
                    await self._turn(source)
        except Exception as error:
            logger.exception("The tail stopped; its viewers will come again")
            self._fail_all(error)
        finally:
            await source.aclose()

    def _forget_left(self) -> bool:
        """Let go of runs that nobody looks at any more. False: there is nothing left to do."""
        before = self._now() - self._grace_s
        for watch in list(self._watches.values()):
            if not watch.viewers and watch.left_at < before:
                del self._watches[watch.run]
        if not self._watches:
            self._task = None  # whoever comes now starts another
        return bool(self._watches)

    async def _turn(self, source: Source) -> None:
        """One unit: look whether logs are where we think, then wait for one frame of each."""
        try:
            if self._now() - self._checked_at >= self._block_s:
                await self._check(source)
                self._checked_at = self._now()
            live = {w.run: w.cursor for w in self._watches.values() if w.followed}
            for run, entries in (await source.wait(live)).items():
                await self._feed(source, self._watches[run], entries)
            self._failures = 0
        except (RedisError, OSError) as error:
            await self._back_off(error)

    async def _check(self, source: Source) -> None:
        """A log that is gone or behind us will be restored, or is over and in SQL."""
        live = [w.run for w in self._watches.values() if w.followed]
        tips = await source.tips(live) if live else {}
        for run, tip in tips.items():
            watch = self._watches[run]
            if tip is not None and tip >= watch.cursor:
                watch.pause(watch.provisional)
            else:
                watch.pause()
                await self._end_from_sql(watch)
        await self._look_for_workers(source)

    async def _look_for_workers(self, source: Source) -> None:
        """A run that nobody has waits for a worker. Is there one that could take it?"""
        live = {run: w.state for run, w in self._watches.items() if w.followed and w.state}
        held = await source.held(list(live)) if live else {}
        there = await source.served() if not all(held.values()) else frozenset()
        notes = dict[str, Note]()
        for run, state in live.items():
            queue = queue_of(state.workflow, state.version)
            notes[run] = _missing(state, held=held[run], served=queue in there)
        waiting = [r for r, s in live.items() if s.status == "queued" and not (held[r] or notes[r])]
        found = await _places(waiting) if waiting else {}
        for run, note in notes.items():
            self._watches[run].attend(note or line.note(found.get(run, 0)))

    async def _feed(self, source: Source, watch: Watch, entries: list[Entry]) -> None:
        try:
            if not watch.feed(await source.decode(watch.run, entries)):
                watch.load_again()
        except (RedisError, OSError):
            raise
        except Exception as error:
            logger.exception("Run %s cannot be followed", watch.run)
            self._give_up(watch, error)

    async def _back_off(self, error: Exception) -> None:
        for watch in self._watches.values():
            if watch.followed:
                watch.pause()
        if not self._failures:
            logger.warning("Redis does not answer, viewers wait: %s", error)
        delay = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
        self._failures += 1
        self._checked_at = 0.0  # after a reconnect nothing is taken for granted
        await asyncio.sleep(delay)

    # One run

    async def _load(self, source: Source, watch: Watch) -> None:
        try:
            state = await self._find(source, watch.run)
            if state is not None:
                watch.begin(state)
            else:
                await self._begin_from_sql(watch)
            await self._wake(source)
        except Exception as error:
            logger.exception("Run %s cannot be loaded", watch.run)
            self._give_up(watch, error)

    async def _find(self, source: Source, run: str) -> State | None:
        try:
            return await source.fold(run)
        except (RedisError, OSError):
            return None

    async def _begin_from_sql(self, watch: Watch) -> None:
        view = await _view(watch.run)
        state = view.state
        if view.live:
            watch.begin(state)
        elif watch.state is None or watch.provisional:
            watch.begin(replace(state, cursor=ZERO), provisional=True)
        else:
            # The log went while it was read again: viewers keep what they have.
            watch.loading = False
            watch.pause()

    async def _end_from_sql(self, watch: Watch) -> None:
        """A log that is gone may be one whose end we have missed."""
        try:
            view = await _view(watch.run, finished=True)
        except (Run.DoesNotExist, DatabaseError, InterfaceError):
            return  # then it will be restored, or SQL comes back
        except Exception as error:  # deleted just now, or what is kept of it cannot be read
            logger.exception("Run %s cannot be followed to its end", watch.run)
            self._give_up(watch, error)
            return
        watch.begin(view.state)

    async def _read_log(self, watch: Watch, after: Cursor) -> Batch | None:
        source = self._source
        batch = None
        if source is not None:
            try:
                batch = await source.read(watch.run, after)
            except (RedisError, OSError):
                batch = None
        if batch is None and watch.state is not None and watch.state.ended:
            batch = Batch.cut(await _events(watch.run), after)
        return batch

    async def _wake(self, source: Source) -> None:
        # Without Redis the reader does not wait for it either.
        with suppress(RedisError, OSError):
            await source.wake()

    def _give_up(self, watch: Watch, error: Exception) -> None:
        if self._watches.get(watch.run) is watch:
            del self._watches[watch.run]
        watch.fail(error)

    def _fail_all(self, error: Exception) -> None:
        self._task = None
        for watch in self._watches.values():
            watch.fail(error)
        self._watches.clear()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _missing(state: State, *, held: bool, served: bool) -> Note:
    """What is to be said of those who should carry the run on."""
    if held or state.status == "waiting":
        return ""
    if not served:
        return "unattended"
    return "orphaned" if state.status == "running" else ""


@database_sync_to_async  # type: ignore[untyped-decorator]
def _view(run: str, *, finished: bool = False) -> history.View:
    # Redis was asked already, and may not answer for seconds: all sockets share this one thread.
    rows = Run.objects.finished() if finished else Run.objects.all()
    return history.remembered(rows.get(pk=run))


@database_sync_to_async  # type: ignore[untyped-decorator]
def _places(runs: list[str]) -> dict[str, int]:
    try:
        return places(runs)
    except (DatabaseError, InterfaceError):
        return {}  # it is told again in a moment


@database_sync_to_async  # type: ignore[untyped-decorator]
def _events(run: str) -> list[Event]:
    return history.events(Run.objects.get(pk=run))
