"""The tree of spans, and rows that change."""

import pytest

from runs.render import plan
from runs.render.html import part
from tests.runs.render.dom import Node, parse
from tests.workflows.wire.logs import log
from workflows.wire.events import (
    Body,
    Error,
    RunStarted,
    RunWaiting,
    Saved,
    SpanCompleted,
    SpanFailed,
    SpanStarted,
    Usage,
)
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State

ROOT, ONE = "blog[0]", 'blog[0]/extract["https://a.example/?b,c>"]'
OPEN: list[Body | tuple[str, Body]] = [
    RunStarted("w", 1),
    (ROOT, SpanStarted("blog", "h0")),
    (ONE, SpanStarted("extract", "h1", key="https://a.example/?b,c>", parent=ROOT)),
]


def state(*said: Body | tuple[str, Body]) -> State:
    return fold(EMPTY, log(*OPEN, *said))


def row(state: State, path: str) -> Node:
    return parse(part("plan", plan.plan(state))).find("data-span", path)


def test_a_child_stands_under_its_parent() -> None:
    tree = parse(part("plan", plan.plan(state()))).children[0]
    assert isinstance(tree, Node)
    top, inner = tree.children[0], ROOT
    assert isinstance(top, Node)
    assert [node.attributes["data-span"] for node in top.all("data-span")] == [inner, ONE]


def test_a_row_tells_tries_duration_and_where_the_result_is_from() -> None:
    done = state((ONE, SpanCompleted(1, 2340.0, tries=3, cached=True)), RunStarted("x", 1))
    found = row(done, ONE)
    assert found.attributes["data-status"] == "completed"
    assert (found.attributes["data-cached"], found.attributes["data-replayed"]) == ("true", "true")
    assert found.text == "https://a.example/?b,c>3 tries · cached · kept · 2.3 s"


@pytest.mark.parametrize(
    ("saved", "told"),
    [
        (Saved(12345, 0.0021), "cached, saves 12,345 tokens, $0.0021 · "),
        (Saved(7, None), "cached, saves 7 tokens · "),
        (Saved(0, 0.0), "cached · "),
        (None, "cached · "),
    ],
)
def test_a_cached_row_tells_what_it_saved(saved: Saved | None, told: str) -> None:
    done = state((ONE, SpanCompleted(1, 100.0, cached=True, usage=Usage(saved=saved))))
    assert row(done, ONE).text == f"https://a.example/?b,c>{told}0.1 s"


def test_a_failed_row_says_why() -> None:
    failed = state((ONE, SpanFailed(Error("timeout", "No answer <in time>."))))
    assert "No answer <in time>." in row(failed, ONE).text


def test_only_rows_that_changed_are_sent() -> None:
    parts = list(plan.changes(state(), state((ONE, SpanCompleted(1, 5.0)))))
    assert len(parts) == 1
    assert "completed" in parts[0]


def test_a_new_attempt_sends_the_whole_plan() -> None:
    parts = list(plan.changes(state(), state(RunStarted("x", 1))))
    assert [part.startswith('<ol id="run-plan"') for part in parts] == [True]


def test_more_steps_than_people_read_are_counted_and_not_shown() -> None:
    def steps(count: int) -> State:
        said = [(f"{ROOT}/f[{n}]", SpanStarted("f", f"f{n}", parent=ROOT)) for n in range(count)]
        return state(*said)

    full, over = steps(plan.STEPS - 2), steps(plan.STEPS + 3)
    assert "more step" not in part("plan", plan.plan(full))
    shown = parse(part("plan", plan.plan(over)))
    assert len(list(shown.all("data-span"))) == plan.STEPS
    assert "and 5 more steps" in shown.text
    [added] = plan.changes(full, over)
    assert "beforeend:#run-plan" in added
    [counted] = plan.changes(steps(plan.STEPS), over)
    assert 'id="run-plan-more"' in counted
    assert 'hx-swap-oob="true"' in counted
    done = state(*[(f"{ROOT}/f[{n}]", SpanStarted("f", f"f{n}", parent=ROOT)) for n in range(9)])
    assert list(plan.changes(done, done)) == []


def test_a_plan_may_be_deeper_than_python_recurses() -> None:
    said = []
    above = ROOT
    for n in range(900):
        said.append((f"d[{n}]", SpanStarted("d", f"d{n}", parent=above)))
        above = f"d[{n}]"
    page = part("plan", plan.plan(state(*said)))
    assert page.count("data-span") == 902
    assert page.count("<ol") == page.count("</ol>")


def test_while_the_run_waits_its_steps_wait() -> None:
    going, held = state(), state(RunWaiting("outline", "Look it over."))
    assert row(going, ONE).find("class", "row-state").text == "running"
    found = row(held, ONE)
    assert found.find("class", "row-state").text == "waiting"
    assert found.attributes["data-status"] == "running"
    page = "".join(plan.changes(going, held))
    assert page.count(">waiting<") == 2
    assert "".join(plan.changes(held, state(RunWaiting("outline", "Look it over.")))) == ""
