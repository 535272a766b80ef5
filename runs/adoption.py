"""Which workers a run is rung for: those of the version that has it, or of one that adopts it.

A version whose workers have all been gone for a while is not coming back: its runs go on with the
newest version, if the catalog declares that compatible and the run's input fits its shape, or else
with the version that they were begun with. Identity then decides what is not done again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from runs.doorbell import queue_of
from runs.models import Run
from workflows.catalog import CATALOG
from workflows.wire import codec

logger = logging.getLogger(__name__)


class Adoption:
    """Knows since when each queue that was wanted has had no worker."""

    def __init__(self, after_s: float, clock: Callable[[], float]) -> None:
        self.after_s, self.clock = after_s, clock
        self.missed: dict[str, float] = {}

    def look(self, served: Iterable[str]) -> None:
        """At the queues that have a live worker now."""
        for queue in served:
            self.missed.pop(queue, None)

    def version(self, run: Run, served: frozenset[str]) -> int:
        """Whose workers to ring for this run."""
        own = queue_of(run.workflow, run.carried_by)
        if own in served or not self._is_over(own):
            return run.carried_by
        heirs = (v for v in heirs_of(run) if queue_of(run.workflow, v) in served)
        heir = next(heirs, run.carried_by)
        if heir != run.carried_by:
            logger.warning("run %s: no worker for v%d, v%d adopts it", run.id, run.carried_by, heir)
        return heir

    def _is_over(self, queue: str) -> bool:
        now = self.clock()
        return now - self.missed.setdefault(queue, now) >= self.after_s


def heirs_of(run: Run) -> Iterator[int]:
    """The versions that may carry this run on, instead of the one that has it."""
    entry = CATALOG.get(run.workflow)
    if entry is not None and run.carried_by in entry.compatible and fits(entry.input, run.input):
        yield entry.version
    if run.version != run.carried_by:
        yield run.version


def fits(shape: type, input: Any) -> bool:
    """Whether a stored input is one of this shape, as the worker will read it."""
    try:
        _adapter(shape).validate_json(codec.dumps(input))
    except ValidationError:
        return False
    return True


@lru_cache
def _adapter(shape: type) -> TypeAdapter[Any]:
    return TypeAdapter(shape)
