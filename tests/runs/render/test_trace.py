"""The trace: the tree of steps in order, with what each took."""

from __future__ import annotations

from dataclasses import replace

from runs.render.trace import BAR, LONGEST, Row, place, trace
from tests.workflows.wire.logs import log
from workflows.wire.events import (
    Body,
    Call,
    RunQueued,
    RunStarted,
    SpanCompleted,
    SpanStarted,
    Usage,
)
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY

Said = Body | tuple[str, Body]


def rows(*said: Said) -> dict[str, Row]:
    state = fold(EMPTY, log(RunQueued("blog", 1, "1", {}), RunStarted("w", 1), *said))
    return {row.span.path: row for row in trace(state)}


def opened(path: str, parent: str | None = None) -> Said:
    return path, SpanStarted(path, path, parent=parent)


def test_each_step_stands_before_those_it_called() -> None:
    found = rows(opened("a"), opened("b", "a"), opened("c"), opened("d", "b"), opened("e", "a"))
    assert [(path, row.depth) for path, row in found.items()] == [
        ("a", 0), ("b", 1), ("d", 2), ("e", 1), ("c", 0),
    ]  # fmt: skip


def test_what_its_calls_took_is_added_up() -> None:
    usage = Usage((Call("o", "small", 10, 5, 0.25), Call("o", "small", 1, None, 0.5)))
    row = rows(opened("a"), ("a", SpanCompleted({"b": 1}, 1500.0, usage=usage)))["a"]
    assert (row.tokens_in, row.tokens_out, row.cost, row.calls, row.models) == (
        11, 5, 0.75, 2, "small",
    )  # fmt: skip
    assert (row.took, row.output) == ("1.5 s", '{\n  "b": 1\n}')


def test_an_output_is_told_without_the_types_it_is_made_of() -> None:
    made = {
        "$": "dataclass",
        "class": "flows:Pair",
        "fields": {"a": 1, "b": {"$": "tuple", "items": [2]}},
    }
    row = rows(opened("a"), ("a", SpanCompleted(made)))["a"]
    assert row.output == '{\n  "a": 1,\n  "b": [\n    2\n  ]\n}'


def test_one_unknown_price_makes_the_sum_unknown() -> None:
    usage = Usage((Call("o", "small", 10, 5, 0.25), Call("o", "x")))
    assert rows(opened("a"), ("a", SpanCompleted(1, usage=usage)))["a"].cost is None


def test_bars_stay_on_the_axis() -> None:
    found = rows(opened("a"), opened("b", "a"), ("b", SpanCompleted("x")), opened("c", "a"))
    bars = [row.bar for row in found.values() if row.bar is not None]
    assert len(bars) == 3
    assert all(0 <= bar.x < BAR and 0 < bar.width <= BAR for bar in bars)


def test_what_another_run_did_has_no_place_on_the_axis_of_this_one() -> None:
    copied = SpanCompleted("x", 1500.0, copied="3f25:h")
    found = rows(opened("a"), opened("b", "a"), ("b", copied), opened("c", "a"))
    assert (found["b"].bar, found["b"].took, found["b"].taken_from) == (None, "1.5 s", "3f25")
    assert found["c"].bar is not None


def test_what_a_later_attempt_began_anew_lasts_since_the_first_of_what_it_called() -> None:
    done = [opened("a"), opened("b", "a"), ("b", SpanCompleted("x"))]
    after = [RunStarted("w", 1), opened("a"), opened("c", "a"), ("a", SpanCompleted("y", 500.0))]
    events = log(RunQueued("blog", 1, "1", {}), RunStarted("w", 1), *done, *after)
    later = [replace(one, at=one.at + 60_000 * (one.id.attempt == 2)) for one in events]
    found = {row.span.path: row for row in trace(fold(EMPTY, later))}
    assert (found["a"].took, found["b"].took) == ("1 min 1 s", "0.0 s")
    bars = [row.bar for row in found.values() if row.bar]
    assert [bar.x for bar in bars] == [0, 0, BAR - 4]
    assert bars[0].width == BAR


def test_a_long_output_is_cut() -> None:
    row = rows(opened("a"), ("a", SpanCompleted("x" * (LONGEST + 1))))["a"]
    assert (len(row.output), row.cut) == (LONGEST, True)


def test_a_run_without_steps_has_no_rows() -> None:
    assert rows() == {}


def test_a_step_has_its_place() -> None:
    state = fold(
        EMPTY,
        log(
            RunQueued("blog", 1, "1", {}),
            RunStarted("w", 1),
            *[opened("a"), opened("b"), opened("c", "a")],
        ),
    )
    assert [place(state, path) for path in ("a", "c", "b", "none")] == [0, 1, 2, 0]
    assert [row.span.path for row in trace(state, 1, 1)] == ["c"]
