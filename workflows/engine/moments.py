"""Times in JSON and back, their zones by name."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any, TypeVar

from workflows.engine import shapes

M = TypeVar("M", datetime, time)


def said(value: datetime | time) -> dict[str, Any]:
    # A named zone is more than its offset of the day, and a time without its day has no offset.
    zone = getattr(value.tzinfo, "key", None)
    parts = {"value": value.isoformat(), "fold": value.fold}
    return parts if zone is None else {**parts, "zone": zone}


def read(kind: type[M], frozen: dict[str, Any]) -> M:
    moment = kind.fromisoformat(frozen["value"]).replace(fold=frozen["fold"])
    return moment.replace(tzinfo=shapes.zone(frozen["zone"])) if "zone" in frozen else moment
