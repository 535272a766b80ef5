"""A site of ten thousand pages with every trap, and what has to be said of it."""

from __future__ import annotations

import gzip
from collections import Counter
from typing import Any

from tests.fakes.site import Page, Reply, Site, page
from tests.workflows.ingest.shops import tale

MANY = 10_000
TONGUES = {
    "de": ("Die Wolle wird gewaschen, gekämmt und gesponnen, ehe man sie verwebt.", "utf-8"),
    "cs": ("Vlnu je třeba vyprat, učesat a upříst, než ji někdo může utkat v dílně.", "iso-8859-2"),
    "ru": ("Шерсть моют, чешут и прядут, прежде чем её кто-нибудь соткёт.", "windows-1251"),
    "ja": ("羊毛は洗われ、梳かれ、紡がれてから、はじめて織られるのである。", "shift_jis"),
    "fr": ("La laine est lavée, cardée et filée avant que quiconque ne la tisse ici.", "utf-8"),
}  # fmt: skip


def other(path: str) -> Page | None:
    """Pages without end: a calendar, facets, circles, and ten thousand of a shop's."""
    if path.startswith("/calendar/"):
        year, month = (int(part) for part in path.split("/")[2:4])
        after = f"/calendar/{year + month // 12}/{month % 12 + 1}/"
        return page(f"{month}/{year}", *tale(path), links={after: "next", "/calendar/1999/1/": "p"})
    if path.startswith("/shop?"):
        more = {f"{path}&f{n}={n}": "more" for n in range(5)}
        return page(path, *tale(path), links=more)
    if path.startswith("/round/"):
        return page(path, *tale(path), links={f"{path}round/": "round", f"{path}about/": "about"})
    if path.startswith("/item/"):
        number = int(path.rpartition("/")[2])
        if number % 50 == 7:
            return Reply("", 500)
        links = {f"/item/{(number + n) % MANY}": "next" for n in range(1, 9)}
        return page(f"Item {number}", *tale(f"item {number}"), links=links)
    return None


def maze(entries: int = 1_000_000) -> Site:
    """`entries`: of its sitemap. Its robots.txt is laid down by `laid`, when its port is known."""
    links = {"/calendar/2024/1/": "Calendar", "/shop?a=1": "Shop", "/round/": "Round",
             "/item/1": "Items", "/huge": "Huge", "/bomb": "Bomb", "/twice": "Twice",
             "/broken": "Broken", "/tired": "Tired", "/inside": "Inside"}  # fmt: skip
    links |= {f"/{tongue}": tongue for tongue in TONGUES}
    tired: list[str | Reply] = [Reply("", 429, {"Retry-After": "1"}), page("Tired", *tale("tired"))]
    made = Site({"/": page("All", *tale("hall"), links=links)}, other=other)
    made.pages |= {
        "/sitemap.xml": Reply(
            _list(entries), headers={"Content-Encoding": "gzip"}, kind="text/xml"
        ),
        "/huge": "<p>" + "word " * 1_000_000,
        "/bomb": Reply(gzip.compress(b" " * 60_000_000), headers={"Content-Encoding": "gzip"}),
        "/twice": Reply(b"x", headers={"Content-Encoding": "gzip, gzip"}),
        "/broken": Reply("", 500),
        "/tired": lambda: tired.pop(0) if len(tired) > 1 else tired[0],
        "/inside": Reply("", 302, {"Location": "http://127.0.0.1:1/"}),
    }
    for tongue, (words, coding) in TONGUES.items():
        text = page(tongue, *(f"{words} ({n})" for n in range(12)))
        made.pages[f"/{tongue}"] = Reply(text.encode(coding), kind=f"text/html; charset={coding}")
    return made


def laid(site: Site) -> Site:
    site.pages["/robots.txt"] = Reply(
        f"Sitemap: {site.url('/sitemap.xml')}\nUser-agent: *\nDisallow: /item/2\n"
    )
    return site


def _list(entries: int) -> bytes:
    made = (f"<url><loc>/item/{n % MANY}</loc></url>" for n in range(entries))
    return gzip.compress(f"<urlset>{''.join(made)}".encode(), 1)


def assert_told(site: Site, read: dict[str, Any], pages: int) -> None:
    """`read`: the run's output."""
    assert len(read["pages"]) == pages
    why = {one["url"].removeprefix(site.url("")): one["why"] for one in read["skipped"]}
    tried = {path: why[path] for path in ("/huge", "/bomb", "/twice", "/broken", "/inside")}
    assert tried == {"/huge": "too_large", "/bomb": "too_large", "/twice": "unreachable",
                     "/broken": "unreachable", "/inside": "forbidden"}  # fmt: skip
    assert all(one["reason"].endswith(".") for one in read["skipped"])
    kinds = Counter(path.split("/")[1].partition("?")[0] for path in set(site.paths()))
    assert kinds["calendar"] <= 4
    assert kinds["shop"] <= 10
    assert kinds["round"] <= 12
    assert not [path for path in site.paths() if path.startswith("/item/2")]
    counts = {one["why"]: one["pages"] for one in read["counts"]}
    assert counts["limit"] > 1_000
    assert {"robots", "depth", "pattern"} & counts.keys()
    assert max(Counter(site.paths()).values()) <= 3
    titles = {one["title"] for one in read["pages"]}
    assert TONGUES.keys() | {"Tired"} <= titles
    quotes = {one["title"]: " ".join(fact["quote"] for fact in one["facts"])
              for one in read["pages"]}  # fmt: skip
    assert all(words[:20] in quotes[tongue] for tongue, (words, _) in TONGUES.items())
