"""How long a provider may take: to connect, to begin, between two pieces, in all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from workflows.wire.settings import BadSetting


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds. `first_token` and `chunk` hold for streams, where silence means a stall;
    a plain answer comes in one piece at its end, so only `whole` and `total` can judge it.
    `failover`: how long it may take to begin while another provider could be asked.
    """

    connect: float = 10
    first_token: float = 120
    chunk: float = 30
    total: float = 600
    whole: float = math.inf
    failover: float = 20

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Raises BadSetting."""
        named = {part: environ.get(env, "").strip() for part, env in ENV.items()}
        return cls(**{part: _seconds(ENV[part], raw) for part, raw in named.items() if raw})

    def hurried(self, part: float = 1.0) -> Self:
        """For a provider that another one could stand in for. `part`: of the patience with it."""
        begin = self.failover * part
        return replace(
            self,
            connect=min(self.connect, begin),
            first_token=min(self.first_token, begin),
            whole=min(self.whole, begin * WHOLE_ANSWERS),
        )


WHOLE_ANSWERS = 6  # A plain answer begins when it is complete: it may take so much longer.
ENV = {
    "failover": "GX_LLM_FAILOVER_SECONDS",
    "first_token": "GX_LLM_FIRST_TOKEN_SECONDS",
    "chunk": "GX_LLM_CHUNK_SECONDS",
    "total": "GX_LLM_TOTAL_SECONDS",
}


def _seconds(name: str, raw: str) -> float:
    try:
        value = float(raw)
    except ValueError:
        raise BadSetting(name, f"must be a number of seconds, not {raw[:40]!r}") from None
    if not 0 < value < 1e6:
        raise BadSetting(name, "must be more than 0 and less than a million seconds")
    return value
