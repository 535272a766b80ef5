"""A worker that stood still past its lease wakes up to nothing: it writes and calls nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import scenes
from tests.chaos.stack import stack
from tests.chaos.verdict import check, notes

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


def test_a_frozen_worker_is_fenced(tmp_path: Path) -> None:
    with stack(tmp_path, workers=2, latency=0.5) as s:
        run = s.begin(notes=notes(), words=800)
        zombie, woke = scenes.frozen_past_its_lease(s, run)
        assert s.ended(run)["status"] == "completed"
        second = s.starts(run)[1]
        late = [event for event in s.log(run) if event.id > second.id and event.id.attempt == 1]
        assert late == []
        since = {line["id"] for line in scenes.calls_since(s, zombie, woke)}
        # On a machine that stands still, too, it may have been given the run again.
        assert since <= scenes.calls_of_later_attempts(s, run, zombie), s.starts(run)
        check(s, [run], allowed_open=8)
        assert zombie.alive, zombie.tail()
        after = s.begin(notes=notes("Apache-2.0"), words=300)
        assert s.ended(after)["status"] == "completed"
