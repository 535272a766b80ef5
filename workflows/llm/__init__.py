"""The only door to the providers: `llm` is an AsyncOpenAI that fences, times, checks and accounts.

    from workflows.llm import llm
    answer = await llm.chat.completions.create(model="large", messages=[...])

It follows the environment: which provider answers is read anew whenever the environment changes.
"""

from typing import Any, cast

from openai import AsyncOpenAI

from workflows.llm.openai import current_door


class _Llm:
    def __getattr__(self, name: str) -> Any:
        return getattr(current_door(), name)


llm = cast(AsyncOpenAI, _Llm())

__all__ = ["llm"]
