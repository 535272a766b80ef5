"""A run from its order to its terminal event, whatever happens on the way."""

import asyncio
import threading
import time
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import pytest
from annotated_types import Len

from tests.fakes.proxy import proxied
from tests.patience import patience
from tests.workflows.engine.house import House, until
from workflows.engine import (
    Failure,
    LeaseLost,
    Workflow,
    component,
    current,
    exponential,
    gather,
    log,
    publish,
    status,
    text,
    workflow,
)
from workflows.engine.masking import MASK, Mask
from workflows.engine.outcome import DEADLINE, INTERNAL
from workflows.engine.retry import Retry
from workflows.engine.writer import Refused
from workflows.wire import keys, lease
from workflows.wire import log as wire_log
from workflows.wire.codec import encode
from workflows.wire.events import (
    Call,
    Error,
    Event,
    Log,
    RunCancelled,
    SpanCompleted,
    SpanFailed,
    SpanRetrying,
    Status,
    Text,
)  # fmt: skip
from workflows.wire.script import Answer, run_script

QUICK = exponential(initial=0.001, max=0.002)


def of(events: list[Event], kind: type[Any]) -> list[Any]:
    return [event.body for event in events if isinstance(event.body, kind)]


@component
async def double(n: int) -> int:
    status("doubling", done=1, total=1)
    return n * 2


@workflow("doubles")
async def doubles(upto: int) -> list[int]:
    publish("upto", upto)
    channel = text("note")
    await channel.write("He")
    await channel.write("llo")
    return await gather((double(n) for n in range(upto)), limit=2)


async def test_a_run_completes(house: House) -> None:
    state = await house.run(doubles, 3)
    assert (state.status, state.output, state.reason) == ("completed", [0, 2, 4], "first")
    assert list(state.spans) == [
        "doubles[0]", "doubles[0]/double[0]", "doubles[0]/double[1]", "doubles[0]/double[2]",
    ]  # fmt: skip
    assert state.channels["note"].text == "Hello"
    assert state.objects == {"upto": 3}
    assert {span.status for span in state.spans.values()} == {"completed"}
    assert state.spans["doubles[0]/double[1]"].input_preview == '{"n":1}'


async def test_a_plain_span_is_one_append(house: House) -> None:
    run = house.queue(doubles, 1)
    async with house.executor(doubles) as executor:
        await executor.execute(house.order(run, doubles))
    kinds = [event.kind for event in house.events(run)]
    assert kinds == [
        "run.queued", "run.started", "span.started", "object", "text", "span.started", "status",
        "span.completed", "span.completed", "run.completed",
    ] or kinds.count("text") == 2  # fmt: skip


@dataclass(frozen=True)
class Trip:
    to: Annotated[str, Len(1, 5)]
    day: date = date(2026, 1, 1)


@workflow("trips", version=2)
async def trips(trip: Trip) -> Trip:
    return trip


async def test_input_and_output_have_shapes(house: House) -> None:
    state = await house.run(trips, {"to": "Rome", "day": "2026-05-01"})
    assert state.output == {"to": "Rome", "day": "2026-05-01"}
    assert state.version == 2


@pytest.mark.parametrize("given", [{"to": ""}, {}, "Rome", None, {"to": "Rome", "day": "soon"}])
async def test_an_input_that_does_not_fit_fails_the_run(house: House, given: Any) -> None:
    state = await house.run(trips, given)
    assert state.status == "failed"
    assert state.error is not None
    assert state.error.type == "invalid_input"
    assert state.error.message.startswith("The input does not fit: ")


def ending(error: BaseException | None = None, value: Any = None) -> Workflow[[Any], Any]:
    @workflow("ends")
    async def ends(_: Any) -> Any:
        if error is not None:
            raise error
        return value

    return ends


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Failure("unreachable", "No such host."), Error("unreachable", "No such host.")),
        (ValueError("secret /srv/path"), Error("internal", INTERNAL)),
        (TimeoutError(), Error("timeout", "This step took longer than it may.", True)),
    ],
)
async def test_an_error_ends_the_run(house: House, error: Exception, told: Error) -> None:
    state = await house.run(ending(error))
    assert (state.status, state.error) == ("failed", told)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "The run's result cannot be written as JSON."),
        ("x" * 2_100_000, "The run's result has 2,100,002 bytes; 2,097,152 is the most."),
    ],
)
async def test_an_output_that_cannot_be_told_fails_the_run(
    house: House, value: Any, message: str
) -> None:
    state = await house.run(ending(value=value))
    assert state.error == Error("internal", message)


