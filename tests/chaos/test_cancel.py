"""Stop means stop, within a second, whoever lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.stack import now, stack
from tests.chaos.verdict import check, notes, state
from tests.chaos.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


def test_cancel_closes_the_provider_call_and_keeps_the_text(tmp_path: Path) -> None:
    with stack(tmp_path, latency=0.1, tokens_per_second=120) as s:
        run = s.begin(notes=notes(), words=1200)
        until(lambda: any(c.text for c in state(s, run).channels.values()), 60, what="some text")
        before = {name: c.text for name, c in state(s, run).channels.items()}
        asked = now()
        assert s.cancel(run).status_code == 202
        until(lambda: all(call["status"] for call in s.provider.calls()), 5)
        # By the provider's own ledger: the clock is the machine's, which all processes share.
        closed = [line for line in s.provider.ledger() if line.get("status") == "closed"]
        assert max(line["at"] for line in closed) - asked <= 1.0
        assert s.ended(run, 5)["status"] == "cancelled"
        after = state(s, run)
        assert all(after.channels[name].text.startswith(text) for name, text in before.items())
        assert any(call["status"] == "closed" for call in s.provider.calls())
        assert s.cancel(run).status_code == 409
        check(s, [run])


@pytest.mark.parametrize("workers", [0, 1])
def test_cancel_needs_no_worker(tmp_path: Path, workers: int) -> None:
    with stack(tmp_path, workers=workers, latency=0.5) as s:
        run = s.begin(notes=notes(), words=800)
        if workers:
            until(lambda: len(s.log(run)) > 6, 20)
            for worker in s.workers:
                worker.kill()
        assert s.cancel(run).status_code == 202
        assert s.ended(run, 5)["status"] == "cancelled"
        check(s, [run])
