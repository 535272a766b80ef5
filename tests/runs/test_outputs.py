"""What steps give, as the API plane reads it: whatever the engine makes of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from enum import Enum

import pytest
from pydantic import BaseModel

from runs.outputs import plain
from workflows.catalog.site import Fact, ReadPage
from workflows.engine.values import freeze


class Kind(Enum):
    SALT = "salt"


class Shape(BaseModel):
    name: str
    parts: tuple[int, ...]


@dataclass
class Odd:
    by_number: dict[int, str]
    day: date
    shape: Shape
    some: set[int]


PAGE = ReadPage("https://a.example/", "A", "Of A.", (Fact("It is.", "It is so."),), "done")
READ = {
    "url": "https://a.example/", "title": "A", "summary": "Of A.", "status": "done", "reason": "",
    "why": "", "facts": [{"claim": "It is.", "quote": "It is so."}],
}  # fmt: skip


def test_a_page_that_was_read_is_a_mapping() -> None:
    assert plain(json.loads(json.dumps(freeze(PAGE)))) == READ


def test_other_shapes_are_what_json_has_for_them() -> None:
    odd = Odd({1: "one"}, date(2026, 11, 21), Shape(name="x", parts=(1, 2)), {3})
    assert plain(freeze(odd)) == {
        "by_number": {"1": "one"}, "day": "2026-11-21", "shape": {"name": "x", "parts": [1, 2]},
        "some": [3],
    }  # fmt: skip


@pytest.mark.parametrize("same", [None, 3, "text", [1, {"a": 2}], {"a": [None]}, READ])
def test_what_is_plain_stays(same: object) -> None:
    assert plain(same) == same


@pytest.mark.parametrize(
    "odd", [{"$": "opaque"}, {"$": 3, "items": 4}, {"$": "dict", "items": [7]}]
)
def test_what_nobody_knows_is_nothing(odd: object) -> None:
    assert not plain(odd)
