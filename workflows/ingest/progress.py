"""How far a reading is, for people: the object `frontier`, and the run's status."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Literal

from workflows.catalog.site import Frontier as Shown
from workflows.catalog.site import ListedPage
from workflows.engine import publish, status
from workflows.ingest.frontier import Frontier
from workflows.ingest.reasons import SENTENCES

EVERY_S = 1.0
NEXT, LAST = 12, 8  # pages that are named
CHARACTERS = 300

State = Literal["looking", "reading", "paused", "stopping", "done"]


@dataclass
class Progress:
    """`delay_s`: between two pages; `limit`: of pages."""

    frontier: Frontier
    limit: int
    delay_s: float
    state: State = "looking"
    said: str = ""
    under_way: dict[str, ListedPage] = field(default_factory=dict)
    done: int = 0
    missed: int = 0
    facts: int = 0
    _shown: float = 0.0
    _began: float = field(default_factory=time.monotonic)
    _changed: bool = True

    def turn(self, state: State, said: str = "") -> None:
        if (state, said) != (self.state, self.said):
            self.state, self.said = state, said
            self.show(at_once=True)

    def show(self, *, at_once: bool = False) -> None:
        self._changed = True
        if at_once:
            self._shown = 0.0
        self.flush()

    def flush(self) -> None:
        """Tell what changed, but not more often than people can read."""
        now = time.monotonic()
        if not self._changed or now - self._shown < EVERY_S:
            return
        self._changed, self._shown = False, now
        total = self.total
        publish("frontier", asdict(self._made(total)))
        status(self._sentence(), done=self.done, total=total)

    @property
    def total(self) -> int:
        if self.state in ("stopping", "done"):
            return self.done + len(self.under_way)
        return min(self.limit, self.done + len(self.under_way) + len(self.frontier))

    def _made(self, total: int) -> Shown:
        return Shown(
            state=self.state,
            queued=max(0, total - self.done - len(self.under_way)),
            reading=len(self.under_way),
            done=self.done,
            skipped=self.missed + len(self.frontier.left_out) + self.frontier.over.total(),
            facts=self.facts,
            total=total,
            eta_s=self._eta(total - self.done),
            delay_s=self.delay_s,
            listed=tuple(self._listed()),
            said=self.said,
        )

    def _eta(self, left: int) -> tuple[int, int] | None:
        """From the pages so far, and never faster than the line at the host allows."""
        if self.state in ("done", "paused") or self.done < 2:
            return (0, 0) if self.state == "done" else None
        each = (time.monotonic() - self._began) / self.done
        low = left * max(self.delay_s, 0.7 * each)
        high = left * max(self.delay_s, 1.5 * each) + 10
        return round(low), round(high)

    def _listed(self) -> Iterator[ListedPage]:
        yield from list(self.under_way.values())[:NEXT]
        if self.state not in ("stopping", "done"):
            for one in self.frontier.best(NEXT):
                yield _page(one.place.url, one.title, "queued")
        for url, why in list(self.frontier.left_out.values())[-LAST:]:
            yield _page(url, "", "skipped", SENTENCES[why])

    def _sentence(self) -> str:
        told = {"looking": "Looking around", "paused": "Paused", "stopping": "Finishing"}
        return told.get(self.state) or f"Reading pages: {self.facts} facts so far"


def _page(
    url: str, title: str, state: Literal["queued", "fetching", "reading", "skipped"],
    reason: str = "",
) -> ListedPage:  # fmt: skip
    return ListedPage(url[:CHARACTERS], title[:120], state, reason)
