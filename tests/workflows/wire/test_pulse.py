"""Who lives, by the newest sign of life."""

import pytest
from redis import Redis

from workflows.wire import codec, keys, pulse
from workflows.wire.pulse import Beat


def test_the_newest_beat_of_each_process_counts(redis: Redis) -> None:
    pulse.beat(redis, Beat("w1", "worker", 1, "h", ("q",), load=1))
    pulse.beat(redis, Beat("w1", "worker", 1, "h", ("q",), load=2))
    pulse.beat(redis, Beat("c1", "control", 2, "h"))
    pulse.beat(redis, Beat("w2", "worker", 3, "h", ("q",), draining=True))
    assert {(beat.name, beat.load) for beat in pulse.alive(redis)} == {
        ("w1", 2),
        ("c1", 0),
        ("w2", 0),
    }
    assert [beat.name for beat in pulse.workers(redis)] == ["w1"]


def test_who_is_silent_is_not_alive(redis: Redis) -> None:
    pulse.beat(redis, Beat("w1", "worker", 1, "h"))
    (heard,) = pulse.alive(redis)
    assert pulse.alive(redis, heard.at + pulse.FRESH_MS + 1) == []


WRONG: tuple[object, ...] = (
    {}, [], "x", {"name": "w9"}, {"name": 5, "kind": "worker"}, {"name": ["w"], "kind": "worker"},
    {"name": "w9", "kind": "worker", "queues": 5}, {"name": "w9", "kind": "worker", "queues": [[]]},
    {"name": "w9", "kind": "worker", "load": "full"},
)  # fmt: skip


@pytest.mark.parametrize("fields", [{"data": codec.dumps(said)} for said in WRONG] + [
    {"data": "{"}, {"data": b"\xff"}, {"other": "1"},
])  # fmt: skip
def test_what_is_no_beat_hides_no_other(redis: Redis, fields: dict[str, str | bytes]) -> None:
    pulse.beat(redis, Beat("w1", "worker", 1, "h", ("q",)))
    redis.xadd(keys.PULSE, fields)  # type: ignore[arg-type]
    assert [beat.name for beat in pulse.workers(redis)] == ["w1"]
