"""What must hold when a schedule is over."""

from __future__ import annotations

from collections.abc import Sequence

from tests.model.book import Book
from tests.model.promise import expect
from tests.model.readers import Page, Program
from tests.model.worker import TOPICS
from tests.model.world import World
from workflows.wire.cursor import ZERO
from workflows.wire.events import Event
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State, accepts


def check_end(world: World, book: Book, readers: Sequence[Page]) -> None:
    row = world.sql.row
    if row is None:
        return
    expect(row.archive is not None, "the run has ended and has no archive")
    log = list(row.archive or ())
    check_log(log)
    check_writers(log, book)
    state = fold(EMPTY, log)
    expect((row.status, row.output) == (state.status, state.output), "SQL's end is not the log's")
    check_spans(world, state)
    check_result(state)
    for reader in readers:
        check_reader(reader, state, log)
    hot = world.events()
    if hot and hot[-1].terminal:
        expect(hot == log, "the archive is not the log")


def check_log(log: list[Event]) -> None:
    """Each event follows the one before; one terminal event, the last."""
    at = ZERO
    for event in log:
        expect(accepts(State(cursor=at), event), f"{event.id} does not follow {at}")
        at = event.id
    expect([e.id for e in log if e.terminal] == [log[-1].id], "not one terminal event, and last")


def check_writers(log: list[Event], book: Book) -> None:
    """Each attempt's events are by the one who opened it, and each was written once."""
    seen: set[tuple[str, int]] = set()
    nonce = ""
    for event in log:
        nonce = event.nonce if event.id.seq == 0 else nonce
        if "by" in event.extra:
            stamp = event.extra["by"], event.extra["n"]
            expect(stamp[0] == nonce, f"{event.id} is by {stamp[0]}, the attempt is {nonce}'s")
            expect(stamp not in seen, f"{event.id} was written twice")
            seen.add(stamp)


def check_spans(world: World, state: State) -> None:
    held = world.sql.row.spans if world.sql.row else {}
    for span in state.spans.values():
        if span.status == "completed":
            expect(span.hash in held, f"SQL has no {span.path}")
            expect(held[span.hash].span.output == span.output, f"SQL has another {span.path}")
            copied = span.hash in world.copied
            expect(bool(span.copied) == copied, f"{span.path} is copied: {span.copied}")


def check_result(state: State) -> None:
    """No call site got another's result, and the visible text is the output."""
    if state.status != "completed":
        return
    for topic in TOPICS:
        output = state.output[topic]
        expect(output.startswith(f"{topic} "), f"{topic} got {output!r}")
    shown = sorted(channel.text for channel in state.channels.values())
    expect(shown == sorted(state.output.values()), f"{shown} is shown for {state.output}")
    expect(not any(c.stale for c in state.channels.values()), "stale text after the end")


def check_reader(reader: Page, state: State, log: list[Event]) -> None:
    if isinstance(reader, Program):
        expect(reader.events == log, "a program's events are not the log")
    else:
        expect(reader.state == state, "a page's state is not the fold of the log")
