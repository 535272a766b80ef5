"""Where a span stands: what its code may know of the run, and of the worker that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.asyncio import Redis

from workflows.engine.bill import Payer
from workflows.engine.budget import Budget
from workflows.engine.identity import Place

if TYPE_CHECKING:
    from workflows.engine.attempt import Attempt


class Standing:
    """The part of Scope that is only looked at."""

    def __init__(self, attempt: Attempt, place: Place) -> None:
        self.attempt = attempt
        self.place = place

    @property
    def run(self) -> str:
        return self.attempt.facts.run

    @property
    def path(self) -> str:
        return self.place.path

    @property
    def owner(self) -> str:
        return self.attempt.facts.owner

    @property
    def lane(self) -> str:
        return self.attempt.facts.lane

    @property
    def worker(self) -> str:
        return self.attempt.facts.worker

    @property
    def redis(self) -> Redis | None:
        return self.attempt.redis

    @property
    def deadline(self) -> float | None:
        return self.attempt.facts.deadline

    @property
    def secret(self) -> bytes:
        return self.attempt.secret

    def masked(self, said: str) -> str:
        return self.attempt.mask.text(said)

    @property
    def warned(self) -> set[str]:
        return self.attempt.warned

    @property
    def budget(self) -> Budget:
        return self.attempt.budget

    def _payer(self) -> Payer:
        facts = self.attempt.facts
        return Payer(facts.run, facts.owner, self.path, facts.attempt, facts.workflow)
