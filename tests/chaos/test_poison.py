"""A run that ends whatever process carries it takes the others down once, and they lose nothing.

RUNS=20 has that many innocents beside it, and another way to die.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.chaos.stack import Stack, stack
from tests.chaos.test_deploys import under_way
from tests.chaos.verdict import check, notes
from tests.chaos.waiting import until
from workflows.wire.events import RunStarted

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

INNOCENTS = int(os.environ.get("RUNS") or 5)


def begins(s: Stack, run: str) -> list[tuple[str, bool]]:
    bodies = [event.body for event in s.starts(run)]
    return [(b.reason, b.isolated) for b in bodies if isinstance(b, RunStarted)]


def begun_after_it_was_cleared(s: Stack, run: str) -> list[str]:
    """Spans that began alone though a span had newly finished there."""
    starts = s.starts(run)
    if len(starts) < 2:
        return []
    alone = [event for event in s.log(run) if event.id.attempt == starts[1].id.attempt]
    kinds = [event.kind for event in alone]
    cleared = kinds.index("span.completed") if "span.completed" in kinds else len(kinds)
    return [event.span or "" for event in alone[cleared:] if event.kind == "span.started"]


@pytest.mark.parametrize("how", ["segfault", "exit"] if "RUNS" in os.environ else ["segfault"])
def test_the_innocents_lose_nothing(tmp_path: Path, how: str) -> None:
    with stack(tmp_path, workers=0, latency=0.5) as s:
        worker = s.add_worker("--registry", "tests.chaos.poison")
        s.ready()
        runs = [
            s.begin(topic=f"{n}", notes=notes("Apache-2.0"), words=500) for n in range(INNOCENTS)
        ]
        until(lambda: all(under_way(s, run) for run in runs), 60, what="runs under way")
        poison = s.begin(topic=f"Poison: {how}", notes=notes("Artistic"))
        until(lambda: not worker.alive, 30, what="the worker's death")
        worker.start()
        ended = s.ended(poison, 60)
        assert (ended["status"], ended["error"]["type"]) == ("failed", "crashed")
        assert "3 times in a row, while it ran by itself" in ended["error"]["message"]
        assert begins(s, poison) == [("first", False), *[("crashed", True)] * 3]
        assert [s.ended(run, 300)["status"] for run in runs] == ["completed"] * INNOCENTS
        assert worker.alive, "only its children died after that"
        check(s, [*runs, poison], allowed_open=8 * INNOCENTS)
        for run in runs:
            assert begins(s, run)[1:] in (
                [],
                [("crashed", True), ("handed over", False)],
                [("crashed", True)],  # its last step was what it still had to do
            )
            assert not begun_after_it_was_cleared(s, run)
        print(
            f"{INNOCENTS} innocents, {sum(len(begins(s, run)) > 1 for run in runs)} went on alone"
        )
