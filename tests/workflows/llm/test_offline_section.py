"""A section out of sentences: claims first, the asked length, the material's order."""

import re
from dataclasses import replace

import pytest

from tests.workflows.blog.worlds import folded, licence
from workflows.llm.offline_prose import length
from workflows.llm.offline_reading import Reading
from workflows.llm.offline_section import is_section, written

FACTS = {"section": "1", "heading": "Patents", "topic": "Licences", "unsourced": "*None.*"}


def reading(words: int, material: str, **claims: str) -> Reading:
    return Reading(facts={**FACTS, "words": str(words)}, claims=claims, material=material)


@pytest.mark.parametrize("words", [60, 150, 400, 900])
def test_it_has_the_length_that_was_asked_for(words: int) -> None:
    text = written(reading(words, licence("GPL-3")))
    assert words * 0.85 <= length(text) <= words * 1.15


def test_all_of_it_is_the_materials_own() -> None:
    material = licence("GPL-3")
    for paragraph in written(reading(300, material)).removesuffix("*None.*").split("\n\n"):
        for sentence in re.split(r"(?<=\.) (?=[\"A-Z])", paragraph):
            assert sentence in folded(material)


def test_claims_are_told_and_cited_where_they_stand() -> None:
    material = "The moon pulls at the sea. Ships wait for the tide. The sun pulls at it as well."
    text = written(
        reading(17, material, c2="The sun pulls at it as well.", c1="The moon pulls at the sea.")
    )
    assert text == (
        "The moon pulls at the sea. [c1] Ships wait for the tide. The sun pulls at it as well. [c2]"
    )


def test_a_claim_that_the_material_lacks_is_told_all_the_same() -> None:
    text = written(reading(12, "Ships wait for the tide.", c9="The moon pulls at the sea."))
    assert text == "The moon pulls at the sea. [c9] Ships wait for the tide."


def test_without_claims_it_says_that_there_is_no_source() -> None:
    assert written(reading(5, "Ships wait for the tide.")) == "Ships wait for the tide.\n\n*None.*"


def test_without_anything_it_repeats_the_question() -> None:
    assert written(reading(50, "")) == "Patents: Licences.\n\n*None.*"


def test_items_of_lists_do_not_run_into_each_other() -> None:
    material = (
        "The moon pulls at the sea.\n\n * ships that wait in ports\n * sailors who sleep in ships"
    )
    assert written(reading(40, material)).splitlines()[::2] == [
        "The moon pulls at the sea.", "ships that wait in ports", "sailors who sleep in ships",
        "*None.*",
    ]  # fmt: skip


def test_what_a_section_is() -> None:
    assert is_section(reading(5, ""))
    assert not is_section(Reading(facts={"words": "5"}))


@pytest.mark.parametrize(("wish", "words"), [("Shorter, please", 30), ("longer", 90), ("", 60)])
def test_shorter_and_longer_are_understood(wish: str, words: int) -> None:
    material = " ".join(f"Tide number {n} comes in." for n in range(60))
    told = replace(reading(60, material), facts={**FACTS, "words": "60", "wish": wish})
    assert abs(len(written(told).split()) - words) <= 8
