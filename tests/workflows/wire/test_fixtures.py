"""Old logs go on being read: as they lay in Redis, as programs and the archive have them.

`tests/fixtures` was written once, by the code of the day, on a real server, and there is no script
to write it again: it is old on purpose. When a test here fails, the code is wrong and not the
fixture. A later format gets fixtures of its own, beside these.

    <name>.entries.json   the stream's entries and the blobs, as Redis gave them
    <name>.jsonl          the events as REST and the archive give them, one to a line
    <name>.expected.json  what they mean: some of the state, by hand-picked names
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workflows.wire import codec, log
from workflows.wire.events import BODIES, Event, Unknown
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, Span, State, accepts

FOLDER = Path(__file__).parents[2] / "fixtures"
NAMES = sorted(path.name.removesuffix(".jsonl") for path in FOLDER.glob("*.jsonl"))


def stored(name: str) -> Any:
    return codec.loads((FOLDER / name).read_bytes())


def hot(name: str) -> list[Event]:
    """The log as a reader of Redis has it."""
    found = stored(f"{name}.entries.json")
    entries = [
        (item["id"].encode(), {k.encode(): v.encode() for k, v in item["entry"].items()})
        for item in found["entries"]
    ]
    events, blobs = log.decode_entries(entries), found["blobs"]
    wanted = log.refs(events)
    return log.inline(events, wanted, [blobs[sha].encode() for sha in wanted])


def lines(name: str) -> list[Any]:
    return [codec.loads(line) for line in (FOLDER / f"{name}.jsonl").read_bytes().splitlines()]


def archived(name: str) -> list[Event]:
    """The log as a reader of the archive has it."""
    return [codec.from_json(line) for line in lines(name)]


def digest(state: State) -> dict[str, Any]:
    """What was promised of a state then. It may say more later."""
    names = (
        "status attempt starts workflow version owner worker reason taken_over queued_at started_at"
        " finished_at input output answers objects owners tokens_in tokens_out cost_usd calls"
        " waited_ms"
    )
    return {
        **{name: getattr(state, name) for name in names.split()},
        "cursor": str(state.cursor),
        "limits": [state.limits.deadline_s, state.limits.usd, state.limits.tokens],
        "error": state.error and [state.error.type, state.error.message, state.error.retryable],
        "cancelled": state.cancelled and [state.cancelled.by, state.cancelled.reason],
        "waiting": state.waiting and [state.waiting.key, state.waiting.until],
        "asked": {
            key: [str(one.id), one.span, one.until, one.held, one.by]
            for key, one in state.asked.items()
        },
        "signals": {id: [signal.name, signal.value] for id, signal in state.signals.items()},
        "logs": [list(entry) for entry in state.logs],
        "replayed": [span.path for span in state.spans.values() if state.replayed(span)],
        "spans": {path: span_digest(span) for path, span in state.spans.items()},
        "channels": {name: [c.span, c.text, c.stale] for name, c in state.channels.items()},
    }


def span_digest(span: Span) -> dict[str, Any]:
    names = (
        "name hash key label parent status attempt tries started_at finished_at duration_ms"
        " input_preview output cached copied message done total"
    )
    return {
        **{name: getattr(span, name) for name in names.split()},
        "error": span.error and [span.error.type, span.error.message, span.error.retryable],
        "calls": [
            [call.provider, call.model, call.cost_usd, call.status] for call in span.usage.calls
        ],
    }


def missing(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Where `new` does not say all that `old` says; it may say more."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            yield from missing(value, new.get(name, "nothing at all"), f"{path}.{name}")
    elif old != new:
        yield f"{path}: {old!r} became {new!r}"


@pytest.mark.parametrize("name", NAMES)
def test_entries_and_lines_are_the_same_log(name: str) -> None:
    assert hot(name) == archived(name)


@pytest.mark.parametrize("name", NAMES)
def test_programs_still_get_what_they_got(name: str) -> None:
    now = [codec.loads(codec.dumps(codec.to_json(event))) for event in hot(name)]
    assert [list(missing(*pair)) for pair in zip(lines(name), now, strict=True)] == [[]] * len(now)


@pytest.mark.parametrize("name", NAMES)
def test_it_means_what_it_meant(name: str) -> None:
    now = codec.loads(codec.dumps(digest(fold(EMPTY, hot(name)))))
    assert list(missing(stored(f"{name}.expected.json"), now)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_takes_it_event_by_event(name: str) -> None:
    state = EMPTY
    for event in archived(name):
        assert accepts(state, event), event.id
        state = fold(state, [event])
    assert state == fold(EMPTY, archived(name))


def test_the_fixtures_have_every_kind_and_every_outcome() -> None:
    events = [event for name in NAMES for event in hot(name)]
    kinds = {body.kind for body in BODIES}  # type: ignore[attr-defined]
    assert kinds - {event.kind for event in events} == set()
    assert any(isinstance(event.body, Unknown) for event in events)
    assert {fold(EMPTY, hot(name)).status for name in NAMES} == {
        "completed", "failed", "cancelled", "running",
    }  # fmt: skip
