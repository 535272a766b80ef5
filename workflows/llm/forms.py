"""Forms that a model fills in: shapes that it is given as a schema, and read back with forgiveness.

The schemas say no more than every provider understands; lengths and counts are checked by the form,
and a model that misses one is told by a sentence.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class Form(BaseModel):
    """Further fields are forgiven: an answer is not worth less for saying more."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False}, frozen=True)


F = TypeVar("F", bound=Form)


def response_format(name: str, form: type[Form]) -> dict[str, Any]:
    named = {"name": name, "schema": form.model_json_schema(), "strict": True}
    return {"type": "json_schema", "json_schema": named}


def parsed(form: type[F], answer: str) -> F:
    """Raises ValidationError. A Markdown fence, in which weaker models wrap JSON, comes off."""
    answer = answer.strip()
    if answer.startswith("```") and answer.endswith("```"):
        answer = answer.partition("\n")[2].rpartition("```")[0]
    return form.model_validate_json(answer)


def complaint(error: ValidationError) -> str:
    """What is wrong, in words that a model can act on."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    said = [
        f"{'.'.join(map(str, problem['loc'])) or 'answer'}: {problem['msg']}"
        for problem in problems[:5]
    ]
    return "; ".join(said)
