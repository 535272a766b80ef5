"""A fork's worker takes over what was copied into its log, by identity, and pays nothing for it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any
from uuid import uuid4

from tests.workflows.engine.house import House
from workflows.engine import component, gather, text, workflow
from workflows.engine.identity import root_digest
from workflows.wire import log
from workflows.wire.codec import encode
from workflows.wire.events import RunQueued, SpanCompleted, SpanStarted, Text
from workflows.wire.script import run_script
from workflows.wire.state import Span, State

calls: Counter[str] = Counter()


@component
async def plan(topic: str) -> list[str]:
    calls["plan"] += 1
    return [f"{topic} {n}" for n in range(3)]


@component
async def section(heading: str, wish: str = "") -> str:
    calls[heading] += 1
    await text(heading).write(f"{heading}{wish}")
    return f"{heading}{wish}"


@component
async def stitch(parts: list[str]) -> str:
    calls["stitch"] += 1
    return " ".join(parts)


@workflow("forked")
async def flow(input: dict[str, str]) -> str:
    headings = await plan(input["topic"])
    parts = await gather([section(h, input.get(h, "")) for h in headings])
    return await stitch(parts)


async def finished(house: House, run: str, workflow: Any = flow) -> State:
    async with house.executor(workflow) as executor:
        await executor.execute(house.order(run, workflow))
    return house.state(run)


def queued(house: House, input: Any, *copied: Span, name: str = "forked") -> str:
    """A run whose log begins with copies of these spans, as the API plane writes them."""
    run, now = str(uuid4()), time.time_ns() // 1_000_000
    batch = [encode(RunQueued(name, 1, "ann", input), at=now)]
    batch.append(encode(SpanStarted(name, root_digest(name)), at=now, span=f"{name}[0]"))
    for span in copied:
        began = SpanStarted(span.name, span.hash, span.key, span.label, span.parent)
        batch.append(encode(began, at=now, span=span.path))
        if isinstance(span.output, str):
            batch.append(encode(Text(span.output[:8], 0, span.output), at=now, span=span.path))
        ended = SpanCompleted(span.output, 1.0, copied=f"old:{span.hash}")
        batch.append(encode(ended, at=now, span=span.path))
    assert run_script(house.redis, log.queue_call(run, *batch, due_ms=10_000)).ok
    return run


async def fork_of(house: House, state: State, input: Any, without: str = "") -> State:
    kept = [s for s in state.spans.values() if s.parent and s.path != without]
    calls.clear()
    return await finished(house, queued(house, input, *kept))


async def test_what_was_copied_is_not_done_again(house: House) -> None:
    first = await finished(house, house.queue(flow, {"topic": "a"}))
    second = await fork_of(house, first, {"topic": "a"})
    assert (second.output, second.status, calls) == (first.output, "completed", Counter())
    assert (second.reason, second.taken_over, second.calls) == ("first", 5, 0)
    assert all(second.replayed(span) for span in second.spans.values() if span.parent)


async def test_one_section_anew_and_what_follows_from_it(house: House) -> None:
    first = await finished(house, house.queue(flow, {"topic": "a"}))
    input = {"topic": "a", "a 1": ", shorter"}
    second = await fork_of(house, first, input, without="forked[0]/section[1]")
    assert calls == {"a 1": 1, "stitch": 1}
    assert second.output == "a 0 a 1, shorter a 2"
    texts = {name: (channel.text, channel.stale) for name, channel in second.channels.items()}
    assert texts["a 0"] == ("a 0", False)
    # The place of the one that was left out is free again: people see the same tree.
    assert second.spans["forked[0]/section[1]"].output == "a 1, shorter"
    assert not second.replayed(second.spans["forked[0]/section[1]"])


async def test_another_input_takes_over_nothing_that_it_changes(house: House) -> None:
    first = await finished(house, house.queue(flow, {"topic": "a"}))
    second = await fork_of(house, first, {"topic": "b"})
    assert second.output == "b 0 b 1 b 2"
    assert calls == {"plan": 1, "b 0": 1, "b 1": 1, "b 2": 1, "stitch": 1}


async def test_what_cannot_be_compared_is_never_taken_for_another_runs(house: House) -> None:
    """Both are first attempts; only their runs differ."""
    done: list[object] = []

    @component
    async def guarded(lock: Any) -> str:
        done.append(lock)
        return "done"

    @workflow("opaque")
    async def opaque(input: Any) -> str:
        return await guarded(threading.Lock())

    first = await finished(house, house.queue(opaque, 1), opaque)
    kept = [span for span in first.spans.values() if span.parent]
    run = queued(house, 1, *kept, name="opaque")
    await finished(house, run, opaque)
    assert len(done) == 2
