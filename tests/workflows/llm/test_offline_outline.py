"""Outlines: neighbours together, headings of the text's own words, each another."""

import pytest

from tests.workflows.blog.worlds import licence
from workflows.llm.offline_outline import TITLE_CHARACTERS, outlined, titled
from workflows.llm.offline_prose import sentences
from workflows.llm.offline_ranking import Ranking
from workflows.llm.offline_reading import Reading


def reading(count: int, words: int = 1200, **facts: str) -> Reading:
    found = sentences(licence("GPL-3"))[:count] if count else []
    claims = {f"c{n}": sentence.text for n, sentence in enumerate(found, start=1)}
    return Reading(facts={"topic": "Freedom", "words": str(words), **facts}, claims=claims)


@pytest.mark.parametrize(("count", "words"), [(24, 1200), (9, 200), (60, 5000), (2, 400), (0, 800)])
def test_every_claim_is_dealt_out_in_order(count: int, words: int) -> None:
    sections = outlined(reading(count, words))["sections"]
    ids = [id for section in sections for id in section["claims"]]
    assert ids == [f"c{n}" for n in range(1, count + 1)]
    assert 4 <= len(sections) <= 8
    assert len({section["heading"].casefold() for section in sections}) == len(sections)


def test_headings_are_the_texts_own_words() -> None:
    given = reading(24)
    text = " ".join(given.claims.values()).casefold()
    for section in outlined(given)["sections"]:
        assert section["heading"].casefold() in text


def test_without_claims_the_offered_shapes_are_taken() -> None:
    sections = outlined(reading(0, 800, shapes="Before; During; After; Ever"))["sections"]
    assert [section["heading"] for section in sections] == ["Before", "During", "After", "Ever"]


@pytest.mark.parametrize("topic", ["Freedom", "", "x" * 300, "many words " * 20])
def test_titles_stay_short(topic: str) -> None:
    ranking = Ranking(sentences(licence("GPL-3")))
    assert 1 <= len(titled(Reading(facts={"topic": topic}), ranking)) <= TITLE_CHARACTERS
