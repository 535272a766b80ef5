"""The pages that are known and not yet read, best first, and why others are not among them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from workflows.catalog.site import Why
from workflows.ingest.addresses import Place, Site

MOST_KNOWN = 10_000
MOST_DATED, MOST_ASKED = 4, 8  # pages of one pattern: of a calendar, of a form's parameters
_DULL = (
    "login", "signin", "sign-in", "signup", "register", "account", "cart", "checkout", "basket",
    "search", "tag", "tags", "author", "archive", "archives", "print", "privacy", "terms", "legal",
    "imprint", "impressum", "cookie", "cookies", "sitemap", "feed", "wp-login", "wp-admin", "page",
)  # fmt: skip
_TELLING = (
    "about", "product", "products", "service", "services", "feature", "features", "pricing", "faq",
    "docs", "guide", "guides", "blog", "story", "team", "customers", "case-studies", "how-it-works",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    place: Place
    title: str = ""
    score: float = 0.0


@dataclass
class Frontier:
    """All of it runs in the loop's thread. `limit`: of pages that one reading may have."""

    site: Site
    limit: int
    words: frozenset[str] = frozenset()  # of what the site is about
    taken: set[str] = field(default_factory=set)  # keys of pages that were chosen, or are known
    left_out: dict[str, tuple[str, Why]] = field(default_factory=dict)  # key -> (url, why)
    over: Counter[Why] = field(default_factory=Counter)  # left out beyond what can be named
    _known: dict[str, Candidate] = field(default_factory=dict)
    _heap: list[tuple[float, int, str]] = field(default_factory=list)
    _patterns: Counter[str] = field(default_factory=Counter)
    _count: count[int] = field(default_factory=count)

    def __len__(self) -> int:
        return len(self._known)

    def add(
        self, place: Place, title: str = "", *, bonus: float = 0.0, listed: bool = False
    ) -> None:
        """Of what a page or a list leads to. `listed`: the site itself names it in a sitemap."""
        if place.key in self.taken or place.key in self.left_out or place.is_file:
            return
        if not self.site.holds(place):
            return
        score = bonus + self._score(place, title)
        known = self._known.get(place.key)
        if known is not None:
            if score > known.score:
                self._push(Candidate(known.place, known.title or title, score))
            return
        if (why := self._trap(place, listed)) is not None:
            self.leave_out(place, why)
        elif len(self._known) >= MOST_KNOWN:
            self.over["limit"] += 1
        else:
            self._patterns[_group(place)] += place.numbered
            self._push(Candidate(place, title, score))

    def insist(self, place: Place) -> None:
        """A person wants this one read."""
        self.left_out.pop(place.key, None)
        if place.key not in self.taken:
            self._push(Candidate(place, "", 1000.0))

    def leave_out(self, place: Place, why: Why) -> None:
        self._known.pop(place.key, None)
        if len(self.left_out) < MOST_KNOWN:
            self.left_out[place.key] = (place.url, why)
        else:
            self.over[why] += 1

    def take(self) -> Candidate | None:
        """The best of them, which is then known as taken."""
        while self._heap:
            _, _, key = heapq.heappop(self._heap)
            if (found := self._known.pop(key, None)) is not None:
                self.taken.add(key)
                return found
        return None

    def mark(self, place: Place) -> None:
        """It is read, or another name for what is."""
        self.taken.add(place.key)
        self._known.pop(place.key, None)

    def best(self, number: int) -> list[Candidate]:
        return heapq.nsmallest(number, self._known.values(), key=lambda one: -one.score)

    def rest(self) -> Iterable[Candidate]:
        return self._known.values()

    def _push(self, candidate: Candidate) -> None:
        key = candidate.place.key
        self._known[key] = candidate
        heapq.heappush(self._heap, (-candidate.score, next(self._count), key))

    def _trap(self, place: Place, listed: bool) -> Why | None:
        if place.unbounded:
            return "depth"
        alike = self._patterns[_group(place)]
        if place.dated and alike >= MOST_DATED:
            return "pattern"
        if listed:
            return None
        asked = place.parameters and alike >= MOST_ASKED
        return "pattern" if asked or (place.numbered and alike >= self._share) else None

    @property
    def _share(self) -> int:
        return max(20, 2 * self.limit)

    def _score(self, place: Place, title: str) -> float:
        said = set(place.path.lower().replace("_", "-").replace(".", "/").strip("/").split("/"))
        named = {word for part in said for word in part.split("-")} | set(title.lower().split())
        score = 10.0 - place.depth - 2.0 * place.parameters
        score += 3.0 if said & set(_TELLING) else 0.0
        score -= 6.0 if said & set(_DULL) else 0.0
        score += min(4.0, 1.0 * len(named & self.words))
        score -= min(8.0, 0.5 * self._patterns[_group(place)]) if place.numbered else 0.0
        return score - (0.0 if self.site.is_main(place) else 4.0)


def _group(place: Place) -> str:
    """Of the combinations that a form's parameters have, all are alike: a shop's filters."""
    return place.pattern if place.parameters < 2 else f"{place.pattern.partition('?')[0]}?"
