"""Parts put in one after the other give the page that a reload would show."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from runs import render
from tests.runs.render.dom import Page, parse
from tests.runs.test_markdown import PIECES
from tests.workflows.wire.logs import logs
from workflows.wire.cursor import Cursor
from workflows.wire.events import Event
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, Channel, State


def whole(state: State) -> str:
    return "".join(render.page(state).values())


def forgets(events: list[Event]) -> bool:
    return any(event.kind == "run.restored" for event in events)


@settings(max_examples=60, deadline=None)
@given(events=logs(), data=st.data())
def test_parts_lead_to_the_page_of_a_reload(events: list[Event], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(events)), max_size=6)))
    state, page = EMPTY, Page(whole(EMPTY))
    for start, end in pairwise([0, *cuts, len(events)]):
        old, state = state, fold(state, events[start:end])
        fresh = forgets(events[start:end])
        page.put_in(render.snapshot(state) if fresh else render.changes(old, state))
        assert page.root == parse(whole(state))


@settings(max_examples=20, deadline=None)
@given(events=logs())
def test_a_snapshot_replaces_all_that_was_there(events: list[Event]) -> None:
    page = Page(whole(fold(EMPTY, events[:5])))
    page.put_in(render.snapshot(fold(EMPTY, events)))
    assert page.root == parse(whole(fold(EMPTY, events)))


@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12), claimed=st.integers(0, 12))
def test_a_section_that_grows_leads_to_the_page_of_a_reload(
    pieces: list[str], claimed: int
) -> None:
    state, page = EMPTY, Page(whole(EMPTY))
    for number, piece in enumerate(pieces):
        had = state.channels.get("section-1", Channel("a"))
        channels = {"section-1": replace(had, text=had.text + piece)}
        objects = {"claims": [{"id": "c3", "quote": "So."}]} if number >= claimed else {}
        old, state = state, replace(state, channels=channels, objects=objects)
        page.put_in(render.changes(old, state))
        assert page.root == parse(whole(state))


def test_nothing_new_is_no_part() -> None:
    assert render.changes(EMPTY, EMPTY) == ""


def test_a_mark_says_where_it_leads_and_from_where() -> None:
    state = State(cursor=Cursor(2, 7), status="running")
    mark = parse(render.mark(state, at=Cursor(2, 7), start=Cursor(2, 5), note="paused"))
    assert mark.find("id", "run-mark").attributes == {
        "id": "run-mark",
        "hidden": "",
        "hx-swap-oob": "true",
        "data-from": "2-5",
        "data-cursor": "2-7",
        "data-status": "running",
        "data-note": "paused",
    }


def test_a_snapshots_mark_fits_any_page() -> None:
    mark = parse(render.mark(EMPTY, at=Cursor(2, 7)))
    assert mark.find("id", "run-mark").attributes["data-from"] == ""
