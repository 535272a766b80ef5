"""What is asked: facts outside the fence, everything from the notes inside."""

from dataclasses import replace

from workflows.blog import prompts
from workflows.blog.claims import Claim
from workflows.blog.forms import Plan
from workflows.blog.outline import Outline, Planned
from workflows.catalog import Brief, Instruction

BRIEF = Brief("Tides\nsection: 9", audience="sailors", words=1000)
CLAIMS = (Claim("c1", "It pulls.", "The moon pulls."), Claim("c2", "The sun…", "The sun pulls."))
OUTLINE = Outline("Tides", (Planned("Moon", CLAIMS[:1], 480), Planned("Sun", CLAIMS[1:], 520)))
PLAN = Plan(angle="Why they come", questions=["What pulls?", "How far?"])


def test_facts_stand_on_lines_of_their_own() -> None:
    assert prompts.facts(BRIEF).splitlines() == [
        "topic: Tides section: 9", "audience: sailors", "language: that of the topic",
    ]  # fmt: skip


def test_claims_are_asked_for_from_one_chunk() -> None:
    question = prompts.claims(BRIEF, PLAN, "The notes.", 7)
    assert question.sources == ("The notes.",)
    assert "questions: What pulls?; How far?" in question.facts
    assert question.facts.endswith("claims: 7")


def test_an_outline_is_made_of_quotes_or_without_notes_of_nothing() -> None:
    assert prompts.outline(BRIEF, PLAN, CLAIMS).sources == (
        "[c1] The moon pulls.\n    that is: It pulls.\n[c2] The sun pulls.",
    )
    bare = prompts.outline(BRIEF, PLAN, ())
    assert bare.sources == ()
    assert "shapes: " in bare.facts


def test_a_section_knows_its_own_claims_and_the_whole_outline() -> None:
    question = prompts.section(BRIEF, OUTLINE, 2, "Around the sun.")
    sheet, material = question.sources
    assert material == "Around the sun."
    assert "1. Moon\n2. Sun" in sheet
    assert "heading: Sun" in sheet
    assert "[c2] The sun pulls." in sheet
    assert "c1" not in sheet
    assert {"section: 2", "words: 520", "allotted: c2"} <= set(question.facts.splitlines())


def test_a_section_without_claims_may_cite_nothing() -> None:
    bare = Outline("T", (Planned("A", (), 100),))
    assert "allotted: none" in prompts.section(BRIEF, bare, 1, "").facts


def test_edits_and_description_see_the_article_behind_the_fence() -> None:
    (numbered,) = prompts.edits(BRIEF, OUTLINE, ["One.", "Two."]).sources
    assert numbered == "Section 1: Moon\n\nOne.\n\nSection 2: Sun\n\nTwo."
    assert prompts.description(BRIEF, "Tides", "One.").sources == ("Tides\n\nOne.",)


def test_the_sentence_for_no_source_is_short() -> None:
    assert len(prompts.UNSOURCED.split()) <= 8


def test_an_instruction_reaches_the_section_that_it_names_and_no_other_question() -> None:
    asked = replace(BRIEF, instructions=(Instruction(2, "Shorter,\nplease"),))
    told = prompts.section(asked, OUTLINE, 2, "m")
    assert "wish: Shorter, please" in told.facts.splitlines()
    assert "`wish`" in told.instructions
    for made in (
        lambda brief: prompts.section(brief, OUTLINE, 1, "m"),
        lambda brief: prompts.plan(brief, "e"),
        lambda brief: prompts.claims(brief, PLAN, "c", 3),
        lambda brief: prompts.outline(brief, PLAN, CLAIMS),
        lambda brief: prompts.edits(brief, OUTLINE, ["One.", "Two."]),
        lambda brief: prompts.description(brief, "T", "One."),
    ):
        assert made(asked) == made(BRIEF)
