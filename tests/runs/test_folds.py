"""A live log is folded once, however often it is asked for."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from redis import Redis

from runs import folds
from runs.folds import Folds
from tests.runs.writer import ROOT, Writer, wrote
from workflows.wire import log
from workflows.wire.events import Event
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events each fold was given."""
    sizes: list[int] = []

    def counted(state: State, events: list[Event]) -> State:
        sizes.append(len(events))
        return fold(state, events)

    monkeypatch.setattr(folds, "fold", counted)
    return sizes


def whole(redis: Redis, run: str) -> State:
    return fold(EMPTY, log.read(redis, run))


def test_only_what_is_new_is_folded(redis: Redis, folded: list[int]) -> None:
    kept, writer = Folds(), Writer(redis, "a").begin()
    assert kept.state(redis, "a") == whole(redis, "a")
    for number in range(3):
        writer.say(wrote(ROOT, "one", number, "x"))
        assert kept.state(redis, "a") == whole(redis, "a")
    assert kept.state(redis, "a") == whole(redis, "a")
    assert folded[1:] == [1, 1, 1, 0]


def test_another_log_of_the_same_run_is_read_from_its_beginning(redis: Redis) -> None:
    kept, writer = Folds(), Writer(redis, "a").begin()
    for number in range(3):
        writer.say(wrote(ROOT, "one", number, "x"))
    assert kept.state(redis, "a")
    redis.flushall()
    assert kept.state(redis, "a") is None
    Writer(redis, "a").begin()
    assert kept.state(redis, "a") == whole(redis, "a")


def test_so_many_are_kept_and_no_more(redis: Redis, folded: list[int]) -> None:
    kept = Folds(most=2)
    for run in "abc":
        Writer(redis, run).begin()
        kept.state(redis, run)
    length = folded[0]
    kept.state(redis, "c")
    kept.state(redis, "a")
    assert folded[3:] == [0, length]


def test_threads_that_ask_while_it_grows_see_no_other_log(redis: Redis) -> None:
    kept, writer, seen = Folds(), Writer(redis, "a").begin(), list[Any]()

    def ask() -> None:
        for _ in range(50):
            state = kept.state(redis, "a")
            seen.append(state == fold(EMPTY, log.read(redis, "a", until=state.cursor)))  # type: ignore[union-attr]

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(60):
        writer.say(wrote(ROOT, "one", number, "x"))
    for thread in threads:
        thread.join()
    assert seen == [True] * 150
