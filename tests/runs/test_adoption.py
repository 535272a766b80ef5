"""A run whose version has no worker any more goes on with one that is declared compatible."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from redis import Redis

from runs.adoption import Adoption
from runs.attendance import unserved
from runs.models import Run
from runs.monitor import Monitor
from runs.projector import Projector
from tests.runs.conftest import Clock, ListBell
from tests.runs.test_monitor import reread
from tests.runs.worker import Worker, overdue, serve
from workflows.catalog import BLOG, CATALOG
from workflows.wire import pulse

V1, V2 = "gx.interactive.blog.v1", "gx.interactive.blog.v2"


@dataclass(frozen=True)
class Other:
    """An input that no brief fits."""

    url: str


@pytest.fixture
def deployed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the run's start version 2 came into the catalog; it may adopt version 1."""
    monkeypatch.setitem(CATALOG, "blog", replace(BLOG, version=2, compatible=(1,)))


def rung(monitor: Monitor, bell: ListBell, redis: Redis, run: Run) -> list[int]:
    """The versions of the orders that one tick brings."""
    bell.orders.clear()
    overdue(redis, run)
    monitor.tick()
    return [order.version for order in bell.orders]


@pytest.mark.usefixtures("deployed")
def test_after_a_minute_without_a_worker_a_compatible_version_adopts_it(
    run: Run, monitor: Monitor, bell: ListBell, clock: Clock, redis: Redis
) -> None:
    serve(redis, V2)
    assert rung(monitor, bell, redis, run) == []
    clock.now += 59
    assert rung(monitor, bell, redis, run) == []
    assert unserved(pulse.alive(redis)) == ["blog v1"]
    clock.now += 1
    assert rung(monitor, bell, redis, run) == [2]
    Worker.opened(redis, run, version=2)
    Projector(redis).poll()
    found = reread(run)
    assert (found.version, found.current_version, found.carried_by) == (1, 2, 2)
    assert unserved(pulse.alive(redis)) == []


@pytest.mark.usefixtures("deployed")
def test_a_worker_of_its_own_version_comes_first(
    run: Run, monitor: Monitor, bell: ListBell, clock: Clock, redis: Redis
) -> None:
    serve(redis, V2)
    assert rung(monitor, bell, redis, run) == []
    clock.now += 40
    serve(redis, V1, V2)
    assert rung(monitor, bell, redis, run) == [1]
    clock.now += 40
    redis.delete("gx:pulse")
    serve(redis, V2)
    assert rung(monitor, bell, redis, run) == [], "its minute begins anew"


@pytest.mark.usefixtures("deployed")
def test_an_adopted_run_stays_with_its_version_and_may_come_home(
    run: Run, monitor: Monitor, bell: ListBell, clock: Clock, redis: Redis
) -> None:
    Worker.opened(redis, run, version=2).release()
    Projector(redis).poll()
    serve(redis, V1, V2)
    assert rung(monitor, bell, redis, run) == [2]
    redis.delete("gx:pulse")
    serve(redis, V1)
    assert rung(monitor, bell, redis, run) == []
    clock.now += 60
    assert rung(monitor, bell, redis, run) == [1]


@pytest.mark.parametrize("change", [{"compatible": ()}, {"compatible": (1,), "input": Other}])
def test_what_is_not_declared_or_does_not_fit_is_not_adopted(
    run: Run, monitor: Monitor, bell: ListBell, clock: Clock, redis: Redis,
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object],
) -> None:  # fmt: skip
    monkeypatch.setitem(CATALOG, "blog", replace(BLOG, version=2, **change))  # type: ignore[arg-type]
    serve(redis, V2)
    rung(monitor, bell, redis, run)
    clock.now += 600
    assert rung(monitor, bell, redis, run) == []
    assert unserved(pulse.alive(redis)) == ["blog v1"]


def test_a_queue_that_is_served_again_is_not_missed(clock: Clock, run: Run) -> None:
    adoption = Adoption(60, clock)
    assert adoption.version(run, frozenset({V2})) == 1
    adoption.look(frozenset({V1}))
    assert adoption.missed == {}
