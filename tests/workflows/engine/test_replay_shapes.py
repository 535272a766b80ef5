"""Replay of whatever shape a flow has: loops, recursion, keys, versions, and changed inputs."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from tests.fakes.checker import log_violations
from tests.workflows.engine.house import House
from tests.workflows.engine.test_replay import finished, killed
from workflows.engine import Failure, Workflow, component, gather, workflow


class Tree:
    """A flow that loops, recurses and gathers, and a count of what it really did."""

    def __init__(self, dice: random.Random) -> None:
        self.done: Counter[str] = Counter()
        tree = self

        @component
        async def leaf(name: str) -> list[str]:
            await asyncio.sleep(dice.random() / 500)
            tree.done[f"leaf {name}"] += 1
            return [name]

        @component
        async def branch(name: str, depth: int) -> list[str]:
            if depth == 0:
                return await leaf(name)
            inner = await gather([branch(f"{name}{n}", depth - 1) for n in range(2)], limit=2)
            tree.done[f"branch {name}"] += 1
            return [said for part in inner for said in part]

        @workflow("tree")
        async def flow(_: Any) -> list[str]:
            found: list[str] = []
            for n in range(3):
                part = await branch(str(n), 2)
                part.append("changed by its caller")
                found += part[:-1]
            for n in range(3):
                found += await leaf.key(n)("same")
            return [*found, *(await leaf("same")), *(await leaf("same"))]

        self.flow = flow

    @property
    def wanted(self) -> list[str]:
        return [f"{n}{a}{b}" for n in range(3) for a in range(2) for b in range(2)] + ["same"] * 5


@pytest.mark.parametrize("seed", range(12))
async def test_no_finished_span_of_any_shape_is_made_again(house: House, seed: int) -> None:
    dice = random.Random(seed)
    tree = Tree(dice)
    run = house.queue(tree.flow)
    for _ in range(3):
        patience = dice.random() / 20
        await killed(house, tree.flow, run, lambda p=patience: asyncio.sleep(p))
        if house.state(run).ended:
            break
    state = house.state(run)
    if not state.ended:
        state = await finished(house, tree.flow, run)
    assert state.output == tree.wanted
    # What a kill caught between its work and its log is done again; nothing else is.
    assert log_violations(house.events(run)) == [], f"seed {seed}"
    assert max(n for name, n in tree.done.items() if name != "leaf same") <= house.attempts[run]
    assert len({span.hash for span in state.spans.values()}) == len(state.spans)


class Changing:
    """A flow whose code, versions and inputs are another in its second attempt."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.stopped = asyncio.Event()

    def flow(
        self, *, words: str = "b", version: int = 1, fails: bool = False
    ) -> Workflow[..., Any]:
        @component
        async def first(word: str) -> str:
            self.made.append(f"first {word}")
            return word

        @component(version=version)
        async def then(word: str) -> str:
            self.made.append(f"then {word}")
            if fails:
                raise Failure("unreachable", "Not there.")
            return word * version

        @component
        async def last(word: str) -> str:
            self.made.append(f"last {word}")
            return word

        @workflow("changes")
        async def changes(_: Any) -> list[str]:
            said = [await first("a"), await first(words)]
            try:
                said.append(await then("x"))
            except Failure:
                said.append("failed")
            said.append(await last("z"))
            if not self.stopped.is_set():
                self.stopped.set()
                await asyncio.Event().wait()
            return said

        return changes

    async def twice(self, house: House, one: Any, other: Any) -> tuple[Any, list[str]]:
        """The output, and what the second attempt made."""
        run = house.queue(one)
        await killed(house, one, run, self.stopped.wait)
        self.made.clear()
        state = await finished(house, other, run)
        return state.output, self.made


async def test_a_changed_input_runs_that_span_again_only(house: House) -> None:
    code = Changing()
    said = await code.twice(house, code.flow(words="b"), code.flow(words="c"))
    assert said == (["a", "c", "x", "z"], ["first c"])


async def test_a_changed_version_runs_that_span_again_only(house: House) -> None:
    code = Changing()
    said = await code.twice(house, code.flow(), code.flow(version=2))
    assert said == (["a", "b", "xx", "z"], ["then x"])


async def test_a_failed_span_runs_again_and_the_others_do_not(house: House) -> None:
    code = Changing()
    said = await code.twice(house, code.flow(fails=True), code.flow())
    assert said == (["a", "b", "x", "z"], ["then x"])


async def test_nothing_changed_is_nothing_done(house: House) -> None:
    code = Changing()
    assert await code.twice(house, code.flow(), code.flow()) == (["a", "b", "x", "z"], [])
