"""Each claim in exactly one section, whatever the model allotted."""

from hypothesis import given
from hypothesis import strategies as st

from workflows.blog.claims import Claim
from workflows.blog.forms import OutlinedSection, OutlineForm
from workflows.blog.outline import (
    Outline,
    fallback,
    outline_of,
    plain_headings,
    section_count,
)

IDS = st.sampled_from(["c1", "c2", "c3", "c4", "c5", "c6", "c9", "[c1]", "C2", "x"])


def claims(count: int) -> list[Claim]:
    return [Claim(f"c{n}", f"the {n}th thing", f"quote {n}") for n in range(1, count + 1)]


def form(*allotted: list[str]) -> OutlineForm:
    sections = [OutlinedSection(heading=f"H{n}", claims=ids) for n, ids in enumerate(allotted)]
    return OutlineForm(title="T", sections=sections)


def ids(outline: Outline) -> list[list[str]]:
    return [[claim.id for claim in section.claims] for section in outline.sections]


@given(st.lists(st.lists(IDS, max_size=6), min_size=4, max_size=8), st.integers(0, 6))
def test_every_claim_is_in_exactly_one_section(allotted: list[list[str]], count: int) -> None:
    outline = outline_of(form(*allotted), claims(count), 1000)
    given_out = [id for section in ids(outline) for id in section]
    assert sorted(given_out) == [claim.id for claim in claims(count)]
    assert sum(section.words for section in outline.sections) == 1000


def test_a_good_allotment_stays() -> None:
    outline = outline_of(form(["c2"], ["c1"], [], ["c3"]), claims(3), 800)
    assert ids(outline) == [["c2"], ["c1"], [], ["c3"]]
    assert outline.said == ()


def test_what_is_put_right_is_said() -> None:
    outline = outline_of(form(["c1", "c7"], ["c1", "c3"], [], []), claims(4), 800)
    assert ids(outline) == [["c1", "c2"], ["c3", "c4"], [], []]
    assert outline.said == (
        "The outline named claims that do not exist (1): ignored.",
        "The outline gave claims to two sections (1): the first keeps them.",
        "The outline left claims out (2): put with their neighbours.",
    )


def test_without_any_allotment_neighbours_stay_together() -> None:
    assert ids(outline_of(form([], [], [], []), claims(8), 800)) == [
        ["c1", "c2"], ["c3", "c4"], ["c5", "c6"], ["c7", "c8"],
    ]  # fmt: skip


def test_a_plain_outline_has_headings_from_what_there_is() -> None:
    headings = plain_headings(claims(9), [], 1000)
    assert len(headings) == 5
    outline = fallback("T", headings, claims(9), 1000)
    assert sum(len(section) for section in ids(outline)) == 9
    assert plain_headings([], ["Why?", "How so?", "When?", "Who?"], 800) == [
        "Why", "How so", "When", "Who",
    ]  # fmt: skip
    assert plain_headings(claims(2), ["Why?"], 800) == []


def test_sections_grow_with_the_post() -> None:
    assert [section_count(words) for words in (200, 1200, 5000)] == [4, 6, 8]