async def test_a_large_output_is_told_whole(house: House) -> None:
    assert (await house.run(ending(value="x" * 1_900_000))).output == "x" * 1_900_000


async def test_the_deadline_counts_from_the_request_and_stops_everything(house: House) -> None:
    stopped: list[int] = []

    @component
    async def waits(n: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append(n)

    @workflow("late")
    async def late(_: Any) -> None:
        await gather(waits(n) for n in range(3))

    state = await house.run(late, deadline_s=0.2)
    assert (state.status, state.error) == ("failed", Error("deadline", DEADLINE))
    assert sorted(stopped) == [0, 1, 2]
    assert {span.error and span.error.type for span in state.spans.values()} == {"deadline"}
    assert (await house.run(late, deadline_s=0)).error == Error("deadline", DEADLINE)


async def test_a_span_is_tried_again_and_says_so(house: House) -> None:
    tries = 0

    @component(retry=Retry(3, QUICK))
    async def flaky() -> str:
        nonlocal tries
        tries += 1
        await text("t").write(f"try {tries}")
        if tries < 3:
            raise Failure("rate_limited", "Busy.", retryable=True, provider="openai")
        return "done"

    @workflow("tries")
    async def flow(_: Any) -> str:
        return await flaky()

    run = house.queue(flow)
    async with house.executor(flow) as executor:
        await executor.execute(house.order(run, flow))
    state, events = house.state(run), house.events(run)
    assert state.output == "done"
    assert [(r.of_try, r.of, r.provider) for r in of(events, SpanRetrying)] == [
        (1, 3, "openai"), (2, 3, "openai"),
    ]  # fmt: skip
    assert [(t.at, t.delta) for t in of(events, Text)] == [
        (0, "try 1"), (0, "try 2"), (0, "try 3"),
    ]  # fmt: skip
    assert state.spans["tries[0]/flaky[0]"].tries == 3
    assert state.channels["t"].text == "try 3"


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError("mine")])
@pytest.mark.parametrize("deep", [False, True])
async def test_a_flow_cannot_end_the_process_or_vanish(
    house: House, error: BaseException, deep: bool
) -> None:
    @component
    async def exits() -> None:
        raise error

    @workflow("exits")
    async def flow(_: Any) -> None:
        if deep:
            await gather([exits(), exits()])
        raise error

    state = await house.run(flow)
    assert (state.status, state.error) == ("failed", Error("internal", INTERNAL))


async def test_a_failed_span_keeps_its_type_on_the_way_up(house: House) -> None:
    @component
    async def fails() -> None:
        raise Failure("robots_denied", "Not allowed.")

    @component
    async def passes() -> None:
        await fails()

    @workflow("up")
    async def up(_: Any) -> None:
        await passes()

    state = await house.run(up)
    told = Error("robots_denied", "Not allowed.")
    assert state.error == told
    assert [span.error for span in state.spans.values()] == [told] * 3


async def test_a_flow_may_go_on_after_a_failure(house: House) -> None:
    @component
    async def fails() -> None:
        raise OSError("/etc/secrets/key.pem")

    @workflow("on")
    async def on(_: Any) -> str:
        try:
            await fails()
        except OSError:
            return "went on"
        return "did not fail"

    state = await house.run(on)
    assert state.output == "went on"
    assert state.spans["on[0]/fails[0]"].error == Error("internal", "OSError: …")


