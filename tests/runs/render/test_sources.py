"""The cards that citations lead to."""

from __future__ import annotations

from typing import Any

import pytest

from runs.render import sources
from runs.render.html import part
from tests.payloads import MARKDOWN
from tests.runs.render.dom import Node, parse
from workflows.wire.state import State


def cards(claims: Any) -> list[Node]:
    page = parse(part("sources", sources.sources(State(objects={"claims": claims}))))
    return [node for node in page.walk() if node.attributes.get("class") == "source"]


def test_a_card_shows_the_words_that_a_citation_stands_on() -> None:
    (card,) = cards([{"id": "c3", "quote": "Salt is dear.", "title": "Notes", "url": None}])
    assert card.attributes["id"] == "source-c3"
    assert card.text == "c3Salt is dear.Notes"


def test_only_ids_of_our_kind_make_a_card_each_once() -> None:
    found = cards([{"id": "c1"}, {"id": "c1"}, {"id": "run-now"}, {"id": 3}, "c2", {"id": "c2"}])
    assert [card.attributes["id"] for card in found] == ["source-c1", "source-c2"]


@pytest.mark.parametrize("claims", [None, "c1", 7, {"c1": {}}, [None]])
def test_a_value_of_another_shape_makes_none(claims: Any) -> None:
    assert cards(claims) == []


def test_a_link_of_a_card_is_of_our_schemes_and_shows_its_host() -> None:
    good, bad = cards([
        {"id": "c1", "url": "https://e.com/a?b"}, {"id": "c2", "url": "javascript:fired(1)"},
    ])  # fmt: skip
    (link,) = good.all("href")
    assert (link.attributes["href"], link.text) == ("https://e.com/a?b", "e.com")
    assert bad.all("href") == []


@pytest.mark.parametrize("payload", MARKDOWN)
def test_an_attack_in_a_card_is_words(payload: str) -> None:
    (card,) = cards([{"id": "c1", "quote": payload, "claim": "-", "title": "", "url": payload}])
    assert {node.tag for node in card.walk()} <= {"span", "blockquote", "p", "a"}
    assert payload.replace("\0", "") in card.text.replace("\0", "")


def test_cards_are_put_in_when_they_come() -> None:
    (sent,) = sources.changes(State(), State(objects={"claims": [{"id": "c1"}]}))
    assert parse(sent).find("id", "run-sources").attributes["hx-swap-oob"] == "true"
