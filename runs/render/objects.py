"""What a run publishes beside its texts: live structures by label, and its log lines.

What another region shows by convention, headings or source cards, is not shown raw as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from runs.render import looks, sources, texts
from runs.render.html import REPLACE, element_id, exact, into, joined, part
from workflows.wire.state import State


def objects(state: State) -> dict[str, Any]:
    return {"objects": joined(_object(label, value) for label, value in _raw(state).items())}


def logs(state: State) -> dict[str, Any]:
    lines = (part("log", {"level": level, "message": said}) for _, level, said in state.logs)
    return {"lines": joined(lines)}


def changes(old: State, new: State) -> Iterator[str]:
    had, have = _raw(old), _raw(new)
    if list(had) != list(have)[: len(had)]:
        yield part("objects", objects(new), swap=REPLACE)
    else:
        yield from _added(had, have)
    if old.logs != new.logs:
        yield part("logs", logs(new), swap=REPLACE)


def _added(had: dict[str, Any], have: dict[str, Any]) -> Iterator[str]:
    for label, value in have.items():
        if label not in had:
            yield into("beforeend:#run-objects", _object(label, value))
        elif had[label] is not value:
            yield _object(label, value, swap=REPLACE)


def _raw(state: State) -> dict[str, Any]:
    found = dict(state.objects)
    if sources.entries(found.get(sources.CLAIMS)):
        del found[sources.CLAIMS]
    if texts.headings(state):
        del found[texts.OUTLINE]
    for label in looks.objects(state):
        found.pop(label, None)
    return found


def _object(label: str, value: Any, swap: str = "") -> str:
    pretty = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
    context = {"id": element_id(label), "label": label, "json": exact(pretty)}
    return part("object", context, swap=swap)
