"""A section's text may stand when it cites what it was given, or says that it cites nothing."""

from collections.abc import Callable

import pytest

from tests.workflows.blog.worlds import Asked, Model, Script
from workflows.blog.claims import Claim
from workflows.blog.drafts import MISSING, drafted, place, problem_with
from workflows.blog.outline import Planned
from workflows.blog.prompts import UNSOURCED
from workflows.blog.question import Question
from workflows.engine import Failure

Begin = Callable[[Script], Model]
QUESTION = Question("", "Write.", "section: 1\nwords: 50")
PLANNED = Planned("Moon", (Claim("c1", "", "The moon pulls."),), 50)
BARE = Planned("Moon", (), 50)


@pytest.mark.parametrize(
    ("draft", "problem"),
    [
        ("It pulls. [c1]", ""),
        (f"It pulls.\n\n{UNSOURCED}", ""),
        ("", "empty"),
        ("It pulls. [c1] [c2]", "cites c2"),
        ("It pulls.", "no claim"),
    ],
)
def test_problems(draft: str, problem: str) -> None:
    found = problem_with(draft, {"c1"})
    assert problem in found
    assert bool(problem) == bool(found)


async def test_a_good_draft_stands(scripted: Begin) -> None:
    model = scripted(lambda _: "It pulls. [c1]")
    assert (await drafted(QUESTION, PLANNED, 1)).markdown == "It pulls. [c1]"
    assert len(model.asked) == 1


async def test_a_repair_that_is_no_better_is_cut(scripted: Begin) -> None:
    scripted(lambda _: "It pulls. [c9] So there. [c1]")
    assert (await drafted(QUESTION, PLANNED, 1)).markdown == "It pulls. So there. [c1]"


async def test_a_repair_that_is_worse_is_not_taken(scripted: Begin) -> None:
    scripted(lambda asked: "[c7] [c8] [c9]" if asked.is_repair else "It pulls. [c9] Yes. [c1]")
    assert (await drafted(QUESTION, PLANNED, 1)).markdown == "It pulls. Yes. [c1]"


async def test_a_section_that_cites_nothing_says_so(scripted: Begin) -> None:
    model = scripted(lambda _: "It pulls.")
    assert (await drafted(QUESTION, BARE, 1)).markdown == f"It pulls.\n\n{UNSOURCED}"
    assert len(model.asked) == 1


async def test_nothing_but_wrong_citations_is_a_missing_section(scripted: Begin) -> None:
    scripted(lambda _: "[c9]")
    draft = await drafted(QUESTION, PLANNED, 1)
    assert draft.markdown == MISSING
    assert draft.failure is not None
    assert draft.failure.type == "invalid_answer"


async def test_a_repair_that_fails_leaves_the_draft(scripted: Begin) -> None:
    def script(asked: Asked) -> str | None:
        if asked.is_repair:
            raise Failure("content_filtered", "Withheld.")
        return "It pulls. [c9] Yes. [c1]"

    scripted(script)
    assert (await drafted(QUESTION, PLANNED, 1)).markdown == "It pulls. Yes. [c1]"


async def test_a_provider_that_is_away_is_no_mistake_of_the_model(scripted: Begin) -> None:
    def script(_: Asked) -> str | None:
        raise Failure("provider_refused", "No.")

    scripted(script)
    with pytest.raises(Failure, match="No"):
        await drafted(QUESTION, PLANNED, 1)


async def test_a_text_is_placed_as_it_is() -> None:
    assert await place("section-1", "It pulls.") == "It pulls."
