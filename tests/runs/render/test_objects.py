"""Published structures and log lines."""

from runs.render import objects
from runs.render.html import part
from tests.runs.render.dom import parse
from workflows.wire.state import State


def test_a_structure_is_shown_whole_and_escaped() -> None:
    state = State(objects={"profile": {"name": "<A>", "topics": ["x"]}})
    page = parse(part("objects", objects.objects(state)))
    assert '"name": "<A>"' in page.find("data-object", "profile").text


def test_only_a_structure_that_changed_is_sent() -> None:
    same = {"a": 1}
    old, new = State(objects={"x": same, "y": 1}), State(objects={"x": same, "y": 2})
    (sent,) = objects.changes(old, new)
    assert parse(sent).find("data-object", "y").attributes["hx-swap-oob"] == "true"


def test_a_new_structure_is_added() -> None:
    (sent,) = objects.changes(State(), State(objects={"x": 1}))
    assert sent.startswith('<div hx-swap-oob="beforeend:#run-objects">')


def test_log_lines_are_shown_with_their_level() -> None:
    state = State(logs=((1, "warning", "one"), (2, "error", "two")))
    (sent,) = objects.changes(State(), state)
    assert [(n.attributes["data-level"], n.text) for n in parse(sent).all("data-level")] == [
        ("warning", "one"),
        ("error", "two"),
    ]
