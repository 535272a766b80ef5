"""The top of the page says what is going on in words."""

import pytest

from runs.render import now
from runs.render.html import part
from tests.runs.render.dom import parse
from tests.workflows.wire.logs import log
from workflows.wire.events import (
    Body,
    Call,
    Error,
    RunAnswered,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunQueued,
    RunRestored,
    RunStarted,
    RunWaiting,
    SpanCompleted,
    SpanRetrying,
    SpanStarted,
    Status,
    Usage,
)
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State

QUEUED = RunQueued("blog", 1, "1", {})
Said = Body | tuple[str, Body]
BLOG = ("blog[0]", SpanStarted("blog", "h"))


def state(*said: Said) -> State:
    return fold(EMPTY, log(QUEUED, *said))


def words(*said: Said, of: str = "now-words") -> str:
    region = parse(part("now", now.now(state(*said))))
    return " ".join(region.find("class", of).text.split())


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], "Waiting for a worker"),
        ([RunStarted("w", 1)], "Working"),
        (
            [RunStarted("w", 1), RunStarted("x", 1, "crashed", 2)],
            "Taken up again after a worker stopped: 2 finished steps kept, nothing is repeated",
        ),
        (
            [RunStarted("w", 1), RunStarted("x", 1, "crashed", isolated=True)],
            "Taken up again after a worker stopped. Until its next step is finished it runs by"
            " itself, in case it was what stopped the worker",
        ),
        (
            [RunStarted("w", 1), RunStarted("x", 2, "handed over", 2)],
            "Taken up again: 2 finished steps kept, nothing is repeated."
            " Begun with version 1, carried on with version 2",
        ),
        ([RunStarted("w", 1), RunWaiting("o", "It", {})], "Waiting for your answer: It"),
        ([RunStarted("w", 1), RunWaiting("o", "Until noon")], "Waiting: Until noon"),
        (
            [RunStarted("w", 1), RunWaiting("o"), RunAnswered("o", "user", 1)],
            "Working",
        ),
        ([RunRestored()], "The log was rebuilt; a worker will go on from the last finished step"),
        ([RunStarted("w", 1), RunCompleted(1)], "Finished"),
        ([RunCancelled("owner", "enough")], "Stopped: enough"),
        (
            [RunStarted("w", 1), RunFailed(Error("timeout", "No answer came in time."))],
            "Failed No answer came in time. Everything written so far is kept below.",
        ),
    ],
)  # fmt: skip
def test_every_status_has_its_sentence(said: list[Said], expected: str) -> None:
    assert words(*said) == expected


def test_a_throttled_step_says_when_it_tries_again() -> None:
    retry = SpanRetrying(2, 6, 8.0, Error("rate_limited", "Too many requests"), "openai")
    assert words(RunStarted("w", 1), BLOG, ("blog[0]", retry)) == (
        "Working Too many requests (openai): trying again in 8 s (2/6)"
    )


def test_progress_and_cost() -> None:
    usage = Usage((Call("openai", "small", 10, 5, 0.25),))
    said: list[Said] = [RunStarted("w", 1), BLOG, ("blog[0]", Status("Reading", 3, 9))]
    inner: list[Said] = [("a", SpanStarted("a", "h2")), ("a", SpanCompleted(1, usage=usage))]
    assert words(*said, *inner) == "Working Reading 3/9"
    assert words(*said, *inner, of="now-facts").endswith("UTCCalls1Tokens10 + 5Cost$0.2500")


def test_an_unknown_price_is_not_called_zero() -> None:
    usage = Usage((Call("other", "x", 10, 5, None),))
    said: list[Said] = [("a", SpanStarted("a", "h2")), ("a", SpanCompleted(1, usage=usage))]
    assert words(RunStarted("w", 1), *said, of="now-facts").endswith("Costunknown")


def test_when_it_is_over_it_says_how_long_it_took() -> None:
    assert words(RunStarted("w", 1), RunCompleted(1), of="now-facts") == "Took0.0 s"


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "0.0 s"),
        (9_949, "9.9 s"),
        (59_400, "59 s"),
        (200_000, "3 min 20 s"),
        (7.5e6, "2 h 5 min"),
    ],
)
def test_a_duration_is_said_as_people_say_it(ms: float, said: str) -> None:
    assert now.duration(ms) == said


def test_what_reads_the_same_is_not_sent_again() -> None:
    old = state(RunStarted("w", 1), BLOG)
    new = state(RunStarted("w", 1), BLOG, ("b", SpanStarted("b", "h2", parent="blog[0]")))
    assert list(now.changes(old, new)) == []
