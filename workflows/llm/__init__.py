"""The only door to the providers: `llm` is an AsyncOpenAI that fences, times, checks and accounts.

    from workflows.llm import llm
    answer = await llm.chat.completions.create(model="large", messages=[...])

It follows the environment: which provider answers is read anew whenever the environment changes.
The SDK takes half a second to load, so it is loaded at the first use: not all who import something
from here call a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class _Llm:
    def __getattr__(self, name: str) -> Any:
        from workflows.llm.openai import current_door  # noqa: PLC0415 - as said above

        return getattr(current_door(), name)


llm = cast("AsyncOpenAI", _Llm())

__all__ = ["llm"]
