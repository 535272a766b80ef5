"""What a reader may take, and what it gets of a whole log."""

from runs.tail.batch import Batch, follow
from tests.workflows.wire.logs import log
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import Log, RunCompleted, RunQueued, RunStarted

EVENTS = log(RunQueued("blog", 1, "1", {}), RunStarted("w", 1), Log("info", "a"), RunCompleted())


def test_a_whole_log_follows_the_beginning() -> None:
    assert follow(ZERO, EVENTS)


def test_every_event_follows_the_one_before_it() -> None:
    assert all(follow(event.id, EVENTS[n + 1 :]) for n, event in enumerate(EVENTS))


def test_a_gap_does_not_follow() -> None:
    assert not follow(ZERO, EVENTS[1:])
    assert not follow(EVENTS[0].id, [EVENTS[1], EVENTS[3]])


def test_nothing_follows_anything() -> None:
    assert follow(Cursor(7, 7), [])


def test_a_log_is_cut_behind_the_cursor() -> None:
    assert Batch.cut(EVENTS, EVENTS[1].id) == Batch(tuple(EVENTS[2:]))
    assert Batch.cut(EVENTS, ZERO) == Batch(tuple(EVENTS))


def test_a_cursor_that_is_not_in_it_is_a_reset() -> None:
    assert Batch.cut(EVENTS, Cursor(9, 9)) == Batch(tuple(EVENTS), reset=True)


def test_a_batch_knows_the_end() -> None:
    assert Batch(tuple(EVENTS)).terminal
    assert not Batch(tuple(EVENTS[:-1])).terminal
    assert not Batch(()).terminal
