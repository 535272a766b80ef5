"""A run that goes on from another one: what that had finished at some moment comes along.

The old run is as far as chance has it, and SQL's rows of it are the truth: so a fork differs from
another start in what is inserted with its row, and in what `queue` writes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from tests.model.sql import Finished
from tests.model.switches import Switches
from tests.model.worker import ROOT, TOPICS
from workflows.wire.events import Body, SpanCompleted, SpanStarted, Text
from workflows.wire.state import Span

FORKED = 0.25  # of the schedules


def copies(seed: int, switches: Switches) -> Mapping[str, Finished]:
    """By identity. Drawn beside the schedule, so that other schedules stay what they were."""
    chance = random.Random(f"fork {seed}")
    if chance.random() >= FORKED:
        return {}
    known = TOPICS if switches.identity_by_input else range(len(TOPICS))
    at_some_moment = chance.sample(range(len(TOPICS)), chance.randint(0, len(TOPICS)))
    return {
        identity: _finished(identity, TOPICS[number])
        for number in at_some_moment
        if (identity := f"root/write/{known[number]}")
    }


def _finished(identity: str, topic: str) -> Finished:
    path, said = f"{ROOT}/write[{identity.rsplit('/', 1)[1]}]", f"{topic} of the old run"
    span = Span(
        path, "write", identity, attempt=0, parent=ROOT, status="completed", output=said,
        copied=f"old:{identity}",
    )  # fmt: skip
    return Finished(span, {path: said})


def told(done: Finished) -> list[tuple[str | None, Body]]:
    """A finished span, its own or a copy, as a log is written from rows."""
    span = done.span
    return [
        (span.path, SpanStarted(span.name, span.hash, parent=span.parent)),
        *((span.path, Text(channel, 0, text)) for channel, text in done.texts.items()),
        (span.path, SpanCompleted(span.output, copied=span.copied)),
    ]
