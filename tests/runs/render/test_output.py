"""The output of a run that no product shows."""

from dataclasses import replace

import pytest

from runs.render import output
from runs.render.html import part
from tests.runs.render.dom import parse
from workflows.wire.state import State

RUNNING = State(workflow="digest", status="running")
DONE = replace(RUNNING, status="completed", output={"said": "<b> two"})


def test_it_is_shown_when_it_is_there() -> None:
    (sent,) = output.changes(RUNNING, DONE)
    assert '"said": "<b> two"' in parse(sent).text
    assert parse(sent).find("id", "run-output").attributes["hx-swap-oob"] == "true"
    assert list(output.changes(DONE, DONE)) == []


@pytest.mark.parametrize("product", ["blog", "ingest"])
def test_a_workflow_with_a_page_of_its_own_shows_it_there(product: str) -> None:
    assert list(output.changes(RUNNING, replace(DONE, workflow=product))) == []


def test_of_a_long_one_there_is_the_beginning() -> None:
    shown = part("output", output.output(replace(DONE, output="x" * (output.LONGEST + 1))))
    assert "the whole is in the API" in shown
    assert len(shown) < output.LONGEST + 1000