async def test_a_step_stopped_by_its_sibling_ends(house: House) -> None:
    @component
    async def waits() -> None:
        await asyncio.sleep(60)

    @component
    async def fails() -> None:
        raise Failure("empty_page", "Nothing there.")

    @workflow("siblings")
    async def siblings(_: Any) -> str:
        try:
            await gather([waits(), fails()])
        except Failure:
            return "on"
        return ""

    state = await house.run(siblings)
    assert state.output == "on"
    assert state.spans["siblings[0]/waits[0]"].status == "failed"


async def test_the_fallback_is_said(house: House) -> None:
    @component
    async def fails(n: int) -> int:
        raise Failure("invalid_answer", "Nonsense.")

    @workflow("falls")
    async def falls(_: Any) -> int:
        return await fails.fallback(double)(4)

    run = house.queue(falls)
    async with house.executor(falls) as executor:
        await executor.execute(house.order(run, falls))
    assert house.state(run).output == 8
    assert "falls[0]/fails[0]/double[0]" in house.state(run).spans
    assert of(house.events(run), Log) == [Log("warning", "fails fell back: Nonsense.")]


async def test_sync_components_speak_from_their_threads(house: House) -> None:
    @component
    def inner(n: int) -> int:
        return n + 1

    @component
    def parse(n: int) -> tuple[bool, Any]:
        status(f"parsing {n}")
        log("from a thread")
        return threading.current_thread() is threading.main_thread(), inner(n)

    @workflow("threads")
    async def threads(_: Any) -> Any:
        return await parse(1)

    run = house.queue(threads)
    async with house.executor(threads) as executor:
        await executor.execute(house.order(run, threads))
    state = house.state(run)
    assert state.output == [False, 2]
    assert list(state.spans) == [
        "threads[0]", "threads[0]/parse[0]", "threads[0]/parse[0]/inner[0]",
    ]  # fmt: skip
    assert [s.message for s in of(house.events(run), Status)] == ["parsing 1"]


async def test_a_component_has_at_most_so_many_calls_under_way(house: House) -> None:
    now, most = 0, 0

    @component(limit=3)
    async def counted(n: int) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.002)
        now -= 1

    @workflow("limits")
    async def limits(_: Any) -> None:
        await gather(counted(n) for n in range(20))

    assert (await house.run(limits)).status == "completed"
    assert most == 3


async def test_a_limited_component_may_call_itself(house: House) -> None:
    @component(limit=1)
    async def down(n: int) -> int:
        return 0 if n == 0 else 1 + await down(n - 1)

    @workflow("descends")
    async def descends(_: Any) -> list[int]:
        return await gather([down(3), down(2)])

    assert (await house.run(descends, deadline_s=20)).output == [3, 2]


async def test_usage_is_kept_with_the_span_that_spent_it(house: House) -> None:
    call = Call("openai", "large", 10, 5, 0.25)

    @component
    async def pays(well: bool) -> None:
        scope = current()
        assert scope is not None
        await scope.fence()
        scope.record(call)
        if not well:
            raise Failure("invalid_answer", "Nonsense.")

    @workflow("pays")
    async def flow(_: Any) -> None:
        await pays(True)
        await pays(False)

    run = house.queue(flow)
    async with house.executor(flow) as executor:
        await executor.execute(house.order(run, flow))
    events = house.events(run)
    assert (house.state(run).calls, house.state(run).cost_usd) == (2, 0.5)
    assert of(events, SpanCompleted)[0].usage.calls == (call,)
    assert of(events, SpanFailed)[0].usage.calls == (call,)


async def test_a_span_has_begun_in_the_log_when_its_fence_returns(house: House) -> None:
    seen: list[list[str]] = []
    run = ""

    @workflow("fences")
    async def fences(_: Any) -> None:
        scope = current()
        assert scope is not None
        before = time.monotonic()
        for _ in range(2):
            await scope.fence()
            assert before <= scope.fenced_at <= time.monotonic()
            before = scope.fenced_at
            seen.append([event.kind for event in house.events(run)])

    run = house.queue(fences)
    async with house.executor(fences) as executor:
        await executor.execute(house.order(run, fences))
    assert seen == [["run.queued", "run.started", "span.started"]] * 2
    assert house.state(run).status == "completed"


