"""Whose results are kept, and for how long."""

from workflows.engine.keeping import Keeping
from workflows.engine.replay import Found, Replay

OPAQUE = {"$": "opaque", "class": "x"}


def made(replay: Replay, digest: str, above: Keeping | None = None, again: bool = False) -> Keeping:
    return Keeping(replay, digest, tried_again=again, above=above)


def test_nothing_is_kept_where_nobody_tries_again() -> None:
    replay = Replay()
    root = made(replay, "root")
    made(replay, "child", root).finish(1)
    assert (root.on, len(replay)) == (False, 0)


def test_a_result_stands_for_all_that_is_below_it() -> None:
    replay = Replay()
    top = made(replay, "top", again=True)
    middle = made(replay, "middle", top)
    made(replay, "leaf 1", middle).finish(1)
    made(replay, "leaf 2", middle).finish(2)
    assert len(replay) == 2
    middle.finish([1, 2])
    assert (len(replay), replay.answer("middle", again=True)) == (1, Found([1, 2]))
    top.finish("all")
    assert len(replay) == 0


def test_what_gave_nothing_leaves_what_it_had_to_the_one_above() -> None:
    replay = Replay()
    top = made(replay, "top", again=True)
    middle = made(replay, "middle", top)
    made(replay, "leaf", middle).finish(1)
    middle.leave()
    assert replay.answer("leaf", again=True) == Found(1)
    top.leave()
    assert len(replay) == 0


def test_a_result_that_cannot_be_kept_is_no_result() -> None:
    replay = Replay()
    top = made(replay, "top", again=True)
    middle = made(replay, "middle", top)
    made(replay, "leaf", middle).finish(1)
    middle.finish(OPAQUE)
    assert (replay.answer("middle"), replay.answer("leaf")) == (None, Found(1))
