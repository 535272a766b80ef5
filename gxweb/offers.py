"""What posts can be written from beside notes and pages. Whoever has such things for people puts
a function here that finds them; whoever writes posts asks all of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractUser, AnonymousUser

# Characters of it that a post reads at most.
READ = 24_000

Person = AbstractUser | AnonymousUser


@dataclass(frozen=True, slots=True)
class Offer:
    id: UUID
    name: str


Finder = Callable[[Person], Sequence[Offer]]
finders: list[Finder] = []


def of(user: Person) -> list[Offer]:
    return [offer for find in finders for offer in find(user)]
