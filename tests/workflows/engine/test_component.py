"""Components outside a run: ordinary functions with a boundary."""

import asyncio
import contextvars
import inspect
import threading

import pytest

from workflows.engine import (
    Component,
    Failure,
    component,
    current,
    exponential,
    log,
    publish,
    status,
    text,
    workflow,
)
from workflows.engine.retry import Retry

QUICK = exponential(initial=0.001, max=0.002)
colour = contextvars.ContextVar("colour", default="none")


@component
async def double(n: int, *, by: int = 2) -> int:
    """Twice as much."""
    return n * by


@component(name="square", retry=2, timeout=5)
def squared(n: int) -> int:
    return n * n


def failing(times: int, error: BaseException) -> Component[[], int]:
    left = [times]

    @component(retry=Retry(3, QUICK))
    async def flaky() -> int:
        if left[0]:
            left[0] -= 1
            raise error
        return 42

    return flaky


async def test_it_is_the_function_it_wraps() -> None:
    assert await double(2) == 4
    assert await double(2, by=5) == 10
    assert double.__doc__ == "Twice as much."
    assert str(inspect.signature(double)) == "(n: int, *, by: int = 2) -> int"
    assert double.name == "double"


def test_a_sync_function_is_simply_called_where_no_loop_runs() -> None:
    nine: object = squared(3)
    assert nine == 9


async def test_a_sync_function_runs_in_a_thread_with_its_context() -> None:
    @component
    def where() -> tuple[int, str]:
        return threading.get_ident(), colour.get()

    colour.set("red")
    thread, seen = await where()
    assert thread != threading.get_ident()
    assert seen == "red"


def test_fluent_methods_give_copies() -> None:
    changed = double.retry(5, exponential(max=60)).timeout(2).key(7).named("twice").limit(3)
    assert double.options.retry.attempts == 1
    assert changed.options.retry == Retry(5, exponential(max=60))
    assert (changed.options.timeout, changed.options.key, changed.name) == (2, "7", "twice")
    assert changed.options.limit == 3
    assert double.label("Twice as much").options.label == "Twice as much"
    assert changed.function is double.function
    assert squared.options.retry == Retry(2)
    assert hash(double) == hash(component(double.function))


def test_a_workflow_has_a_name_and_a_version() -> None:
    @workflow("blog", version=3)
    async def write(brief: str) -> str:
        return brief

    assert (write.name, write.version) == ("blog", 3)


async def test_tries_until_it_works() -> None:
    assert await failing(2, Failure("timeout", "Slow.", retryable=True))() == 42
    with pytest.raises(Failure):
        await failing(3, Failure("timeout", "Slow.", retryable=True))()
    with pytest.raises(Failure):
        await failing(1, Failure("provider_refused", "No."))()


async def test_layers_do_not_multiply_their_tries() -> None:
    tries = 0

    @component(retry=Retry(3, QUICK))
    async def inner() -> None:
        nonlocal tries
        tries += 1
        raise Failure("timeout", "Slow.", retryable=True)

    @component(retry=Retry(3, QUICK))
    async def outer() -> None:
        await inner()

    with pytest.raises(Failure):
        await outer()
    assert tries == 3


async def test_a_timeout_is_a_failure_of_each_try() -> None:
    @component(timeout=0.01, retry=Retry(2, QUICK))
    async def slow() -> None:
        await asyncio.sleep(60)

    with pytest.raises(Failure, match=r"slow took longer than 0\.01 s") as caught:
        await slow()
    assert (caught.value.type, caught.value.retryable) == ("timeout", True)


async def test_a_timeout_of_its_own_code_keeps_its_type() -> None:
    @component(timeout=60)
    async def impatient() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await impatient()


async def test_the_fallback_gets_the_same_arguments() -> None:
    @component
    def plainly(n: int) -> int:
        return -n

    @component
    async def fails(n: int) -> int:
        raise ValueError(n)

    assert await fails.fallback(plainly)(7) == -7
    assert await fails.fallback(double)(7) == 14
    assert await fails.fallback(lambda n: double(n))(7) == 14, "what an ordinary function began"


async def test_a_wait_too_long_is_explained() -> None:
    busy = Failure("rate_limited", "Busy.", retryable=True, retry_after=3600)
    with pytest.raises(Failure, match=r"Busy\. It asked to wait 3600 s"):
        await failing(1, busy)()


async def test_what_it_says_outside_a_run_goes_nowhere() -> None:
    status("reading", done=1, total=2)
    publish("outline", {})
    log("hello")
    await text("section-1").write("a")
    await text("section-1").replace("")
    assert current() is None
