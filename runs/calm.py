"""Whether the judge itself was awake: who slept, or lost Redis, must not call others dead."""

from __future__ import annotations


class Calm:
    """Holds after one whole lease in which no tick was late and nothing was reconnected."""

    def __init__(self, lease_s: float, now: float) -> None:
        self.lease_s = lease_s
        self.since = now
        self.last = now
        self.told: tuple[float, int] | None = None  # our time, and that of Redis then

    def hear(self, now: float, ms: int) -> None:
        """What time it is by Redis. A clock that was put forward ends every lease at once, though
        whoever holds one lives: it is renewed by the new time within a beat."""
        if self.told is not None:
            passed = now - self.told[0]
            if (ms - self.told[1]) / 1000 - passed > self.lease_s / 2:
                self.disturb(now)
        self.told = now, ms

    def tick(self, now: float) -> None:
        # A worker's lease is at most a beat old, so half a lease of sleep can not have cost it.
        if now - self.last > self.lease_s / 2:
            self.since = now
        self.last = now

    def disturb(self, now: float) -> None:
        self.since = self.last = now

    def holds(self, now: float) -> bool:
        return now - self.since >= self.lease_s
