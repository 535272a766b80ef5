"""The line: how many came before a run that waits to be taken up. Workers take the oldest order of
a queue first, and queues in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from runs.models import Run

LONGEST = 2000  # behind them a place says nothing that one would want to hear


def places(runs: Iterable[str]) -> dict[str, int]:
    """From 1, of those that wait: one question of SQL for all of them."""
    asked, found, before = set(runs), dict[str, int](), Counter[str]()
    waiting = Run.objects.unopened().filter(status=Run.Status.QUEUED)
    for id, workflow in waiting.values_list("pk", "workflow")[:LONGEST] if asked else ():
        before[workflow] += 1
        if str(id) in asked:
            found[str(id)] = before[workflow]
    return found
