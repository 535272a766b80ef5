"""A step is rendered once, and only when somebody asks."""

import pytest

from runs import render
from runs.tail.step import Step
from workflows.wire.cursor import Cursor
from workflows.wire.state import Channel, State

OLD = State(cursor=Cursor(1, 1), channels={"a": Channel("s", "x")})
NEW = State(cursor=Cursor(1, 2), channels={"a": Channel("s", "xy")})


def test_it_goes_from_one_cursor_to_another() -> None:
    step = Step(OLD, NEW)
    assert (step.start, step.end, step.html) == (OLD.cursor, NEW.cursor, render.changes(OLD, NEW))


def test_it_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[State] = []

    def changes(old: State, new: State) -> str:
        rendered.append(new)
        return "parts"

    monkeypatch.setattr(render, "changes", changes)
    step = Step(OLD, NEW)
    assert rendered == []
    assert (step.html, step.html) == ("parts", "parts")
    assert rendered == [NEW]
