"""The notes dealt out: near the claims, to one section each, without what others cite."""

from collections import Counter

from tests.workflows.blog.worlds import licence
from workflows.blog.claims import Claim
from workflows.blog.material import dealt
from workflows.blog.notes import Notes, notes_of
from workflows.blog.outline import Planned


def numbered(count: int) -> Notes:
    return notes_of("\n\n".join(f"Paragraph {n} says a thing about ships." for n in range(count)))


def claim(number: int, quote: str) -> Claim:
    return Claim(f"c{number}", "", quote)


def test_a_section_gets_the_paragraphs_around_its_claims() -> None:
    near = claim(1, "Paragraph 10 says a thing about ships.")
    far = claim(2, "Paragraph 30 says a thing about ships.")
    sections = [Planned("A", (near,), 8), Planned("B", (far,), 8)]
    first, second = dealt(numbered(40), sections)
    assert [f"Paragraph {n} " in first for n in (9, 10, 11, 30)] == [True, True, True, False]
    assert [f"Paragraph {n} " in second for n in (29, 30, 31, 10)] == [True, True, True, False]


def test_no_paragraph_is_dealt_twice() -> None:
    notes = numbered(30)
    shared = claim(1, "Paragraph 5 says a thing about ships.")
    sections = [Planned("A", (shared,), 300), Planned("B", (shared,), 300), Planned("C", (), 300)]
    dealt_out = Counter(p for part in dealt(notes, sections) for p in part.split("\n\n"))
    assert max(dealt_out.values()) == 1
    assert len(dealt_out) == 30


def test_equal_needs_are_met_equally() -> None:
    sections = [Planned(str(n), (), 200) for n in range(5)]
    sizes = [len(part.split()) for part in dealt(notes_of(licence("GPL-2")), sections)]
    assert min(sizes) > 350


def test_what_another_section_cites_is_cut_out() -> None:
    notes = notes_of("Ships wait. The tide\nturns at noon. Then they sail.")
    sections = [Planned("A", (claim(1, "Ships wait."),), 50)]
    sections.append(Planned("B", (claim(2, "The tide turns at noon."),), 10))
    first, _ = dealt(notes, sections)
    assert "tide" not in first
    assert "Ships wait." in first
    assert "Then they sail." in first


def test_a_paragraph_that_comes_again_is_dealt_once() -> None:
    notes = notes_of("The same sentence, again.\n\n" * 5)
    assert dealt(notes, [Planned("A", (), 500)]) == ["The same sentence, again."]


def test_notes_without_a_sentence_are_dealt_all_the_same() -> None:
    assert dealt(notes_of("- ships\n\n- tides"), [Planned("A", (), 500)]) == ["- ships\n\n- tides"]


def test_without_notes_there_is_nothing() -> None:
    assert dealt(notes_of(""), [Planned("A", (), 200)]) == [""]
