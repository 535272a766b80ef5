"""How many requests a fake provider allows in its minute, counted in one of the usual ways."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.faults import Rule


@dataclass
class Allowance:
    """`mode`: fixed or sliding minutes of `minute` seconds. What is refused does not count."""

    rpm: int
    minute: float = 60.0
    mode: str = "sliding"
    _went: deque[float] = field(default_factory=deque)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> Allowance | None:
        return cls(**raw) if raw.get("rpm") else None

    def refusal(self) -> Rule | None:
        """A 429 that says when to come back, if this request is one too many."""
        now = time.monotonic()
        while self._went and self._went[0] <= self._since(now):
            self._went.popleft()
        if len(self._went) < self.rpm:
            self._went.append(now)
            return None
        free = self._went[0] + self.minute if self.mode == "sliding" else self._next(now)
        return Rule("429", retry_after=f"{max(0.01, free - now):.3f}")

    def _since(self, now: float) -> float:
        return now - self.minute if self.mode == "sliding" else self._next(now) - self.minute

    def _next(self, now: float) -> float:
        """When the next fixed minute begins."""
        return (now // self.minute + 1) * self.minute
