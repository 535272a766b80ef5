"""What a run has given, where its workflow has no page of its own that would show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from runs.render import looks
from runs.render.html import REPLACE, exact, part
from workflows.wire.state import State

LONGEST = 20_000  # characters on a page; the whole is in the API


def output(state: State) -> dict[str, Any]:
    if state.status != "completed" or looks.has_page(state.workflow):
        return {"json": ""}
    pretty = orjson.dumps(state.output, option=orjson.OPT_INDENT_2, default=str).decode()
    return {"json": exact(pretty[:LONGEST]), "cut": len(pretty) > LONGEST}


def changes(old: State, new: State) -> Iterator[str]:
    if (shown := output(new)) != output(old):
        yield part("output", shown, swap=REPLACE)
