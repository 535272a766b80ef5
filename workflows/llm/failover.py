"""Which provider of the chain gets a call, and whether another one is asked when it fails.

An alias (small, large, embedding) goes to every provider that has a model for it. A model's own
name goes to the providers that name it in their `models`; one that nobody names goes to the first
provider alone, as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from workflows.engine.context import Scope
from workflows.engine.errors import Failure
from workflows.llm.providers import Provider

# What another provider may do better: this one is away, or is too slow.
AWAY = frozenset({"provider_unavailable", "timeout"})


class Failover:
    def __init__(self, providers: tuple[Provider, ...]) -> None:
        self.providers = providers

    def able(self, model: str) -> tuple[Provider, ...]:
        """Those that have this model, in the order of the chain; never empty."""
        return tuple(p for p in self.providers if p.knows(model)) or self.providers[:1]

    async def choose(
        self, model: str, tried: Sequence[Provider], scope: Scope | None
    ) -> Provider | None:
        """The first that may be asked; None: all have been tried."""
        return next((p for p in self.able(model) if p not in tried), None)

    def told(self, provider: Provider, model: str, failure: Failure | None) -> None:
        """How a try ended."""


def elsewhere(failure: Failure) -> bool:
    """Whether another provider may do what this one could not."""
    return failure.type in AWAY
