"""One figure of a benchmark, as a line of JSON."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`floor`: what the bare thing took in the same run; `ratio` is value / floor."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    n: int = 1

    def line(self) -> str:
        ratio = round(self.value / self.floor, 2) if self.floor else None
        floor = round(self.floor, 3) if self.floor is not None else None
        said = {"value": round(self.value, 3), "unit": self.unit, "floor": floor, "ratio": ratio}
        return json.dumps({"name": self.name, **said, "n": self.n})

    def show(self) -> None:
        sys.stdout.write(self.line() + "\n")
        sys.stdout.flush()


def p50(values: Sequence[float]) -> float:
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    return quantile(values, 0.95)


def p99(values: Sequence[float]) -> float:
    return quantile(values, 0.99)


def quantile(values: Sequence[float], share: float) -> float:
    """By the nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
