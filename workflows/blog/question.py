"""One question to a model: a value, from which every try builds the same messages.

The components here make exactly one provider call each. What an answer is worth is judged outside
of them, so that a call that was paid for stays paid, whatever becomes of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from workflows.blog.forms import response_format
from workflows.engine import (
    Failure,
    Retry,
    Scope,
    budget,
    component,
    current,
    exponential,
    log,
    text,
)
from workflows.llm import llm
from workflows.llm.fence import fenced, marker, notice
from workflows.llm.forms import Form, complaint, parsed

PATIENCE = Retry(attempts=5, wait=exponential(initial=1, max=30))
ANSWER_CHARACTERS = 40_000
SECTION_CHARACTERS = 60_000

# What a model may do wrong without ending the run: its step goes on without the answer.
MISTAKES = ("invalid_answer", "content_filtered")

F = TypeVar("F", bound=Form)


@dataclass(frozen=True)
class Question:
    form: str
    """The form to fill in; empty: plain text."""
    instructions: str
    facts: str
    sources: tuple[str, ...] = ()
    model: str = "small"
    answered: str = ""
    """The answer that was refused, and why: then this is the repair try."""
    problem: str = ""

    def repair(self, answered: str, problem: str) -> Question:
        return replace(self, answered=answered[:ANSWER_CHARACTERS], problem=problem)


def messages(question: Question, scope: Scope | None) -> list[dict[str, str]]:
    mark = marker("\n".join(question.sources), scope)
    told = f"{question.instructions}\n{notice(mark)}" if question.sources else question.instructions
    built = [_message("system", told), _message("user", question.facts)]
    built += [_message("user", fenced(source, scope, mark)) for source in question.sources]
    if question.problem:
        again = f"This answer cannot be used. {question.problem} Answer again, completely."
        built += [_message("assistant", question.answered or "?"), _message("user", again)]
    return built


def affordable(model: str) -> str:
    """The smaller model, when little of the run's budget is left: a plainer post is one."""
    return "small" if budget().low else model


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


@component(retry=PATIENCE)
async def consult(question: Question) -> str:
    """A form filled in, as the model gave it."""
    asked: Any = messages(question, current())
    form: Any = response_format(question.form)
    answer = await llm.chat.completions.create(
        model=affordable(question.model), messages=asked, response_format=form
    )
    return answer.choices[0].message.content or ""


@component(retry=PATIENCE)
async def write_section(question: Question, channel: str) -> str:
    """Text that the reader watches."""
    asked: Any = messages(question, current())
    growing, parts = text(channel), []
    stream = await llm.chat.completions.create(
        model=affordable(question.model), messages=asked, stream=True
    )
    async with stream:
        async for chunk in stream:
            if chunk.choices and (delta := chunk.choices[0].delta.content):
                parts.append(delta)
                await growing.write(delta)
                _refuse_endless(parts)
    return "".join(parts)


def _refuse_endless(parts: list[str]) -> None:
    # Looked at once in a while: adding up all parts at each would be slow.
    if len(parts) % 500 == 0 and sum(map(len, parts)) > SECTION_CHARACTERS:
        raise Failure("invalid_answer", "The model wrote on and on.")


@component(retry=PATIENCE)
async def rewrite_section(question: Question) -> str:
    """The same without a reader: the page keeps what it has until this is known to be better."""
    asked: Any = messages(question, current())
    answer = await llm.chat.completions.create(model=affordable(question.model), messages=asked)
    return answer.choices[0].message.content or ""


async def ask(question: Question, form: type[F], label: str = "") -> F:
    """The form, valid, with one repair try. `label`: what the plan calls it. Raises Failure."""
    step = consult.named(question.form).label(label)
    answer = await step(question)
    try:
        return parsed(form, answer)
    except ValidationError as error:
        problem = complaint(error)
    log(f"The answer for “{question.form}” was not valid ({problem}). Asking once more.")
    try:
        return parsed(form, await step(question.repair(answer, problem)))
    except ValidationError as error:
        raise Failure("invalid_answer", "The model gave no valid answer, twice.") from error
