"""A state of a run as HTML: whole regions for a page, or just the parts in which two states differ.

The parts are out-of-band swaps for htmx. They follow from the two states and from nothing else, so
what a reader sees after any number of parts is what a reload would show, to the letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.safestring import SafeString

from runs.render import line, looks, now, objects, output, plan, question, sources, texts
from runs.render.html import REPLACE, part
from workflows.wire.cursor import Cursor
from workflows.wire.state import State

# What is to be said beside the state: `paused`, Redis is away; `unattended`, no worker is there to
# take the run up; `orphaned`, the one who had it has stopped and another one will; `line-3`, its
# place among those that wait for a worker; empty, nothing.
Note = str

REGIONS: Mapping[str, Callable[[State], dict[str, Any]]] = {
    "now": now.now,
    "countdown": question.countdown,
    "question": question.question,
    "plan": plan.plan,
    "article": texts.article,
    "sources": sources.sources,
    "channels": texts.channels,
    "output": output.output,
    "objects": objects.objects,
    "logs": objects.logs,
}


def page(state: State) -> dict[str, SafeString]:
    """Every region of the page by its name."""
    found = {name: part(name, fill(state)) for name, fill in REGIONS.items()}
    return found | looks.regions(state)


def snapshot(state: State) -> str:
    """Every region as a part that replaces what stands there."""
    found = [part(name, fill(state), swap=REPLACE) for name, fill in REGIONS.items()]
    return "".join([*found, *looks.regions(state, REPLACE).values()])


def changes(old: State, new: State) -> str:
    """The parts that turn a page of `old` into a page of `new`, in the order of putting them in.

    `new` must continue `old`: after a restore or a reset only a snapshot is right.
    """
    return "".join(
        (
            *plan.changes(old, new),
            *texts.changes(old, new),
            *sources.changes(old, new),
            *objects.changes(old, new),
            *output.changes(old, new),
            *looks.changes(old, new),
            *now.changes(old, new),
            *question.changes(old, new),
        )
    )


def mark(state: State, *, at: Cursor, start: Cursor | None = None, note: Note = "") -> str:
    """The frame's own part: the cursor it leads to, and the one it may be put in at (None: any)."""
    place = f' data-place="{words}"' if (words := line.words(note)) else ""
    return (
        f'<div id="run-mark" hidden hx-swap-oob="true" data-from="{start or ""}"'
        f' data-cursor="{at}" data-status="{state.status}"'
        f' data-note="{note}"{place}></div>'
    )