async def test_the_scope_tells_who_and_where(house: House) -> None:
    seen: list[Any] = []

    @workflow("scopes")
    async def scopes(_: Any) -> None:
        scope = current()
        assert scope is not None
        seen.append((scope.run, scope.path, scope.owner, scope.deadline is not None))
        seen.append(scope.secret)
        seen.append((scope.lane, scope.worker[:7]))
        assert scope.redis is not None
        seen.append(await scope.redis.exists(keys.log(scope.run)))

    state = await house.run(scopes, deadline_s=60)
    assert state.status == "completed"
    assert seen[0][1:] == ("scopes[0]", "ann", True)
    assert len(seen[1]) == 32
    assert seen[2:] == [("bulk", "worker-"), 1]


async def test_secrets_do_not_reach_the_log(house: House) -> None:
    @workflow("tells")
    async def tells(_: Any) -> str:
        await text("t").write("the key is sk-123456789")
        return "sk-123456789"

    run = house.queue(tells)
    async with house.executor(tells, mask=Mask(["sk-123456789"])) as executor:
        await executor.execute(house.order(run, tells))
    assert house.state(run).output == MASK
    assert house.state(run).channels["t"].text == f"the key is {MASK}"


async def test_a_large_object_is_not_shown(house: House) -> None:
    @workflow("shows")
    async def shows(_: Any) -> None:
        publish("big", "x" * 40_000)
        log("y" * 100_000)

    state = await house.run(shows)
    assert state.status == "completed"
    assert state.objects == {}
    assert [message[:30] for _, _, message in state.logs] == [
        "'big' is not shown: 40,002 byt", "y" * 30,
    ]  # fmt: skip


# --- the fence


def cancel(house: House, run: str) -> None:
    """As the API plane cancels: it opens an attempt with the terminal event."""
    house.attempts[run] += 1
    call = wire_log.open_call(
        run,
        [encode(RunCancelled(), at=1)],
        attempt=house.attempts[run],
        nonce="c",
        redis_run_id=wire_log.redis_run_id(house.redis),
    )
    assert run_script(house.redis, call).ok


async def test_a_zombie_writes_nothing_and_calls_nobody(house: House) -> None:
    calls: list[str] = []
    waiting, go = asyncio.Event(), asyncio.Event()

    @component
    async def pays(n: int) -> None:
        scope = current()
        assert scope is not None
        await scope.fence()
        calls.append(f"call {n}")

    @workflow("zombie")
    async def zombie(_: Any) -> None:
        await pays(1)
        waiting.set()
        await go.wait()
        try:
            await pays(2)
        except Exception:  # noqa: BLE001 - what careless code does
            await pays(3)

    run = house.queue(zombie)
    async with house.executor(zombie) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, zombie)))
        await waiting.wait()
        cancel(house, run)
        before = house.events(run)
        go.set()
    assert house.events(run) == before
    assert calls == ["call 1"]
    assert executor.held == {}


async def test_a_lost_run_is_stopped_at_once(house: House) -> None:
    stopped = asyncio.Event()

    @workflow("stops")
    async def stops(_: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.set()
            with pytest.raises(LeaseLost):
                await double(1)
            raise

    run = house.queue(stops)
    async with house.executor(stops) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, stops)))
        await until(lambda: len(house.events(run)) > 2)
        executor.lose(run, 0, LeaseLost("somebody opened attempt 1: that is us"))
        assert run in executor.held
        cancel(house, run)
        executor.lose(run, 1, LeaseLost("somebody opened attempt 2"))
        await asyncio.wait_for(stopped.wait(), patience(1))
    assert house.events(run)[-1].kind == "run.cancelled"


async def test_a_log_that_is_gone_makes_the_run_due_whoever_notices(house: House) -> None:
    @workflow("waits")
    async def waits(_: Any) -> None:
        await asyncio.sleep(60)

    run = house.queue(waits)
    async with house.executor(waits) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, waits)))
        await until(lambda: run in executor.held)
        house.redis.flushall()
        executor.lose(run, 1, Refused(Answer.GONE))  # as the heart says it
        await asyncio.wait_for(executor.idle.wait(), patience(5))
    assert house.redis.zscore(keys.due(keys.bucket(run)), run) is not None


