"""One meaning of a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.wire.logs import AT, log, logs
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Call,
    Error,
    Event,
    Log,
    Object,
    RunAnswered,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunQueued,
    RunRestored,
    RunSignalled,
    RunStarted,
    RunWaiting,
    SpanCompleted,
    SpanFailed,
    SpanRetrying,
    SpanStarted,
    Status,
    Text,
    Usage,
)
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, LOGS_KEPT, Channel, State, accepts

QUEUED = RunQueued("blog", 1, "ann", {"topic": "t"})
STARTED = RunStarted("w1", 1)
ROOT = ("blog[0]", SpanStarted("blog", "r"))
ONE = ("blog[0]/one[0]", SpanStarted("one", "h1", parent="blog[0]"))


def said(channel: str, at: int, delta: str, span: str = "blog[0]/one[0]") -> tuple[str, Text]:
    return span, Text(channel, at, delta)


def fold_log(*parts: object) -> State:
    return fold(EMPTY, log(*parts))  # type: ignore[arg-type]


@given(logs(), st.data())
def test_fold_in_two_steps_is_fold_in_one(events: list[Event], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(events)))
    whole = fold(EMPTY, events)
    half = fold(EMPTY, events[:cut])
    assert fold(half, events[cut:]) == whole
    assert fold(EMPTY, events[:cut]) == half, "folding further must not change what was folded"


@given(logs())
def test_the_cursor_is_the_last_event(events: list[Event]) -> None:
    assert fold(EMPTY, events).cursor == (events[-1].id if events else EMPTY.cursor)


def test_a_run_from_its_queue_to_its_end() -> None:
    usage = Usage((Call("openai", "large", 10, 5, 0.25), Call("openai", "large", 1, 0, 0.5)))
    state = fold_log(
        QUEUED, STARTED, ROOT, ONE, ("blog[0]/one[0]", Status("half", 1, 2)),
        ("blog[0]/one[0]", SpanCompleted(7, 12.5, 2, usage=usage)),
        ("blog[0]", SpanCompleted(8)), RunCompleted(8),
    )  # fmt: skip
    assert (state.status, state.output, state.starts, state.attempt) == ("completed", 8, 1, 1)
    assert (state.tokens_in, state.tokens_out, state.cost_usd, state.calls) == (11, 5, 0.75, 2)
    one = state.spans["blog[0]/one[0]"]
    assert (one.status, one.output, one.tries, one.duration_ms) == ("completed", 7, 2, 12.5)
    assert (one.message, one.done, one.total) == ("half", 1, 2)
    assert state.root is state.spans["blog[0]"]
    assert (state.queued_at, state.started_at, state.finished_at) == (AT, AT + 1, AT + 7)


def test_an_unknown_price_makes_the_cost_unknown_for_good() -> None:
    calls = Usage((Call("x", "m", None, 3, None), Call("x", "m", 1, 1, 0.5)))
    state = fold_log(
        QUEUED, STARTED, ROOT, ("blog[0]", SpanFailed(Error("internal", "x"), usage=calls))
    )
    assert (state.cost_usd, state.tokens_in, state.tokens_out) == (None, 1, 4)


def test_text_is_cut_at_its_offset() -> None:
    state = fold_log(
        QUEUED, STARTED, ONE, said("a", 0, "Hello"), said("a", 5, " you"), said("a", 6, "world")
    )
    assert state.channels["a"] == Channel("blog[0]/one[0]", "Hello world")


def test_offsets_count_code_points() -> None:
    state = fold_log(QUEUED, STARTED, ONE, said("a", 0, "😀é"), said("a", 2, "!"))
    assert state.channels["a"].text == "😀é!"


def test_a_lost_spans_text_stays_stale_until_it_speaks_again() -> None:
    before = [QUEUED, STARTED, ONE, said("a", 0, "old text")]
    lost = fold_log(*before, STARTED)
    assert lost.spans["blog[0]/one[0]"].status == "lost"
    assert lost.channels["a"] == Channel("blog[0]/one[0]", "old text", stale=True)
    again = fold_log(*before, STARTED, ONE)
    assert again.channels["a"] == Channel("blog[0]/one[0]", "old text", stale=True)
    spoke = fold_log(*before, STARTED, ONE, said("a", 0, "new"))
    assert spoke.channels["a"] == Channel("blog[0]/one[0]", "new")


def test_a_retried_spans_text_is_stale_and_a_first_word_replaces_it() -> None:
    retrying = ("blog[0]/one[0]", SpanRetrying(1, 3, 2.0, Error("rate_limited", "m", True)))
    state = fold_log(QUEUED, STARTED, ONE, said("a", 0, "old"), retrying)
    assert state.channels["a"].stale
    assert state.spans["blog[0]/one[0]"].status == "retrying"
    state = fold_log(QUEUED, STARTED, ONE, said("a", 0, "old"), retrying, said("a", 0, "n"))
    assert state.channels["a"] == Channel("blog[0]/one[0]", "n")
    assert state.spans["blog[0]/one[0]"].status == "running"


@pytest.mark.parametrize("nothing", ["   ", "\r\n", "# ", "**", "1. "])
def test_text_is_never_replaced_by_what_cannot_be_seen(nothing: str) -> None:
    one = "blog[0]/one[0]"
    before = [QUEUED, STARTED, ONE, said("a", 0, "old text"), STARTED, ONE]
    held = fold_log(*before, said("a", 0, nothing))
    assert held.channels["a"] == Channel(one, "old text", stale=True, anew=nothing)
    spoke = fold_log(*before, said("a", 0, nothing), said("a", len(nothing), "new"))
    assert spoke.channels["a"] == Channel(one, nothing + "new")
    again = fold_log(*before, said("a", 0, nothing), STARTED)
    assert again.channels["a"] == Channel(one, "old text", stale=True)
    ended = fold_log(*before, said("a", 0, nothing), (one, SpanCompleted(1)))
    assert ended.channels["a"] == Channel(one, nothing)


def test_another_spans_text_stays_until_the_new_one_can_be_seen() -> None:
    stitch = ("blog[0]/stitch[0]", SpanStarted("stitch", "h2"))
    before = [QUEUED, STARTED, ONE, said("a", 0, "draft"), stitch]
    held = fold_log(*before, said("a", 0, "# ", span=stitch[0]))
    assert held.channels["a"] == Channel(stitch[0], "draft", stale=True, anew="# ")
    spoke = fold_log(*before, said("a", 0, "# ", span=stitch[0]), said("a", 2, "T", span=stitch[0]))
    assert spoke.channels["a"] == Channel(stitch[0], "# T")


def test_a_span_that_ends_without_saying_it_again_did_not_mean_it() -> None:
    state = fold_log(
        QUEUED, STARTED, ONE, said("a", 0, "old"), STARTED, ONE,
        ("blog[0]/one[0]", SpanCompleted(1)),
    )  # fmt: skip
    assert state.channels["a"] == Channel("blog[0]/one[0]", "")


def test_another_span_may_rewrite_a_channel() -> None:
    state = fold_log(
        QUEUED, STARTED, ONE, said("a", 0, "draft"), ("blog[0]/one[0]", SpanCompleted(1)),
        ("blog[0]/stitch[0]", SpanStarted("stitch", "h2")),
        said("a", 0, "edited", span="blog[0]/stitch[0]"),
    )  # fmt: skip
    assert state.channels["a"] == Channel("blog[0]/stitch[0]", "edited")


def test_cancel_and_failure_leave_all_text_and_close_the_spans() -> None:
    for end, status in [
        (RunCancelled("owner"), "cancelled"),
        (RunFailed(Error("timeout", "m")), "lost"),
    ]:
        state = fold_log(QUEUED, STARTED, ROOT, ONE, said("a", 0, "some"), end)
        assert state.channels["a"].text == "some"
        assert {span.status for span in state.spans.values()} == {status}


def test_completion_drops_text_of_spans_that_never_came_back() -> None:
    state = fold_log(QUEUED, STARTED, ONE, said("a", 0, "x"), STARTED, RunCompleted(1))
    assert state.channels["a"].text == ""


def test_a_span_that_starts_again_keeps_its_bill_and_its_progress() -> None:
    paid = Usage((Call("p", "m", 1, 1, 0.5),))
    state = fold_log(
        QUEUED, STARTED, ONE, ("blog[0]/one[0]", Status("m", 3, 9)),
        ("blog[0]/one[0]", SpanFailed(Error("timeout", "m"), usage=paid)), STARTED, ONE,
        ("blog[0]/one[0]", SpanCompleted(1, usage=paid)),
    )  # fmt: skip
    one = state.spans["blog[0]/one[0]"]
    assert (len(one.usage.calls), one.done, state.cost_usd) == (2, 3, 1.0)


def test_replayed_means_finished_in_an_earlier_attempt_or_copied() -> None:
    done = ("blog[0]/one[0]", SpanCompleted(1))
    state = fold_log(QUEUED, STARTED, ROOT, ONE, done)
    assert not state.replayed(state.spans["blog[0]/one[0]"])
    state = fold_log(QUEUED, STARTED, ROOT, ONE, done, STARTED)
    assert state.replayed(state.spans["blog[0]/one[0]"])
    assert not state.replayed(state.spans["blog[0]"])
    state = fold_log(QUEUED, STARTED, ONE, ("blog[0]/one[0]", SpanCompleted(1, copied="x:1-2")))
    assert state.replayed(state.spans["blog[0]/one[0]"])


def test_restored_forgets_all_but_the_count_of_starts() -> None:
    state = fold_log(QUEUED, STARTED, ONE, said("a", 0, "x"), RunRestored(1, AT))
    assert (state.spans, state.channels, state.starts, state.started_at) == ({}, {}, 1, AT)
    assert (state.cursor, state.status) == (Cursor(2, 0), "queued")


def test_waiting_and_its_answer() -> None:
    state = fold_log(QUEUED, STARTED, RunWaiting("ok", "Go on?"))
    assert (state.status, state.waiting) == ("waiting", RunWaiting("ok", "Go on?"))
    state = fold_log(QUEUED, STARTED, RunWaiting("ok"), RunAnswered("ok", "user", True), STARTED)
    assert (state.status, state.waiting, state.answers) == ("running", None, {"ok": True})


ASK = ("blog[0]/ask[0]", SpanStarted("ask", "h2", parent="blog[0]"))


def waits(until: int | None = None) -> tuple[str, RunWaiting]:
    return "blog[0]/ask[0]", RunWaiting("ok", "Go on?", until=until)


def test_the_first_waiting_fixes_until_and_where_the_answer_is_put() -> None:
    state = fold_log(QUEUED, STARTED, ROOT, ASK, waits(100), STARTED, ROOT, ASK, waits(999))
    assert state.waiting is not None
    assert (state.waiting.until, str(state.asked["ok"].id)) == (100, "1-3")


def test_a_woken_run_keeps_its_question_until_it_goes_another_way() -> None:
    log_ = (QUEUED, STARTED, ROOT, ASK, waits(), STARTED, ROOT)
    state = fold_log(*log_)
    assert (state.status, state.waiting) == ("running", RunWaiting("ok", "Go on?"))
    assert fold_log(*log_, ASK).waiting is not None
    assert fold_log(*log_, ONE).waiting is None
    assert fold_log(*log_, RunCompleted()).waiting is None


def test_a_hold_stops_the_countdown() -> None:
    log_ = (QUEUED, STARTED, ROOT, ASK, waits(100), STARTED, RunSignalled("s1", "hold"))
    for state in (fold_log(*log_), fold_log(*log_, ROOT, ASK, waits(100))):
        assert state.waiting is not None
        assert state.waiting.until is None
        assert (state.asked["ok"].held, list(state.signals)) == (True, ["s1"])


def test_an_answer_in_its_own_attempt_goes_on_at_once() -> None:
    state = fold_log(QUEUED, STARTED, ROOT, ASK, waits(), RunAnswered("ok", "timeout", 1))
    assert (state.status, state.waiting, state.asked["ok"].by) == ("running", None, "timeout")


def test_a_question_whose_span_has_ended_is_open_no_more() -> None:
    failed = ("blog[0]/ask[0]", SpanFailed(Error("internal", "Stopped.")))
    asked = (QUEUED, STARTED, ROOT, ASK, waits())
    state = fold_log(*asked, failed)
    assert (state.status, state.waiting) == ("running", None)
    assert state.waited_ms == log(*asked, failed)[-1].at - log(*asked)[-1].at
    state = fold_log(*asked, STARTED, ASK, failed)
    assert (state.status, state.waiting) == ("running", None)
    elsewhere = ("blog[0]", failed[1])
    assert fold_log(*asked, elsewhere).status == "waiting"


def test_nothing_is_open_after_the_end() -> None:
    state = fold_log(QUEUED, STARTED, ROOT, ONE, RunCompleted("x"))
    assert {span.status for span in state.spans.values()} == {"lost"}
    assert (state.status, state.output) == ("completed", "x")


def test_only_the_time_spent_waiting_is_counted_as_such() -> None:
    asked = (QUEUED, STARTED, ROOT, ASK, waits())
    since = log(*asked)[-1].at
    for more in ([STARTED], [RunAnswered("ok", "user")], [RunCancelled()], [RunCompleted()]):
        at = log(*asked, *more)[-1].at
        state = fold_log(*asked, *more, ROOT, ASK)
        assert state.waited_ms == at - since
    assert fold_log(*asked, RunRestored(1, AT, 77)).waited_ms == 77


def test_objects_and_log_lines() -> None:
    state = fold_log(
        QUEUED, STARTED, ONE, ("blog[0]/one[0]", Object("outline", {"a": 1})),
        *[("blog[0]/one[0]", Log("info", str(n))) for n in range(LOGS_KEPT + 5)],
    )  # fmt: skip
    assert (state.objects, state.owners) == ({"outline": {"a": 1}}, {"outline": "blog[0]/one[0]"})
    assert [line[2] for line in state.logs] == [str(n) for n in range(5, LOGS_KEPT + 5)]


def test_a_reader_accepts_the_next_event_and_openings_that_follow_its_cursor() -> None:
    events = log(QUEUED, STARTED, ROOT, STARTED)
    for cut, event in enumerate(events):
        assert accepts(fold(EMPTY, events[:cut]), event)
    second = fold(EMPTY, events[:2])
    assert not accepts(second, events[0]), "an event again"
    assert not accepts(second, events[3]), "an opening that follows what we have not seen"
    assert not accepts(EMPTY, events[2]), "a log without its beginning"
    assert not accepts(fold(EMPTY, events), events[2])
