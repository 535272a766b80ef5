"""One question to a model about source text, and its answer as a form.

`consult` makes exactly one provider call. What an answer is worth is judged outside of it, so that
a call that was paid for stays paid; and equal questions of one owner are answered from the cache: a
site read again pays for what changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from workflows.engine import Failure, Retry, Scope, component, current, exponential, log
from workflows.ingest.forms import Digest, Portrait
from workflows.llm import llm
from workflows.llm.fence import fenced, marker, notice
from workflows.llm.forms import Form, complaint, parsed, response_format

PATIENCE = Retry(attempts=5, wait=exponential(initial=1, max=30))
DAYS_30 = 30 * 86400.0
ANSWER_CHARACTERS, ANSWER_TOKENS = 20_000, 4_000
FORMS: dict[str, type[Form]] = {"portrait": Portrait, "digest": Digest}
# What a model may do wrong without ending the run: the step goes on without the answer.
MISTAKES = ("invalid_answer", "content_filtered")

F = TypeVar("F", bound=Form)


@dataclass(frozen=True)
class Question:
    """`facts`: lines `name: value` of ours; `sources`: what pages say, which goes behind a fence.
    `answered` and `problem`: an answer that was refused, and why; then this is the repair try."""

    form: str
    instructions: str
    facts: str
    sources: tuple[str, ...]
    answered: str = ""
    problem: str = ""


@component(retry=PATIENCE)
async def consult(question: Question) -> str:
    """A form filled in, as the model gave it."""
    asked: Any = messages(question, current())
    form: Any = response_format(question.form, FORMS[question.form])
    answer = await llm.chat.completions.create(
        model="small", messages=asked, response_format=form, max_completion_tokens=ANSWER_TOKENS
    )
    return answer.choices[0].message.content or ""


def messages(question: Question, scope: Scope | None) -> list[dict[str, str]]:
    mark = marker("\n".join(question.sources), scope)
    built = [_message("system", f"{question.instructions}\n{notice(mark)}")]
    built.append(_message("user", question.facts))
    built += [_message("user", fenced(source, scope, mark)) for source in question.sources]
    if question.problem:
        again = f"This answer cannot be used. {question.problem} Answer again, completely."
        built += [_message("assistant", question.answered or "?"), _message("user", again)]
    return built


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


async def ask(question: Question, form: type[F], label: str) -> F:
    """The form, valid, with one repair try. Raises Failure."""
    step = consult.named(question.form).label(label).cache(DAYS_30)
    answer = await step(question)
    try:
        return parsed(form, answer)
    except ValidationError as error:
        problem = complaint(error)
    log(f"The answer for “{question.form}” was not valid. Asking once more.")
    again = replace(question, answered=answer[:ANSWER_CHARACTERS], problem=problem)
    try:
        return parsed(form, await step(again))
    except ValidationError as error:
        raise Failure("invalid_answer", "The model gave no valid answer, twice.") from error
