"""Is an answer of `embeddings` whole? It comes in one piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.engine.errors import Failure
from workflows.llm.prices import Tokens


@dataclass(slots=True)
class Vectors:
    """What has come; see completeness.Tally."""

    parts: int = 0
    tokens: Tokens | None = None
    vectors: int = 0

    def add(self, part: object) -> None:
        self.parts += 1
        spent = getattr(getattr(part, "usage", None), "prompt_tokens", None)
        self.tokens = Tokens(spent, 0) if isinstance(spent, int) else None
        data = getattr(part, "data", None)
        self.vectors = len(data) if isinstance(data, list) else 0

    def verdict(self, provider: str) -> Failure | None:
        if self.vectors:
            return None
        return Failure("invalid_answer", f"{provider} sent an empty answer.", retryable=True)

    def begins(self, part: Any) -> bool:
        return True

    def wanted(self, part: Any, *, shows_usage: bool) -> bool:
        return True
