"""The top of the page says what is going on in words."""

from dataclasses import replace

import pytest

from runs.render import now
from runs.render.html import part
from tests.runs.render.dom import parse
from tests.workflows.wire.logs import log
from workflows.wire.events import (
    Body,
    Call,
    Error,
    Limits,
    Log,
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
        "Working OpenAI is throttling: next try in 8 s (2/6)"
    )
    other = SpanRetrying(1, 3, 2.0, Error("timeout", "No answer came in time"), "openai")
    assert words(RunStarted("w", 1), BLOG, ("blog[0]", other)) == (
        "Working No answer came in time (openai): next try in 2 s (1/3)"
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


def test_a_wait_has_a_name_of_its_own_that_lasts_as_long_as_it_does() -> None:
    first = SpanRetrying(1, 6, 2.0, Error("timeout", "x"))
    second = SpanRetrying(2, 6, 2.0, Error("timeout", "x"))
    keys = [
        now.now(state(RunStarted("w", 1), BLOG, *waits))["retry_key"]
        for waits in ([("blog[0]", first)], [("blog[0]", first), Log("info", "aside")],
                      [("blog[0]", first), ("blog[0]", second)])
    ]  # fmt: skip
    assert keys[0] == keys[1] != keys[2]


def at(done: float | None, total: float | None, seconds: float) -> State:
    made = state(RunStarted("w", 1), BLOG, ("blog[0]", Status("On", done, total)))
    assert made.started_at is not None
    return replace(made, seen_at=made.started_at + round(seconds * 1000))


@pytest.mark.parametrize(
    ("done", "total", "seconds", "said"),
    [
        (None, None, 60, ""),
        (0, 10, 60, ""),
        (1, 20, 60, ""),
        (5, 10, 3, ""),
        (10, 10, 60, ""),
        (9, 10, 30, "a few seconds"),
        (5, 10, 30, "20 to 50 s"),
        (2, 10, 30, "1 to 3 min"),
        (5, 10, 60, "1 to 2 min"),
        (5, 10, 3600, "36 to 96 min"),
    ],
)
def test_what_is_left_is_a_range_and_hidden_while_unknown(
    done: float | None, total: float | None, seconds: float, said: str
) -> None:
    found = at(done, total, seconds)
    assert now.left(found) == said
    shown = parse(part("now", now.now(found))).find("class", "now-facts").text
    assert ("Left" in shown) == bool(said)


def test_nothing_is_left_of_what_does_not_run() -> None:
    assert now.left(replace(at(5, 10, 30), status="waiting")) == ""
    assert now.left(EMPTY) == ""


def test_the_cost_stands_against_the_budget() -> None:
    queued = RunQueued("blog", 1, "1", {}, Limits(usd=2.0))
    usage = Usage((Call("openai", "small", 10, 5, 0.25),))
    inner: list[Said] = [("a", SpanStarted("a", "h2")), ("a", SpanCompleted(1, usage=usage))]
    shown = part("now", now.now(fold(EMPTY, log(queued, RunStarted("w", 1), *inner))))
    assert "$0.2500 of $2" in parse(shown).find("class", "now-facts").text


def test_the_offline_model_says_how_to_have_another() -> None:
    def page(provider: str) -> str:
        call = Call(provider, "m", 1, 1, 0.0)
        done = (BLOG[0], SpanCompleted("x", 1.0, usage=Usage((call,))))
        return part("now", now.now(state(RunStarted("w", 1), BLOG, done)))

    assert "<code>OPENAI_API_KEY=…</code> into the file <code>.env</code>" in page("offline")
    assert "OPENAI_API_KEY" not in page("openai")
