"""Texts as they are written: numbered sections of an article, and any other channels.

By convention a channel `section-<n>` is a section of the article, and an object `outline` names
the headings; any workflow may use both. A section is Markdown: closed blocks are appended, the tail
is put in anew or edited, whichever is shorter. Any other channel is shown to the letter: a delta is
appended. Whatever is not an addition replaces the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.utils.safestring import mark_safe

from runs.markdown import Ids, Rendering, rendered
from runs.render.growth import edits
from runs.render.html import REPLACE, behind, element_id, exact, into, joined, part
from runs.render.sources import ids
from workflows.wire.state import Channel, State

SECTION = re.compile(r"section-([1-9][0-9]{0,3})")
OUTLINE = "outline"


def article(state: State) -> dict[str, Any]:
    sections = joined(_section(state, number) for number in sorted(_numbers(state)))
    return {"sections": sections}


def channels(state: State) -> dict[str, Any]:
    other = ((name, c) for name, c in state.channels.items() if _number(name) is None)
    return {"texts": joined(_text(name, channel) for name, channel in other)}


def changes(old: State, new: State) -> Iterator[str]:
    yield from _section_changes(old, new)
    there, cited = _numbers(old), ids(new)
    for name, channel in new.channels.items():
        had, number = old.channels.get(name), _number(name)
        if had is not None and number is not None:
            yield from _markdown_changes(number, had, channel, cited, same=cited == ids(old))
        elif had is not None:
            yield from _text_changes(name, had, channel)
        elif number is None:
            yield into("beforeend:#run-channels", _text(name, channel))
        elif number in there:
            yield _markdown(number, channel, cited, swap=REPLACE)
        # else it came with its section


def _markdown_changes(
    number: int, old: Channel, new: Channel, cited: Ids, *, same: bool
) -> Iterator[str]:
    if same and (new is old or _reads_as(old, new)):
        return
    if not same or not old.text or not _continues(old, new):
        yield _markdown(number, new, cited, swap=REPLACE)
        return
    before, now = rendered.grown(old.text, new.text, cited)
    id = element_id(f"section-{number}")
    if now.settled > before.settled:
        yield behind(f"#c{id}", now.closed[len(before.closed) :])
        yield _tail(id, now, swap=REPLACE)
    else:
        edited = edits(f"#u{id}", before.tail, now.tail)
        whole = _tail(id, now, swap=REPLACE)
        yield whole if edited is None else min(edited, whole, key=len)


def _tail(id: str, made: Rendering, swap: str = "") -> str:
    return part("tail", {"id": id, "html": mark_safe(made.tail)}, swap=swap)  # noqa: S308 - sanitised


def _text_changes(name: str, old: Channel, new: Channel) -> Iterator[str]:
    if new is old or _reads_as(old, new):
        return
    if _continues(old, new):
        yield behind(f"#t{element_id(name)}", exact(new.text[len(old.text) :]))
    else:
        yield _text(name, new, swap=REPLACE)


def _reads_as(old: Channel, new: Channel) -> bool:
    return (old.text, old.stale) == (new.text, new.stale)


def _continues(old: Channel, new: Channel) -> bool:
    return not old.stale and not new.stale and new.text.startswith(old.text)


def _section_changes(old: State, new: State) -> Iterator[str]:
    """New sections, each put behind the one before it; other headings; sections no longer there."""
    if new.objects.get(OUTLINE) is old.objects.get(OUTLINE) and len(new.channels) == len(
        old.channels
    ):
        return
    had, have, before = _numbers(old), _numbers(new), 0
    for number in sorted(had | have):
        if number not in have:
            yield f'<div hx-swap-oob="delete:#section-{number}"></div>'
            continue
        if number not in had:
            place = f"afterend:#section-{before}" if before else "afterbegin:#run-article"
            yield into(place, _section(new, number))
        elif _heading(old, number) != _heading(new, number):
            yield part("heading", _headed(new, number), swap=REPLACE)
        before = number


def _numbers(state: State) -> set[int]:
    told = {number for name in state.channels if (number := _number(name)) is not None}
    return told | set(range(1, len(_outline(state)) + 1))


def _number(name: str) -> int | None:
    match = SECTION.fullmatch(name)
    return int(match[1]) if match else None


def _outline(state: State) -> list[Any]:
    """The entries of `["…"]`, `[{"heading": "…"}]` or `{"sections": […]}`."""
    outline = state.objects.get(OUTLINE)
    entries = outline.get("sections") if isinstance(outline, dict) else outline
    return entries if isinstance(entries, list) else []


def headings(state: State) -> list[str]:
    """What the outline calls the sections; empty if there is none that we can read."""
    return [_heading(state, number) for number in range(1, len(_outline(state)) + 1)]


def title(state: State) -> str:
    outline = state.objects.get(OUTLINE)
    found = outline.get("title") if isinstance(outline, dict) else ""
    return found if isinstance(found, str) else ""


def written(state: State) -> list[tuple[str, str]]:
    """Heading and text of each section that has any text, in order."""
    numbered = ((n, state.channels.get(f"section-{n}")) for n in sorted(_numbers(state)))
    found = ((n, channel.text.strip()) for n, channel in numbered if channel is not None)
    return [(_heading(state, number), text) for number, text in found if text]


def _heading(state: State, number: int) -> str:
    entries = _outline(state)
    entry = entries[number - 1] if number <= len(entries) else ""
    if isinstance(entry, dict):
        entry = entry.get("heading") or entry.get("title")
    return entry if isinstance(entry, str) else ""


def _headed(state: State, number: int) -> dict[str, Any]:
    return {"number": number, "heading": _heading(state, number)}


def _section(state: State, number: int) -> str:
    channel = state.channels.get(f"section-{number}") or Channel("")
    text = _markdown(number, channel, ids(state))
    heading = part("heading", _headed(state, number))
    return part("section", {"number": number, "heading": heading, "text": joined([text])})


def _markdown(number: int, channel: Channel, cited: Ids, swap: str = "") -> str:
    made = rendered.get(channel.text, cited)
    id = element_id(f"section-{number}")
    context = {
        "id": id,
        "number": number,
        "stale": channel.stale,
        "empty": not channel.text,
        "closed": mark_safe(made.closed),  # noqa: S308 - sanitised
        "tail": _tail(id, made),
    }
    return part("markdown", context, swap=swap)


def _text(name: str, channel: Channel, swap: str = "") -> str:
    context = {
        "id": element_id(name),
        "name": name,
        "stale": channel.stale,
        "text": exact(channel.text),
    }
    return part("text", context, swap=swap)
