"""The cards that citations lead to.

By convention an object `claims` is a list of entries with an `id` such as c3; `quote`, `claim`,
`title` and `url` are shown if they are there. Only these ids become links in a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from runs.links import shown_address
from runs.markdown import Ids
from runs.render.html import REPLACE, joined, part
from workflows.wire.state import State

CLAIMS = "claims"
SHOWN = ("quote", "claim", "title", "url")
ID = re.compile(r"c[0-9]{1,4}")


def sources(state: State) -> dict[str, Any]:
    return {"cards": joined(cards(state.objects.get(CLAIMS)))}


def changes(old: State, new: State) -> Iterator[str]:
    if new.objects.get(CLAIMS) is not old.objects.get(CLAIMS):
        yield part("sources", sources(new), swap=REPLACE)


def ids(state: State) -> Ids:
    return frozenset(entry["id"] for entry in entries(state.objects.get(CLAIMS)))


def cards(found: Any) -> Iterator[str]:
    for entry in entries(found):
        shown = {name: text for name in SHOWN if isinstance(text := entry.get(name), str)}
        if shown.get("quote", "").startswith(shown.get("claim", "").rstrip("…")):
            shown.pop("claim", None)  # it says no more than the quote
        yield part("source", {"id": entry["id"], **shown, "leads": shown_address(entry.get("url"))})


def entries(found: Any) -> list[dict[str, Any]]:
    """Those that can be cited, each id once; none of a value of another shape."""
    by_id: dict[str, dict[str, Any]] = {}
    for entry in found if isinstance(found, list) else ():
        id = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(id, str) and ID.fullmatch(id):
            by_id.setdefault(id, entry)
    return list(by_id.values())
