"""What a product shows in its own way: by templates that are found by their names alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.template.loader import get_template

from runs import render
from runs.render import looks, objects
from tests.runs.render.dom import Page, parse
from workflows.wire.state import Span, State

CARD = {"title": "<b>Acme</b>", "description": "Salt and wool."}
ONE = "ingest[0]/read_page[0]"
READING = State(workflow="ingest", spans={ONE: Span(ONE, "read_page", "h", 1)})


def read(output: object) -> State:
    return replace(
        READING, spans={ONE: replace(READING.spans[ONE], status="completed", output=output)}
    )


def whole(state: State) -> str:
    return "".join(render.page(state).values())


def test_a_structure_with_a_look_is_not_shown_raw() -> None:
    state = State(workflow="ingest", objects={"card": CARD, "other": 1})
    assert "<b>Acme</b>" in parse(looks.regions(state)["look_card"]).text
    assert [
        n.attributes["data-object"]
        for n in parse(objects.objects(state)["objects"]).all("data-object")
    ] == ["other"]


def test_no_other_workflow_looks_like_that() -> None:
    assert looks.regions(State(workflow="digest", objects={"card": CARD})) == {}
    assert looks.regions(State(workflow="../looks/ingest", objects={"card": CARD})) == {}


def test_parts_lead_to_the_page_of_a_reload() -> None:
    page, before = Page(whole(State(workflow="ingest"))), State(workflow="ingest")
    done = read({"url": "https://a.example/", "title": "A", "status": "done"})
    for state in (
        replace(before, objects={"card": CARD}),
        READING,
        done,
        replace(done, objects={"card": {**CARD, "title": "Other"}}, cost_usd=0.5),
    ):
        page.put_in(render.changes(before, state))
        assert page.root == parse(whole(state))
        before = state
    page.put_in(render.snapshot(READING))
    assert page.root == parse(whole(READING))


def test_a_step_shows_nothing_before_its_end() -> None:
    (step,) = parse(looks.regions(READING)["steps_read_page"]).children[0].children  # type: ignore[union-attr]
    assert "hidden" in step.attributes  # type: ignore[union-attr]


def test_what_is_of_another_shape_stops_no_page() -> None:
    for odd in (None, 7, "text", [1], {"facts": 3, "url": ["x"]}):
        html = looks.regions(read(odd))["steps_read_page"]
        assert parse(html).text.strip() == ""


def test_every_template_can_be_read() -> None:
    """A look that cannot is left out of a page, and nobody would miss it in a test of its page."""
    folder = Path(settings.BASE_DIR) / "templates"
    names = [str(path.relative_to(folder)) for path in folder.rglob("*.html")]
    assert len(names) > 100
    for name in names:
        get_template(name)
