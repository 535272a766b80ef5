"""What came of a reading, as large as an answer may be."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace

import orjson

from workflows.catalog.site import (
    ReadPage,
    SiteProfile,
    SiteReading,
    SkippedCount,
    SkippedPage,
    Why,
)
from workflows.engine import log
from workflows.ingest.crawl import ENDS, Crawl
from workflows.ingest.reasons import SENTENCES

MOST_NAMED = 500  # pages that were not read
MOST_BYTES = 1_600_000  # of 2 MB


def reading_of(site: SiteProfile, crawl: Crawl) -> SiteReading:
    wished = [one for _, one in sorted(crawl.pages.items())]
    tried = [page for page in wished if not _left_out(page, crawl)]
    read = [page for page in tried if page.status != "skipped"]
    skipped = [SkippedPage(page.url, page.reason, page.why or "unreachable")
               for page in tried if page.status == "skipped"]  # fmt: skip
    skipped += [_skipped(page.url, "left_out") for page in wished if _left_out(page, crawl)]
    skipped += [_skipped(url, why) for url, why in crawl.frontier.left_out.values()]
    skipped += [_skipped(one.place.url, crawl.end or "limit") for one in crawl.frontier.rest()]
    counts = Counter(one.why for one in skipped) + crawl.frontier.over
    return SiteReading(
        site=site,
        pages=_fitting(read),
        skipped=tuple(skipped[:MOST_NAMED]),
        counts=tuple(SkippedCount(why, SENTENCES[why], n) for why, n in counts.most_common()),
        note=ENDS.get(crawl.end, "") if crawl.end else "",
    )


def _left_out(page: ReadPage, crawl: Crawl) -> bool:
    return crawl.wishes.leaves_out(crawl.here.place(page.url))


def _skipped(url: str, why: Why) -> SkippedPage:
    return SkippedPage(url, SENTENCES[why], why)


def _fitting(pages: list[ReadPage]) -> tuple[ReadPage, ...]:
    """Where all facts are too many for one answer, the last pages' go: their spans have them."""
    made, room = [], MOST_BYTES
    for page in pages:
        room -= len(orjson.dumps(asdict(page)))
        made.append(page if room > 0 else replace(page, facts=()))
    if room < 0:
        log("The answer names no facts of the last pages: all would be too large for it.")
    return tuple(made)
