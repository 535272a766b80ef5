"""What a product shows of its runs in its own way, by convention: the template
`runs/looks/<workflow>/objects/<label>.html` for a published structure, and
`runs/looks/<workflow>/steps/<name>.html` for each finished step of that name.

A structure's look is an element of its own, `look-<label>`, empty until it was published. Steps
stand one after the other in `steps-<name>`, in the order in which they began. What has a look is
not shown raw as well.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.template import Engine
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from runs.outputs import plain
from runs.render.html import REPLACE, element_id, into, joined
from workflows.wire.state import Span, State

ENDED = ("completed", "failed")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")

logger = logging.getLogger(__name__)


def regions(state: State, swap: str = "") -> dict[str, SafeString]:
    """Every look of the run's workflow, also of what is not there yet."""
    found = {f"look_{label}": _object(state, label, swap) for label in objects(state)}
    return found | {f"steps_{name}": _steps(state, name, swap) for name in steps(state)}


def changes(old: State, new: State) -> Iterator[str]:
    for label in objects(new):
        same = old.objects.get(label) is new.objects.get(label)
        if same and (label not in new.objects or old.cost_usd == new.cost_usd):
            continue
        shown = _object(new, label, REPLACE)
        # What it has cost so far may be a part of a look, or not.
        if not same or shown != _object(old, label, REPLACE):
            yield shown
    names = steps(new)
    if names and new.spans is not old.spans:
        yield from _step_changes(old, new, names)


def objects(state: State) -> frozenset[str]:
    """The labels of structures that have a look."""
    return _templates(state.workflow, "objects")


def steps(state: State) -> frozenset[str]:
    return _templates(state.workflow, "steps")


@lru_cache(maxsize=256)
def has_page(workflow: str) -> bool:
    """Whether the product shows such a run on a page of its own, `runs/<workflow>.html`."""
    if not _NAME.fullmatch(workflow):
        return False
    folders = Engine.get_default().dirs
    return any((Path(place) / f"runs/{workflow}.html").exists() for place in folders)


def _step_changes(old: State, new: State, names: frozenset[str]) -> Iterator[str]:
    for path, span in new.spans.items():
        had = old.spans.get(path)
        if span.name not in names or had is span:
            continue
        if had is None:
            yield into(f"beforeend:#steps-{span.name}", _step(new, span))
        elif had.status != span.status or had.output != span.output:
            yield _step(new, span, REPLACE)


def _object(state: State, label: str, swap: str = "") -> SafeString:
    told = {"value": state.objects[label]} if label in state.objects else None
    inner = "" if told is None else _inner(state, f"objects/{label}", told)
    return mark_safe(f'<div id="look-{label}" class="look"{swap}>{inner}</div>')  # noqa: S308 - a template's


def _steps(state: State, name: str, swap: str = "") -> SafeString:
    inner = joined(_step(state, one) for one in state.spans.values() if one.name == name)
    return mark_safe(f'<ol id="steps-{name}" class="steps"{swap}>{inner}</ol>')  # noqa: S308 - a template's


def _step(state: State, span: Span, swap: str = "") -> str:
    id = f"step-{element_id(span.path)}"
    if span.status not in ENDED:
        return f'<li id="{id}" hidden{swap}></li>'
    inner = _inner(state, f"steps/{span.name}", {"span": span, "output": plain(span.output)})
    return f'<li id="{id}"{swap}>{inner}</li>'


def _inner(state: State, look: str, told: dict[str, Any]) -> str:
    """A worker of another version may have said something of another shape: then there is nothing
    to be seen of it here, and the page goes on."""
    context = {**told, "cost_usd": state.cost_usd, "calls": state.calls}
    try:
        return get_template(f"runs/looks/{state.workflow}/{look}.html").render(context)
    except Exception:
        logger.exception("%s of %s cannot be shown", look, state.workflow)
        return ""


@lru_cache(maxsize=256)
def _templates(workflow: str, kind: str) -> frozenset[str]:
    if not _NAME.fullmatch(workflow):
        return frozenset()
    folders = (Path(place) / "runs/looks" / workflow / kind for place in Engine.get_default().dirs)
    found = (path.stem for folder in folders for path in folder.glob("*.html"))
    return frozenset(name for name in found if _NAME.fullmatch(name))
