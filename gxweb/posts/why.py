"""Why is this here? What a section stands on, and the steps that wrote it: what they were asked, of
which model, and what it took."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from gxweb.posts import sections, words
from gxweb.posts.again import own
from gxweb.posts.reading import read
from gxweb.posts.sections import Section
from gxweb.posts.text import Text
from runs import history
from runs.render import sources
from runs.render.trace import BAR, Row, trace
from runs.views import private
from workflows.wire.state import Span, State


@require_safe
@login_required
@private
def why(request: HttpRequest, id: UUID, number: int) -> HttpResponse:
    post = own(request, id)
    section = sections.find(post, number)
    if section is None:
        messages.error(request, "How this section came about is not known any more.")
        return redirect("posts:post", post.pk)
    used = quoted(section)
    ids = frozenset(entry["id"] for entry in used)
    context = {
        "post": post,
        "section": section,
        "run": section.run,
        "cards": mark_safe("".join(sources.cards(used))),  # noqa: S308 - from templates
        "changed": section.markdown.strip() not in post.markdown,
        "parts": read(Text("", "", section.markdown), ids),
        "rows": steps(section, history.state(section.run)),
        "axis": BAR,
    }
    return render(request, "posts/why.html", context)


def quoted(section: Section) -> list[dict[str, Any]]:
    """The sources that it cites, in their order."""
    used = words.cited(section.markdown)
    told = section.run.output.get("sources") if isinstance(section.run.output, dict) else None
    return [entry for entry in sources.entries(told) if entry["id"] in used]


def steps(section: Section, state: State) -> list[Row]:
    """Those that said its text, and those that bear its heading."""
    channel = state.channels.get(f"section-{section.number}")
    last = channel.span if channel is not None else None
    rows = trace(state, most=len(state.spans))
    return [row for row in rows if row.span.path == last or _named(row.span, section.heading)]


def _named(span: Span, heading: str) -> bool:
    """By its label, which may say before it what is done."""
    return bool(heading) and (span.label == heading or span.label.endswith(f": {heading}"))
