"""Listening for newer attempts."""

import asyncio
from typing import Any, cast

import pytest

from tests.fakes.proxy import proxied
from tests.workflows.engine.house import House, until
from workflows.engine.execute import Executor
from workflows.wire import keys
from workflows.worker import fence
from workflows.worker.fence import hear, listen


class Listener:
    """Stands where an executor stands."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []

    def lose(self, run: str, attempt: int, why: str) -> None:
        self.heard.append((run, attempt))

    def nudge(self, run: str) -> None:
        self.heard.append((run, -1))


def executor(listener: Listener) -> Executor:
    return cast("Executor", listener)


@pytest.mark.parametrize(
    ("message", "heard"),
    [
        ({"type": "message", "data": b"run-1 7"}, [("run-1", 6)]),
        ({"type": "message", "data": b"run-1 inbox"}, [("run-1", -1)]),
        ({"type": "message", "data": b"run-1"}, []),
        ({"type": "message", "data": b"run-1 x"}, []),
        ({"type": "message", "data": b"\xff\xfe"}, []),
        ({"type": "message", "data": "run-1 ²".encode()}, []),
        ({"type": "message", "data": b"run-1 " + b"9" * 5000}, []),
        ({"type": "subscribe", "data": 1}, []),
    ],
)
def test_only_a_run_and_an_attempt_are_heard(message: dict[str, Any], heard: list[Any]) -> None:
    listener = Listener()
    hear(executor(listener), message)
    assert listener.heard == heard


async def test_it_listens_again_after_every_loss(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fence, "PAUSE_S", 0.01)
    house, listener = House(redis_url), Listener()
    port = int(house.redis.connection_pool.connection_kwargs["port"])

    def heard() -> bool:
        # Again, until it is: redis-py subscribes once more before it gives a connection up.
        house.redis.publish(keys.FENCE, "run 2")
        return bool(listener.heard)

    async with proxied(port) as proxy, asyncio.TaskGroup() as group:
        task = group.create_task(listen(proxy.url, executor(listener)))
        for _ in range(3):
            listener.heard.clear()
            await until(heard)
            proxy.cut()
            await until(lambda: not house.redis.pubsub_numsub(keys.FENCE)[0][1])
        task.cancel()
    assert listener.heard
    house.redis.close()
