"""What people have asked of a reading: stop, pause, go on, add a page, leave out a path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workflows.engine import signals
from workflows.ingest.addresses import Place


class Wishes:
    """As the run's signals say, in every attempt all of them; nothing is remembered here but which
    pages were added already."""

    def __init__(self) -> None:
        self._added = 0

    @property
    def stop(self) -> bool:
        return signals().received("stop")

    @property
    def paused(self) -> bool:
        return signals().last("pause", "go_on") == "pause"

    def leaves_out(self, place: Place) -> bool:
        return any(place.path.startswith(path) for path in self._paths())

    def added(self) -> list[str]:
        """Addresses that are new since the last look."""
        urls = [said for value in signals().values("add") if (said := _said(value, "url"))]
        new, self._added = urls[self._added :], len(urls)
        return new

    def _paths(self) -> Iterator[str]:
        for value in signals().values("leave_out"):
            path = _said(value, "path")
            if path and path != "/":
                yield path if path.startswith("/") else f"/{path}"


def _said(value: Any, name: str) -> str:
    """`{name: text}`, or the text itself."""
    said = value.get(name) if isinstance(value, dict) else value
    return said.strip()[:2048] if isinstance(said, str) else ""
