"""What a run may spend: counted over its attempts, told at 80 %, never far exceeded."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.workflows.engine.house import House, until
from workflows.engine import Failure, Left, Workflow, budget, component, current, gather, workflow
from workflows.engine.budget import EXPECTED_TOKENS, Budget
from workflows.engine.errors import LeaseLost
from workflows.wire.events import Call, Limits, Log, SpanCompleted, Usage
from workflows.wire.state import Span, State

CENT = Call("fake", "m", 60, 40, 0.01)


def alone(holder: object) -> bool:
    return False


async def paid(call: Call = CENT, usd: float | None = 0.01) -> None:
    """What the door to the providers does around a try."""
    scope = current()
    assert scope is not None
    hold = await scope.reserve(usd, 100)
    await scope.fence()
    await asyncio.sleep(0)
    scope.record(call)
    scope.budget.release(hold)


@component
async def step(n: int) -> int:
    await paid()
    return n


def spending(name: str, work: Callable[[], Any]) -> Workflow[[Any], Any]:
    @workflow(name)
    async def flow(_: Any) -> Any:
        return await work()

    return flow


def test_what_is_left_is_the_bound_less_what_was_used() -> None:
    it = Budget(Limits(usd=0.1, tokens=1000), [CENT] * 3)
    assert it.left == Left(0.07, 700, low=False)
    assert it.told() == "$0.03 of $0.10, 300 of 1,000 tokens"
    assert [it.add(CENT) for _ in range(6)] == [False] * 4 + [True, False]
    assert it.left.low
    assert Budget(Limits()).left == Left(None, None, low=False)


def test_outside_a_run_there_is_no_bound() -> None:
    assert budget() == Left(None, None, low=False)


def test_what_a_copied_span_cost_was_paid_elsewhere() -> None:
    usage = Usage((CENT,))
    spans = [Span("a", "a", "1", 1, usage=usage), Span("b", "b", "2", 1, usage=usage, copied="x:b")]
    it = Budget.of(State(limits=Limits(usd=1), spans={span.path: span for span in spans}))
    assert it.usd == 0.01


def test_nothing_left_is_a_failure_in_words() -> None:
    it = Budget(Limits(usd=0.02), [CENT] * 2)
    with pytest.raises(Failure, match=r"used its budget: \$0\.02 of \$0\.02") as refused:
        it.check(0.01)
    assert (refused.value.type, refused.value.retryable) == ("budget", False)
    # What costs nothing needs no money; what nobody knows the price of may cost some.
    it.check(0.0)
    with pytest.raises(Failure):
        it.check(None)
    Budget(Limits(usd=0)).check(0.0)
    with pytest.raises(Failure):
        Budget(Limits(tokens=100), [CENT]).check(0.0)


async def test_calls_beside_each_other_wait_for_what_the_others_really_used() -> None:
    it, went = Budget(Limits(usd=0.05)), list[int]()

    async def call(n: int) -> None:
        hold = await it.reserve(n, 0.02, 100, alone)
        went.append(n)
        await asyncio.sleep(0)
        it.add(CENT)
        it.release(hold)

    ends = await asyncio.gather(*(call(n) for n in range(50)), return_exceptions=True)
    assert Counter(map(type, ends)) == {type(None): 5, Failure: 45}
    # Two fit by their estimates; as they turned out cheaper, more did.
    assert went[:2] == [0, 1]
    assert it.usd == pytest.approx(0.05)


async def test_an_overshoot_is_one_call_at_most_beyond_what_was_estimated() -> None:
    it, dear = Budget(Limits(tokens=1000)), Call("fake", "m", 200, 200)

    async def call(n: int) -> bool:
        try:
            hold = await it.reserve(n, 0.0, 400, alone)
        except Failure:
            return False
        await asyncio.sleep(0.001)
        it.add(dear)
        it.release(hold)
        return True

    done = await gather([call(n) for n in range(50)])
    assert (sum(done), it.tokens) == (3, 1200)


async def test_a_call_inside_another_one_does_not_wait_for_it() -> None:
    it = Budget(Limits(tokens=100))
    outer = await it.reserve("outer", 0.0, 90, alone)
    inner = await it.reserve("inner", 0.0, 90, lambda holder: holder == "outer")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(it.reserve("beside", 0.0, 90, alone), 0.01)
    it.release(outer)
    it.leave("inner")
    it.leave("nobody")
    it.release(inner)
    assert (await it.reserve("beside", 0.0, 90, alone)).tokens == 90


def test_an_answer_is_expected_to_be_as_long_as_the_longest_so_far() -> None:
    it = Budget(Limits())
    assert it.expected == EXPECTED_TOKENS
    it.add(Call("fake", "m", 1, 5000))
    it.add(Call("fake", "m"))
    assert it.expected == 5000


async def test_a_run_over_its_budget_fails_and_keeps_what_is_finished(house: House) -> None:
    async def work() -> list[int]:
        return [await step(n) for n in range(20)]

    state = await house.run(spending("spends", work), usd=0.1)
    assert state.status == "failed"
    assert state.error is not None
    assert (state.error.type, state.error.retryable) == ("budget", False)
    assert "$0.10 of $0.10" in state.error.message
    done = [span for span in state.spans.values() if span.status == "completed"]
    assert (len(done), state.calls) == (10, 10)
    told = [message for _, level, message in state.logs if "80 %" in message]
    assert told == ["80 % of this run's budget are used: $0.08 of $0.10."]


async def test_fifty_at_once_do_not_overshoot(house: House) -> None:
    async def work() -> list[int]:
        return await gather([step(n) for n in range(50)])

    state = await house.run(spending("rushes", work), usd=0.1)
    assert (state.status, state.calls) == ("failed", 10)


async def test_it_is_counted_over_all_attempts(house: House) -> None:
    stopped = asyncio.Event()

    async def work() -> None:
        for n in range(20):
            await step(n)
            if n == 8 and not stopped.is_set():
                stopped.set()
                await asyncio.sleep(60)

    flow = spending("crashes", work)
    run = house.queue(flow, usd=0.1)
    async with house.executor(flow) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, flow)))
        await until(stopped.is_set)
        executor.held[run].halt(LeaseLost("killed"))
    async with house.executor(flow) as executor:
        await executor.execute(house.order(run, flow))
    state = house.state(run)
    assert (state.status, state.calls) == ("failed", 10)
    told = [e for e in house.events(run) if isinstance(e.body, Log) and "80 %" in e.body.message]
    assert len(told) == 1


async def test_a_component_may_ask_and_take_the_cheaper_way(house: House) -> None:
    async def work() -> list[str]:
        models = []
        for n in range(9):
            models.append("small" if budget().low else "large")
            await step(n)
        return models

    state = await house.run(spending("degrades", work), usd=0.1)
    assert state.output == ["large"] * 8 + ["small"]


async def test_a_price_that_is_not_known_counts_in_tokens_and_is_said(house: House) -> None:
    unknown = Call("fake", "new", 60, 40)

    @component
    async def dark(n: int) -> None:
        await paid(unknown, None)

    async def work() -> None:
        for n in range(20):
            await dark(n)

    state = await house.run(spending("dark", work), usd=0.1, tokens=500)
    assert (state.status, state.calls, state.cost_usd) == ("failed", 5, None)
    assert [message for _, _, message in state.logs if "price is not known" in message] == [
        "A model's price is not known: its calls do not count against this run's budget of money,"
        " only of tokens."
    ]


async def test_a_call_that_never_ends_gives_its_hold_back_with_its_span(house: House) -> None:
    @component
    async def forgets() -> None:
        scope = current()
        assert scope is not None
        await scope.reserve(0.09, 100)

    async def work() -> int:
        await gather([forgets(), forgets()])
        return await step(1)

    run = house.queue(flow := spending("forgets", work), usd=0.1)
    async with house.executor(flow) as executor:
        await executor.execute(house.order(run, flow))
    ends = [e.body for e in house.events(run) if isinstance(e.body, SpanCompleted)]
    assert (house.state(run).output, len(ends)) == (1, 4)
