"""The workflow that the README has people write, tried with the kit that it offers them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from workflows import catalog
from workflows.testing import Refusal, Stage, crash_at, fast_clock, scripted

README = Path(__file__).resolve().parents[3] / "README.md"
SHAPES, FLOW = "# at the end of workflows/catalog/__init__.py", "# workflows/digest/flow.py"


def block(head: str) -> str:
    [found] = re.findall(rf"(?sm)^```python\n{re.escape(head)}\n(.*?)^```", README.read_text())
    return str(found)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    shapes: dict[str, Any] = {**vars(catalog), "CATALOG": {}}
    exec(block(SHAPES), shapes)
    for name in ("Paper", "Digest"):
        monkeypatch.setattr(catalog, name, shapes[name], raising=False)
    made: dict[str, Any] = {"__name__": "digest"}
    exec(block(FLOW), made)
    return made


async def test_it_retries_survives_a_crash_and_asks(redis_url: str, names: dict[str, Any]) -> None:
    stage, paper = Stage(redis_url), names["Paper"](("One.", "Two."))
    with scripted(Refusal(500), lambda asked: "Well.") as provider:
        async with fast_clock():
            state = await stage.run(
                names["digest"], paper, crash_at("span.completed", 2), answers=[True]
            )
    assert (state.status, state.output) == ("completed", {"said": "Well. Well."})
    assert state.channels["digest"].text == "Well. Well."
    assert len(provider.requests) == 3
    assert stage.attempts == 3


async def test_an_equal_call_of_another_run_is_not_paid(
    redis_url: str, names: dict[str, Any]
) -> None:
    paper = names["Paper"](("One.", "Two."))
    with scripted(lambda asked: "Well.") as provider:
        for good in (True, False):
            state = await Stage(redis_url).run(names["digest"], paper, answers=[good])
    assert state.output == {"said": ""}
    assert len(provider.requests) == 2
