"""The loop of a worker process, in this process."""

import threading

import pytest

from tests.workflows.engine.house import House
from tests.workflows.worker import flows
from tests.workflows.worker.house import wait_for
from workflows.engine.errors import LeaseLost
from workflows.wire.settings import Settings
from workflows.worker.life import Life
from workflows.worker.runtime import Runtime


@pytest.fixture
def house(redis_url: str) -> House:
    return House(redis_url)


def runtime(house: House) -> Runtime:
    made = Runtime(Settings(redis_url=house.url, drain_seconds=5), flows.REGISTRY, "w1")
    made.start()
    return made


def test_orders_are_carried_out_from_other_threads(house: House) -> None:
    serving = runtime(house)
    runs = [house.queue(flows.naps, [0.01, 0.01]) for _ in range(20)]
    threads = [
        threading.Thread(target=serving.execute, args=(house.order(run, flows.naps),))
        for run in runs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    serving.stop()
    assert [house.state(run).output for run in runs] == [[0, 1]] * 20


def test_it_shows_the_heart_what_lives(house: House) -> None:
    serving = runtime(house)
    life = Life(serving, ["gx.bulk.naps.v1"], slots=3)
    run = house.queue(flows.naps, [60])
    order = house.order(run, flows.naps)
    thread = threading.Thread(target=serving.execute, args=(order,))
    thread.start()
    wait_for(lambda: [a.facts.run for a in life.attempts()] == [run])
    beat, before = life.beat(), life.ticked
    assert (beat.name, beat.load, beat.slots, beat.draining) == ("w1", 1, 3, False)
    wait_for(lambda: life.ticked > before)
    life.lose(run, 1, LeaseLost("the test says so"))
    thread.join(10)
    assert not thread.is_alive()
    assert life.attempts() == []
    serving.drain()
    serving.drain()
    assert life.beat().draining
    serving.stop()