async def test_a_tenfold_order_changes_nothing(house: House) -> None:
    run = house.queue(doubles, 3)
    order = house.order(run, doubles)
    async with (
        house.executor(doubles) as one,
        house.executor(doubles) as other,
        asyncio.TaskGroup() as group,
    ):
        for executor in [one, other] * 5:
            group.create_task(executor.execute(order))
    kinds = [event.kind for event in house.events(run)]
    assert kinds.count("run.started") == 1
    assert kinds.count("run.completed") == 1


async def test_orders_that_are_not_for_us_are_left(house: House) -> None:
    run = house.queue(trips, {"to": "Rome"})
    order = house.order(run, trips)
    async with house.executor(doubles) as executor:
        await executor.execute(order)
    stale = type(order)(run, "trips", 2, 1, "0" * 40)
    late_version = type(order)(run, "trips", 9, 1, order.redis_run_id)
    other = ("11" if run.startswith("00") else "00") + run[2:]
    unknown = type(order)(other, "trips", 2, 1, order.redis_run_id)
    async with house.executor(trips) as executor:
        for each in (stale, late_version, unknown):
            await executor.execute(each)
    assert [event.kind for event in house.events(run)] == ["run.queued"]


async def test_a_log_that_is_gone_makes_the_run_due_now(house: House) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    @workflow("gone")
    async def gone(_: Any) -> None:
        begun.set()
        await go.wait()
        await double(1)

    run = house.queue(gone)
    async with house.executor(gone) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, gone)))
        await begun.wait()
        house.redis.delete(keys.log(run))
        go.set()
    assert house.events(run) == []
    held = lease.lease(house.redis, run)
    assert held is not None
    assert held.released == "gone"
    due = house.redis.zscore(keys.due(keys.bucket(run)), run)
    assert due is not None
    assert due <= lease.now_ms(house.redis)


async def test_a_newer_attempt_in_the_same_process_ends_the_older(house: House) -> None:
    begun: list[int] = []

    @workflow("twice")
    async def twice(_: Any) -> str:
        begun.append(1)
        if len(begun) == 1:
            await asyncio.sleep(60)
        return "second"

    run = house.queue(twice)
    async with house.executor(twice) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, twice)))
        await until(lambda: begun)
        await executor.execute(house.order(run, twice))
        assert executor.held == {}
    state = house.state(run)
    assert (state.output, state.attempt, state.starts) == ("second", 2, 2)


async def test_a_result_that_cannot_be_read_back_is_made_again_at_the_root(house: House) -> None:
    class Odd:
        pass

    ran: list[int] = []

    @workflow("odd")
    async def odd(_: Any) -> Any:
        ran.append(1)
        return Odd() if len(ran) == 1 else "fine"

    run = house.queue(odd)
    async with house.executor(odd) as executor:
        await executor.execute(house.order(run, odd))
        assert house.state(run).status == "failed"
        house.redis.xdel(keys.log(run), str(house.events(run)[-1].id))
        await executor.execute(house.order(run, odd))
    state = house.state(run)
    assert (state.output, len(ran)) == ("fine", 2)
    assert state.logs[-1][2].startswith("The workflow runs again, its result cannot be read back")


async def test_a_run_goes_on_when_redis_comes_back(house: House) -> None:
    port = int(house.redis.connection_pool.connection_kwargs["port"])
    begun, go = asyncio.Event(), asyncio.Event()

    @workflow("back")
    async def back(_: Any) -> int:
        begun.set()
        await go.wait()
        return await double(4)

    run = house.queue(back)
    async with (
        proxied(port) as proxy,
        house.executor(back, url=proxy.url) as executor,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(executor.execute(house.order(run, back)))
        await begun.wait()
        proxy.freeze()
        go.set()
        await asyncio.sleep(0.1)
        proxy.cut()
        proxy.thaw()
    assert house.state(run).output == 8
