"""A question becomes the same messages on every try; its answer is checked and repaired once."""

import json
from collections.abc import Callable

import pytest

from tests.workflows.blog.worlds import Model, Script
from tests.workflows.llm.worlds import Scope
from workflows.blog.forms import Description
from workflows.blog.question import (
    Question,
    affordable,
    ask,
    consult,
    messages,
    rewrite_section,
    write_section,
)
from workflows.engine import Failure
from workflows.engine.budget import Budget
from workflows.engine.context import entered
from workflows.wire.events import Call, Limits

Begin = Callable[[Script], Model]
ASK = Question(
    "description", "Do it.", "topic: Tides\ncharacters: 160", ("The moon pulls.", "More.")
)
GOOD = json.dumps({"description": "Why tides come."})


def test_sources_stand_in_messages_of_their_own_behind_one_mark() -> None:
    system, facts, first, second = messages(ASK, None)
    opening = first["content"].splitlines()[0]
    assert facts == {"role": "user", "content": "topic: Tides\ncharacters: 160"}
    assert first["content"].splitlines()[1] == "The moon pulls."
    assert second["content"].splitlines()[0] == opening
    assert opening in system["content"]
    assert messages(ASK, None) == messages(ASK, None)


def test_without_sources_nothing_is_said_about_a_fence() -> None:
    system, _ = messages(Question("", "Do it.", "topic: Tides"), None)
    assert system["content"] == "Do it."


def test_a_repair_shows_the_answer_and_its_problem() -> None:
    *_, answered, problem = messages(ASK.repair("bad", "It is bad."), None)
    assert answered == {"role": "assistant", "content": "bad"}
    assert "It is bad." in problem["content"]


async def test_an_answer_is_a_form(scripted: Begin) -> None:
    model = scripted(lambda _: GOOD)
    assert await ask(ASK, Description) == Description(description="Why tides come.")
    assert len(model.asked) == 1


async def test_a_bad_answer_is_sent_back_once(scripted: Begin) -> None:
    model = scripted(lambda asked: GOOD if asked.is_repair else '{"description": ""}')
    assert await ask(ASK, Description) == Description(description="Why tides come.")
    assert "1 to 160 characters" in model.asked[1].texts[-1]


async def test_two_bad_answers_are_a_failure(scripted: Begin) -> None:
    model = scripted(lambda _: "no")
    with pytest.raises(Failure) as caught:
        await ask(ASK, Description)
    assert caught.value.type == "invalid_answer"
    assert len(model.asked) == 2


async def test_sections_come_streamed_and_rewrites_whole(scripted: Begin) -> None:
    model = scripted(lambda _: "The moon pulls.\n\nSo it is.")
    assert await write_section(ASK, "section-1") == "The moon pulls.\n\nSo it is."
    assert await rewrite_section(ASK) == "The moon pulls.\n\nSo it is."
    assert [bool(asked.request.get("stream")) for asked in model.asked] == [True, False]


async def test_a_model_that_does_not_stop_is_stopped(scripted: Begin) -> None:
    scripted(lambda _: "on and " * 40_000)
    with pytest.raises(Failure, match="on and on"):
        await write_section(ASK, "section-1")


async def test_the_offline_model_fills_in_the_form() -> None:
    said = json.loads(await consult(ASK))
    assert set(said) == {"description"}
    assert said["description"].startswith("The moon pulls.")


@pytest.mark.parametrize(("spent", "model"), [(0.7, "large"), (0.8, "small")])
def test_when_little_is_left_the_smaller_model_is_asked(spent: float, model: str) -> None:
    scope = Scope(budget=Budget(Limits(usd=1), [Call("openai", "m", 1, 1, spent)]))
    with entered(scope):
        assert (affordable("large"), affordable("small")) == (model, "small")
