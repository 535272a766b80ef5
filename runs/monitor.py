"""Sees to it that every live run goes on or ends: restores lost logs, takes runs over from workers
that died, rings again for those that nobody opened, gives up on the hopeless and says so.

One `tick` judges the runs whose deadline in `due` has passed. Any number of monitors are safe:
every attempt is taken by compare-and-set, and a bell rung twice changes nothing.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from runs import standing
from runs.adoption import Adoption
from runs.calm import Calm
from runs.connections import AWAY, gx
from runs.doorbell import Bell, queue_of
from runs.ending import Finished, Unsettled, end
from runs.models import LARGE, SETTLED_S, Run
from runs.restore import restore
from runs.standing import Standing
from runs.verdict import Act, Verdict, died_alone, judge
from workflows.wire import keys, lease, log, pulse
from workflows.wire.events import RunFailed
from workflows.wire.orders import Order

logger = logging.getLogger(__name__)

BATCH = 100  # runs of one bucket judged in one tick
SWEEP_S = 10.0
# A run younger than this is being announced by its `start`; twice its time, since clocks differ.
SETTLED = timedelta(seconds=2 * SETTLED_S)
STRANGER_MS = 60_000  # when to look again at a run that SQL does not know
LOOK_MS = 1_000  # at one that no worker serves: a deploy brings some soon
SHUN_MS = 5_000  # and at one that made us fail


class Monitor:
    def __init__(
        self, client: Redis, bell: Bell, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.client, self.bell, self.clock = client, bell, clock
        self.calm = Calm(gx().lease_seconds, clock())
        self.adoption = Adoption(gx().adopt_seconds, clock)
        self.server = ""  # the Redis run id under which logs are looked at in this tick
        self.sweep_at = 0.0
        self.runs = 0  # in `due` at the last tick

    def tick(self) -> None:
        """Judge what is due. Raises RedisError, or SQL's errors."""
        self.calm.tick(self.clock())
        try:
            self._tick()
        except RedisError:
            self.server = ""
            raise

    def _tick(self) -> None:
        self._greet(log.redis_run_id(self.client))
        if self.clock() >= self.sweep_at:
            self.sweep()
            self.sweep_at = self.clock() + SWEEP_S
        now = lease.now_ms(self.client)
        self.calm.hear(self.clock(), now)
        self.ring([run for due in self._due(now) for run in self._judge(due, now)])

    def _greet(self, server: str) -> None:
        """Another server, or the first after an error: everybody needs time to come back to it."""
        if server != self.server:
            self.server = server
            self.calm.disturb(self.clock())
            self.sweep_at = 0.0

    def sweep(self) -> None:
        """Every live run of SQL is in `due`: one that is not was never announced, or forgotten."""
        old = Run.objects.live().filter(created_at__lt=timezone.now() - SETTLED)
        by_bucket: dict[int, list[str]] = defaultdict(list)
        for id in old.values_list("pk", flat=True).iterator():
            by_bucket[keys.bucket(id)].append(str(id))
        now = lease.now_ms(self.client)
        for number, runs in by_bucket.items():
            self.client.zadd(keys.due(number), dict.fromkeys(runs, now), nx=True)

    def _due(self, now: int) -> list[list[str]]:
        """The longest overdue, by bucket."""
        pipe: Any = self.client.pipeline(transaction=False)
        for number in range(keys.BUCKETS):
            pipe.zrangebyscore(keys.due(number), "-inf", now, start=0, num=BATCH)
            pipe.zcard(keys.due(number))
        found = pipe.execute()
        self._count(sum(found[1::2]))
        return [self._runs(number, ids) for number, ids in enumerate(found[::2])]

    def _runs(self, number: int, ids: Sequence[bytes]) -> list[str]:
        """Without what is no run: a worker of others' making must not stop us with it."""
        wrong = [id for id in ids if not keys.is_run(id)]
        if wrong:
            logger.error("no runs, thrown out of due: %r", wrong[:3])
            self.client.zrem(keys.due(number), *wrong)
        return [id.decode() for id in ids if keys.is_run(id)]

    def _count(self, runs: int) -> None:
        """Half of all runs do not end in a quarter of a second: Redis may have lost its data."""
        if runs < self.runs / 2:
            self.sweep_at = 0.0
        self.runs = runs

    def _judge(self, ids: Sequence[str], now: int) -> Iterator[Run]:
        """Act on each run that is due; gives those to be rung for."""
        if not ids:
            return  # in most ticks, of most buckets
        found = Run.objects.filter(pk__in=[UUID(id) for id in ids]).defer(*LARGE)
        known = {str(run.id): run for run in found}
        self._strangers([id for id in ids if id not in known], now)
        # One that has ended in SQL is in `due` only until the projector has let go of it.
        live = [run for run in known.values() if not run.finished]
        calm = self.calm.holds(self.clock())
        for run, stands in zip(live, standing.look(self.client, live), strict=True):
            verdict = judge(run, stands, now=now, calm=calm, max_deaths=gx().max_crashes)
            if self._guarded(run, stands, verdict):
                yield run

    def _strangers(self, ids: Sequence[str], now: int) -> None:
        """Runs that SQL does not know. Those that were deleted leave; a log that goes on is not
        ours to judge: it is looked at again, and leaves when it has ended."""
        over = [id for id in ids if self._is_over(id)]
        for id in over:
            self.client.zrem(keys.due(keys.bucket(id)), id)
        self._postpone([id for id in ids if id not in over], now + STRANGER_MS)

    def _is_over(self, id: str) -> bool:
        tip = log.tip(self.client, id)
        return tip is None or tip.terminal

    def _guarded(self, run: Run, stands: Standing, verdict: Verdict) -> bool:
        """What is wrong with one run stops no other."""
        try:
            return self._act(run, stands, verdict)
        except AWAY:
            raise
        except Exception:
            logger.exception("run %s: cannot %s now", run.id, verdict.act.value)
            self._postpone([str(run.id)], lease.now_ms(self.client) + SHUN_MS)
            return False

    def _act(self, run: Run, stands: Standing, verdict: Verdict) -> bool:
        """Whether the run is to be rung for. A lost compare-and-set: another monitor was first."""
        above = stands.tip.attempt
        match verdict.act:
            case Act.RESTORE:
                restored = restore(self.client, run, tip=stands.tip, redis_run_id=self.server)
                return restored and run.take_attempt(server=self.server)
            case Act.TAKE_OVER:
                # Where nothing can be written no lease is renewed, whoever lives: find out first.
                self._postpone([str(run.id)], stands.lease.until if stands.lease else 0)
                logger.warning("run %s: its worker is gone, taking over", run.id)
                alone = died_alone(stands)
                return run.take_over(above=above, server=self.server, alone=alone)
            case Act.HAND_OVER:
                return run.take_attempt(above=above, server=self.server)
            case Act.RING:
                return self._still_valid(run) or run.take_attempt(above=above, server=self.server)
            case Act.GIVE_UP if verdict.error is not None:
                self._give_up(run, RunFailed(verdict.error))
        return False

    def _still_valid(self, run: Run) -> bool:
        """Whether the attempt was taken under this start of Redis. Under another one the log may
        have been cut back behind its opening, and a number is never opened twice."""
        return run.attempt_server == self.server

    def _give_up(self, run: Run, body: RunFailed) -> None:
        logger.warning("run %s: given up: %s", run.id, body.error.type)
        try:
            end(self.client, run, body)
        except (Finished, Unsettled) as moved:
            logger.info("run %s: moved by somebody else: %r", run.id, moved)

    def ring(self, runs: Sequence[Run]) -> None:
        """Ring for the oldest, only as often as orders are missing from a queue that is served.

        The others wait in their place: their deadline brings them back here.
        """
        served = pulse.served(pulse.alive(self.client))
        self.adoption.look(served)
        by_version: dict[tuple[str, int], list[Run]] = defaultdict(list)
        for run in sorted(runs, key=lambda run: run.created_at):
            by_version[run.workflow, self.adoption.version(run, served)].append(run)
        now = lease.now_ms(self.client)
        opened_by = now + round(gx().lease_seconds * 1000)
        for (workflow, version), waiting in by_version.items():
            queue = queue_of(workflow, version)
            there = queue in served
            self._postpone([str(run.id) for run in waiting], opened_by if there else now + LOOK_MS)
            if there:
                self._ring(waiting[: self._missing(queue, waiting)], version)

    def _missing(self, queue: str, waiting: Sequence[Run]) -> int:
        """How many more runs wait for a worker than there are orders in their queue."""
        orders = self.bell.waiting(queue)
        if orders is None:
            return 0
        begun_as = {run.version for run in waiting}
        unopened = Run.objects.unopened().filter(workflow=waiting[0].workflow)
        return max(0, unopened.filter(version__in=begun_as).count() - orders)

    def _ring(self, runs: Sequence[Run], version: int) -> None:
        """Up to the first failure: a broker that is away must not hold up the judging of others."""
        for run in runs:
            order = Order(str(run.id), run.workflow, version, run.attempt, self.server)
            if not self.bell.ring(order):
                return

    def _postpone(self, runs: Sequence[str], until: int) -> None:
        """`xx`: a run that has ended in between must not come back."""
        pipe: Any = self.client.pipeline(transaction=False)
        for run in runs:
            pipe.zadd(keys.due(keys.bucket(run)), {run: until}, xx=True)
        pipe.execute()
