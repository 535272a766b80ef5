"""Runs on a real Valkey and a real database, without a worker: tests write logs as one would."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from redis import Redis

from runs.lifecycle import start
from runs.models import Run
from runs.monitor import Monitor
from runs.projector import Projector
from tests.runs.worker import Worker
from workflows.wire.orders import Order

BRIEF = {"topic": "Heat pumps", "notes": "A heat pump moves heat."}


@pytest.fixture(autouse=True)
def gx(settings, redis_url: str):  # type: ignore[no-untyped-def]
    """Our settings, on the test's own Redis."""
    settings.GX = replace(settings.GX, redis_url=redis_url, broker_url=redis_url)
    return settings.GX


@pytest.fixture
def alice(transactional_db: None) -> AbstractUser:
    return get_user_model().objects.create_user(email="alice@example.org")


@pytest.fixture
def run(alice: AbstractUser) -> Run:
    """A run of Alice's that was started and not yet taken up."""
    return start(owner=alice, workflow="blog", input=BRIEF).run


@pytest.fixture
def worker(redis: Redis, run: Run) -> Worker:
    """Has opened the run's first attempt."""
    return Worker.opened(redis, run)


@pytest.fixture
def projector(redis: Redis) -> Projector:
    return Projector(redis)


@dataclass
class ListBell:
    """A doorbell that remembers who rang. `queued`: how many orders are in every queue, None when
    nobody can tell. `heard`: whether ringing reaches anybody."""

    orders: list[Order] = field(default_factory=list)
    queued: int | None = 0
    heard: bool = True

    def ring(self, *orders: Order) -> bool:
        self.orders += orders
        return self.heard

    def waiting(self, queue: str) -> int | None:
        return self.queued


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def bell() -> ListBell:
    return ListBell()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def monitor(redis: Redis, bell: ListBell, clock: Clock) -> Monitor:
    """A monitor whose clock stands still: it is not calm before `clock.now` moves."""
    return Monitor(redis, bell, clock)
