"""A log of yesterday, today's code: would a run that is under way go on where it is?"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

from workflows.engine.component import Workflow
from workflows.testing.crash import Mortal
from workflows.testing.stage import Stage
from workflows.wire import codec, keys
from workflows.wire.events import TERMINAL, Body, Event, SpanStarted
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY


def stored(path: Path | str) -> list[Event]:
    """A log as REST gives it: `GET /api/runs/{id}/events?follow=0` as application/x-ndjson."""
    lines = Path(path).read_text().splitlines()
    return [codec.from_json(json.loads(line)) for line in lines if line.strip()]


async def done_anew(
    redis_url: str, workflow: Workflow[..., Any], events: Iterable[Event]
) -> str | None:
    """The first step that today's code would do again, or anew, if it had to go on with this run;
    None when all that is finished in the log is taken over. Nothing of that step is done here.

    The run's end, if it has one, is left out: so a finished run shows it as well as any.
    """
    log = _without_its_end(list(events))
    stage = Stage(redis_url)
    async with stage.connected() as client:
        run = await _written(client, log)
        order = await stage.order(client, run, workflow, log[-1].id.attempt + 1)
        writer = Watch(log)
        await stage.carry_out(client, order, workflow, writer)
    return writer.anew


def _without_its_end(log: list[Event]) -> list[Event]:
    """As far as its last finished step, the workflow itself not counted."""
    state = fold(EMPTY, log)
    roots = {path for path, span in state.spans.items() if span.parent is None}
    end = ("span.completed", "span.failed")
    while log and (log[-1].kind in TERMINAL or (log[-1].kind in end and log[-1].span in roots)):
        log.pop()
    return log


async def _written(client: Any, log: list[Event]) -> str:
    run = str(uuid4())
    for event in log:
        packed = codec.encode(event.body, at=event.at, span=event.span)
        entry: dict[str, Any] = {"kind": packed.kind, "data": packed.data}
        if event.after is not None:
            entry |= {"by": event.nonce, "after": str(event.after)}
        await client.xadd(keys.log(run), entry, id=str(event.id))
        for sha, blob in packed.blobs.items():
            await client.hset(keys.blob(run), sha, blob)
    return run


class Watch(Mortal):
    """Lets the run go on until it begins a step that would be paid."""

    def __init__(self, log: list[Event]) -> None:
        super().__init__()
        spans = fold(EMPTY, log).spans.values()
        finished = [span.path for span in spans if span.status == "completed"]
        self._above = {
            span.hash
            for span in spans
            if span.parent is None or any(path.startswith(f"{span.path}/") for path in finished)
        }
        self._open = {span.hash for span in spans if span.status != "completed"}
        self.anew: str | None = None

    def dies_at(self, body: Body, span: str | None) -> bool:
        if not isinstance(body, SpanStarted) or body.hash in self._above:
            return False
        if body.hash not in self._open:
            self.anew = span
        return True
