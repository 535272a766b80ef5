"""How long to wait before a dead child is started again: 0.2 s, doubling to 5 s."""

from dataclasses import dataclass

FIRST_S = 0.2
LONGEST_S = 5.0
# A child that lived this long died of something new.
STEADY_S = 5.0


@dataclass(frozen=True)
class Backoff:
    """`delay` is what the next death costs."""

    delay: float = FIRST_S

    def after(self, lived_s: float) -> "Backoff":
        """The back-off with which a death after `lived_s` seconds is answered."""
        return Backoff() if lived_s >= STEADY_S else self

    def doubled(self) -> "Backoff":
        return Backoff(min(self.delay * 2, LONGEST_S))
