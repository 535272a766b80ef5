"""The checks of this folder notice a build without fence, replay or monitor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import scenes
from tests.chaos.process import Process
from tests.chaos.stack import now, stack
from tests.chaos.verdict import check, notes
from tests.chaos.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


def test_without_its_fence_a_zombie_is_caught(tmp_path: Path) -> None:
    with stack(tmp_path, workers=0, latency=0.5) as s:
        s.add_worker("fence", module="tests.chaos.broken")
        run = s.begin(notes=notes(), words=800)
        until(lambda: s.owner(run), 20)
        s.add_worker()
        s.ready()
        zombie, woke = scenes.frozen_past_its_lease(s, run)
        assert until(lambda: scenes.calls_since(s, zombie, woke), 20, what="the zombie's calls")


def test_without_replay_repeated_calls_are_caught(tmp_path: Path) -> None:
    with stack(tmp_path, workers=1, latency=0.3) as s:
        run = s.begin(notes=notes(), words=800)
        scenes.killed_in_the_middle(s, run)
        s.add_worker("replay", module="tests.chaos.broken")
        s.ended(run)
        with pytest.raises(AssertionError, match=r"which finished at|were made again"):
            check(s, [run])


def test_without_a_monitor_nobody_takes_over(tmp_path: Path) -> None:
    with stack(tmp_path, workers=1, controls=0, latency=0.3) as s:
        words = ["-m", "tests.chaos.broken", "monitor"]
        s.controls.append(Process("control1", words, s.env, s.folder).start())
        s.ready()
        run = s.begin(notes=notes(), words=800)
        scenes.killed_in_the_middle(s, run)
        s.add_worker()
        killed = now()
        until(lambda: now() - killed > 12, 20)
        assert len(s.starts(run)) == 1
        assert s.run(run)["status"] == "running"
