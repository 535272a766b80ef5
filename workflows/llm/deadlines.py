"""How long a provider may take: to connect, to begin, between two pieces, in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from workflows.wire.settings import BadSetting


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds. `first_token` and `chunk` hold for streams, where silence means a stall;
    a plain answer comes in one piece at its end, so only `total` can judge it.
    """

    connect: float = 10
    first_token: float = 120
    chunk: float = 30
    total: float = 600

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Raises BadSetting."""
        named = {part: environ.get(env, "").strip() for part, env in ENV.items()}
        return cls(**{part: _seconds(ENV[part], raw) for part, raw in named.items() if raw})


ENV = {
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
