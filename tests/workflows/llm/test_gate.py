"""The last check before money: a process that was stopped starts no call when it wakes."""

import asyncio
import time
from typing import Any

import httpx2
import pytest

from tests.workflows.llm.worlds import Scope
from workflows.engine.context import entered
from workflows.engine.errors import LeaseLost
from workflows.llm.gate import Gate, PerLoop

LEASE = 5.0


class Sleepy(httpx2.AsyncBaseTransport):
    """A network on which the process is stopped at a chosen moment, past its lease."""

    def __init__(self, scope: Scope, moment: str) -> None:
        self.scope, self.moment = scope, moment
        self.sent = b""

    def pass_by(self, moment: str) -> None:
        if moment == self.moment:
            self.scope.fenced_at -= 2 * LEASE
            self.scope.ours = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.pass_by("connecting")
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        self.pass_by("after the headers")
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        async for part in request.stream:
            self.sent += part
            self.pass_by("within the body")
        return httpx2.Response(200)


async def send(scope: Scope, network: httpx2.AsyncBaseTransport, body: bytes) -> None:
    with entered(scope):
        async with httpx2.AsyncClient(transport=Gate(network, LEASE)) as client:
            await client.post("http://provider.invalid/", content=body)


def scope() -> Scope:
    return Scope(fenced_at=time.monotonic())


@pytest.mark.parametrize(
    ("moment", "sent"),
    [("connecting", 0), ("after the headers", 0), ("within the body", 16 * 1024)],
)
async def test_a_process_that_was_stopped_sends_no_more(moment: str, sent: int) -> None:
    mine = scope()
    network = Sleepy(mine, moment)
    with pytest.raises(LeaseLost):
        await send(mine, network, b"x" * 40_000)
    assert len(network.sent) == sent


async def test_a_fresh_fence_is_not_asked_for_again() -> None:
    mine = scope()
    network = Sleepy(mine, "never")
    await send(mine, network, b"x" * 40_000)
    assert (len(network.sent), mine.fences) == (40_000, 0)


async def test_an_old_fence_is_asked_for_again_and_the_call_goes_on() -> None:
    mine = Scope(fenced_at=time.monotonic() - LEASE)
    await send(mine, Sleepy(mine, "never"), b"x")
    assert mine.fences == 1


async def test_outside_a_run_there_is_no_gate() -> None:
    seen: list[Any] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.extensions.get("trace"))
        return httpx2.Response(200)

    async with httpx2.AsyncClient(transport=Gate(httpx2.MockTransport(answer), LEASE)) as client:
        await client.post("http://provider.invalid/", content=b"x")
    assert seen == [None]


class Counted(httpx2.MockTransport):
    closed = False

    async def aclose(self) -> None:
        self.closed = True


def test_each_loop_has_its_own_connections_until_it_closes_them() -> None:
    made: list[Counted] = []

    def make() -> Counted:
        made.append(Counted(lambda _: httpx2.Response(200)))
        return made[-1]

    pools = PerLoop(make)
    request = httpx2.Request("GET", "http://provider.invalid/")

    async def twice() -> None:
        await pools.handle_async_request(request)
        await pools.handle_async_request(request)
        await pools.aclose()

    asyncio.run(twice())
    asyncio.run(twice())
    assert [pool.closed for pool in made] == [True, True]
