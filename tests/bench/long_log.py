"""A long run's log, as a blog run of so many events leaves it: real prose in small pieces."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pydoc_data.topics import topics

from redis import Redis

from tests.runs.writer import ROOT, Said, Writer, done, opened, wrote
from workflows.wire.events import Log, Object, Status

SECTIONS = 8
PIECE = 10  # characters: what 60 tokens a second give in 40 ms
BATCH = 200
SPANS_SHARE, STATUS_SHARE, LOG_SHARE = 0.08, 0.02, 0.02


def write(redis: Redis, run: str, events: int) -> Writer:
    """A run that is still going on, with all of its spans but the root ended."""
    writer = Writer(redis, run).begin()
    said = list(islice(_said(events), events - 3))
    for start in range(0, len(said), BATCH):
        writer.say(*said[start : start + BATCH])
    return writer


def _said(events: int) -> Iterator[Said]:
    yield ROOT, Object("outline", [{"heading": f"Chapter {n + 1}"} for n in range(SECTIONS)])
    for number in range(SECTIONS):
        yield opened(f"{ROOT}/write_section[{number}]")
    for number in range(round(events * SPANS_SHARE / 2)):
        yield opened(path := f"{ROOT}/extract_claims[{number}]")
        yield done(path)
    for number in range(round(events * STATUS_SHARE)):
        yield ROOT, Status("Reading the sources", number, round(events * STATUS_SHARE))
    for number in range(round(events * LOG_SHARE)):
        yield ROOT, Log("info", f"Source {number} has been read, and {number % 7} claims kept")
    yield from _texts()


def _texts() -> Iterator[Said]:
    """The sections in turn, as they grow side by side."""
    prose, at = "".join(topics.values()), 0
    while True:
        for number in range(SECTIONS):
            delta = prose[(at * SECTIONS + number) * PIECE :][:PIECE]
            section = f"{ROOT}/write_section[{number}]"
            yield wrote(section, f"section-{number + 1}", at * PIECE, delta)
        at += 1
