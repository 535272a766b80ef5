"""What every model here has: rules that can be off one by one, and promises that break then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class Rules:
    """A field for each rule, all of them on."""

    def without(self, name: str) -> Self:
        return replace(self, **{name: False})  # type: ignore[arg-type]


class Broken(AssertionError):
    """A promise was broken."""


class Play(Protocol):
    """One schedule of a model."""

    def play(self) -> None:
        """Raises Broken."""


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Broken(otherwise)


def broken_by(schedule: Play) -> str:
    """The promise that it breaks; "" when it keeps all of them."""
    try:
        schedule.play()
    except Broken as found:
        return str(found)
    return ""
