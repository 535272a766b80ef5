"""The worker dies at each append that a blog run makes: before it, unheard, or just after it.

In this process, so that every point can be visited (a death closes everything and writes nothing),
and for some of them in another one, by SIGKILL. The next attempt must end with the same post, do no
finished span again and pay for no call twice but for those that were open. `SWEEP=all` visits every
point, else as many as a seed picks.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.chaos.mortal import DEADLY, MODES, Ledger, attempt
from tests.chaos.process import ROOT
from tests.chaos.verdict import SEED, notes, seeded, text_violations
from tests.fakes.checker import log_violations
from tests.workflows.engine.house import House
from workflows.blog.flow import write_blog
from workflows.wire.fold import fold
from workflows.wire.orders import Order
from workflows.wire.state import EMPTY, State

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]

ALL = os.environ.get("SWEEP") == "all"
SAMPLE = 4  # points of each mode
KILLED = 24 if ALL else 3  # points at which a process is really killed
BRIEF = {"topic": "A licence", "notes": notes("Artistic")[:6000], "words": 400}


@dataclass
class Sweep:
    """A house in which one run after the other is begun, killed, and begun again."""

    house: House
    ledger: Ledger
    file: Path
    wrong: list[str] = field(default_factory=list)
    died: int = 0

    def attempt(self, order: Order, mode: str = "", point: int = 0) -> int:
        return asyncio.run(attempt(self.house.url, order, mode, point))

    def killed(self, order: Order, mode: str, point: int) -> None:
        """The same in a process of its own, which SIGKILL ends."""
        said = [self.house.url, json.dumps(order.to_dict()), mode, str(point), str(self.file)]
        words = [sys.executable, "-m", "tests.chaos.mortal", *said]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, timeout=120, check=False)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()

    def visit(self, mode: str, point: int, meant: State, *, really: bool = False) -> None:
        """One run that dies there; what it did wrong is added to `wrong`."""
        self.ledger.clear()
        run = self.house.queue(write_blog, BRIEF)
        dies = self.killed if really else self.attempt
        dies(self.house.order(run, write_blog), mode, point)
        before = self.house.events(run)
        left_open = open_calls(fold(EMPTY, before))
        if not before[-1].terminal:
            self.died += 1
            self.attempt(self.house.order(run, write_blog))
        events = self.house.events(run)
        state = fold(EMPTY, events)
        told = log_violations(events) + text_violations(state)
        if state.output != meant.output:
            told.append(f"ended as {state.status} with another post: {state.error}")
        asked = self.ledger.asked
        if (again := asked.total() - len(asked)) > left_open:
            told.append(f"{again} calls were made again, {left_open} were open")
        self.wrong += [f"{mode} append {point}: {one}" for one in told]


def open_calls(state: State) -> int:
    """Calls that may have been under way: at most one in each step that had begun and not ended."""
    return sum(span.open and span.parent is not None for span in state.spans.values())


@pytest.fixture
def sweep(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    ledger = Ledger(tmp_path / "ledger")
    door = ledger.door()
    monkeypatch.setattr("workflows.llm.openai.current_door", lambda: door)
    return Sweep(House(redis_url), ledger, tmp_path / "ledger")


def undisturbed(sweep: Sweep) -> tuple[State, int]:
    """How the run ends when nobody dies, and its number of appends."""
    run = sweep.house.queue(write_blog, BRIEF)
    appends = sweep.attempt(sweep.house.order(run, write_blog))
    state = sweep.house.state(run)
    assert state.status == "completed", state.error
    assert sweep.ledger.asked.total() == len(sweep.ledger.asked), "equal calls in one run"
    return state, appends


@pytest.mark.parametrize("mode", MODES)
def test_a_death_at_any_append(sweep: Sweep, mode: str) -> None:
    meant, appends = undisturbed(sweep)
    points = list(range(1, appends + 1))
    if not ALL:
        points = sorted(seeded(mode).sample(points, min(SAMPLE, appends)))
    for point in points:
        sweep.visit(mode, point, meant)
    died = f"{len(points)} of {appends} appends, {sweep.died} deaths"
    print(f"{mode}: {died}, {len(sweep.wrong)} wrong, SEED={SEED}")
    assert not sweep.wrong, "\n".join(sweep.wrong)


def test_a_sigkill_at_some_appends(sweep: Sweep) -> None:
    meant, appends = undisturbed(sweep)
    rng = seeded("sigkill")
    points = [(rng.choice(DEADLY), rng.randint(1, appends)) for _ in range(KILLED)]
    for mode, point in points:
        sweep.visit(mode, point, meant, really=True)
    print(f"SIGKILL: {sweep.died} deaths, {len(sweep.wrong)} wrong, SEED={SEED}")
    assert not sweep.wrong, "\n".join(sweep.wrong)


def test_a_run_whose_worker_dies_again_and_again_gets_on(sweep: Sweep) -> None:
    meant, _ = undisturbed(sweep)
    sweep.ledger.clear()
    run = sweep.house.queue(write_blog, BRIEF)
    left_open = 0
    for life in range(3, 100):
        sweep.attempt(sweep.house.order(run, write_blog), "unheard", life)
        state = sweep.house.state(run)
        if state.ended:
            break
        left_open += open_calls(state)
    asked = sweep.ledger.asked
    assert log_violations(sweep.house.events(run)) == []
    assert state.output == meant.output
    assert state.starts > 2
    assert asked.total() - len(asked) <= left_open
