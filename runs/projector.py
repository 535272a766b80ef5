"""Log to rows: every quarter of a second, by one XREAD per bucket, idempotent by the cursor.

SQL's cursor moves by compare-and-set in the transaction that writes the rows, so that any number of
projectors are one. What is folded is kept in memory; it is a function of the log alone, so it can
be dropped at any time. The list of runs is `due`: just those whose end is not yet in SQL.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast
from uuid import UUID

from redis import Redis

from runs.connections import AWAY, gx
from runs.followed import Followed, Outcome
from runs.models import LARGE, LogArchive, Run
from workflows.wire import faults, keys, log
from workflows.wire.events import Event
from workflows.wire.log import Entry

logger = logging.getLogger(__name__)

BATCH = 500  # events of one run in one poll
KEPT = 2_000  # states kept in memory
LOOKED_UP = 500  # rows fetched by one query
SHUN_S = 5.0


class Projector:
    def __init__(self, client: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self.client = client
        self.clock = clock
        self.followed: dict[str, Followed] = {}
        self.hot: OrderedDict[str, None] = OrderedDict()  # those with a state, last used last
        self.shunned: dict[str, float] = {}  # runs that made us fail -> when to try again

    def poll(self) -> bool:
        """Write what is new. True: there is more, go on at once. Raises one of AWAY."""
        self._keep(set(self._due()))
        found = self._news()
        for run, entries in found:
            self._guarded(run, entries)
        return any(len(entries) == BATCH for _, entries in found)

    def _due(self) -> Iterator[str]:
        """The runs whose end is not in SQL."""
        pipe: Any = self.client.pipeline(transaction=False)
        for number in range(keys.BUCKETS):
            pipe.zrange(keys.due(number), 0, -1)
        now = self.clock()
        self.shunned = {run: until for run, until in self.shunned.items() if until > now}
        for runs in pipe.execute():
            known = (run.decode() for run in runs if keys.is_run(run))
            yield from (run for run in known if run not in self.shunned)

    def _keep(self, due: set[str]) -> None:
        """Follow just the runs that are due. One whose end is in SQL already is let go: a projector
        was killed before it did so, or a late worker has entered it again."""
        for run in self.followed.keys() - due:
            del self.followed[run]
        self._follow(sorted(due - self.followed.keys()))

    def _follow(self, runs: Sequence[str]) -> None:
        """Those that SQL does not know are looked up again after a while."""
        again = self.clock() + SHUN_S
        self.shunned |= dict.fromkeys(runs, again)
        for row in _rows(runs):
            del self.shunned[str(row.id)]
            if row.finished:
                self._let_go(str(row.id))
            else:
                self.followed[str(row.id)] = Followed(row)

    def _news(self) -> list[tuple[str, list[Entry]]]:
        """What the logs have that is not folded yet: one XREAD per bucket, in one round trip."""
        streams: dict[int, dict[str, str]] = {}
        for run, followed in self.followed.items():
            streams.setdefault(keys.bucket(run), {})[keys.log(run)] = str(followed.position)
        pipe: Any = self.client.pipeline(transaction=False)
        for of_bucket in streams.values():
            pipe.xread(of_bucket, count=BATCH)
        by_key = {keys.log(run).encode(): run for run in self.followed}
        return [(by_key[key], news) for answer in pipe.execute() for key, news in answer]

    def _guarded(self, run: str, entries: list[Entry]) -> None:
        """One run's poison stops no other run; it is tried again later."""
        try:
            self._project(run, self._decode(run, entries))
        except AWAY:
            self.followed.pop(run, None)
            raise
        except Run.DoesNotExist:
            self._shun(run)  # deleted in between, as may happen to any
        except Exception:
            logger.exception("run %s cannot be projected now", run)
            self._shun(run)

    def _shun(self, run: str) -> None:
        self.followed.pop(run, None)
        self.shunned[run] = self.clock() + SHUN_S

    def _project(self, run: str, events: list[Event]) -> None:
        outcome = self._take(run, events)
        if outcome is Outcome.ASTRAY:
            # What is in memory is of another log than the one that is there now.
            del self.followed[run]
            self._follow([run])
            outcome = self._take(run, [])
        if outcome is Outcome.ASTRAY:
            self.followed.pop(run, None)
        elif outcome is Outcome.ENDED:
            self._let_go(run)
        else:
            self._warm(run)

    def _take(self, run: str, events: list[Event]) -> Outcome:
        if run not in self.followed:
            return Outcome.ASTRAY
        return self.followed[run].take(events, lambda: log.read(self.client, run))

    def _warm(self, run: str) -> None:
        """Memory is for runs that speak; the state of the others is folded again when needed."""
        self.hot[run] = None
        self.hot.move_to_end(run)
        while len(self.hot) > KEPT:
            coldest, _ = self.hot.popitem(last=False)
            if coldest in self.followed:
                self.followed[coldest].cool()

    def _decode(self, run: str, entries: list[Entry]) -> list[Event]:
        events = log.decode_entries(entries)
        wanted = log.refs(events)
        if not wanted:
            return events
        return log.inline(events, wanted, cast("Any", self.client.hmget(keys.blob(run), wanted)))

    def _let_go(self, run: str) -> None:
        """The end is in SQL: the log may go, and last of all its place in `due`."""
        self.followed.pop(run, None)
        LogArchive.keep_faults(run, faults.read(self.client, run))
        pipe: Any = self.client.pipeline(transaction=False)
        seconds = max(1, round(gx().stream_ttl_hours * 3600))
        for name in (keys.log, keys.blob, keys.lease, keys.inbox):
            pipe.expire(name(run), seconds)
        pipe.execute()
        self.client.zrem(keys.due(keys.bucket(run)), run)


def _rows(runs: Sequence[str]) -> Iterator[Run]:
    """The rows of runs, without what only a worker reads."""
    for start in range(0, len(runs), LOOKED_UP):
        ids = [UUID(run) for run in runs[start : start + LOOKED_UP]]
        yield from Run.objects.filter(pk__in=ids).defer(*LARGE)
