"""One section of a post as its run made it: what wrote it, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gxweb.posts.models import Post
from gxweb.posts.results import INSTRUCTIONS
from runs.models import Run

# What the blog workflow calls its steps after the sections: they read all of them.
AFTER = ("edits", "description")


@dataclass(frozen=True, slots=True)
class Section:
    """`number`: from 1, in the order of the outline."""

    run: Run
    number: int
    heading: str
    markdown: str

    @property
    def wish(self) -> str:
        """What its author has asked of it so far."""
        return " ".join(one["text"] for one in self._wishes() if one["section"] == self.number)

    def with_wish(self, wish: str) -> dict[str, Any]:
        """The part of an input that says how it is to be written; empty: as it is."""
        others = [one for one in self._wishes() if one["section"] != self.number]
        mine = [{"section": self.number, "text": wish.strip()}] if wish.strip() else []
        if others + mine == self._wishes():
            return {}
        return {INSTRUCTIONS: others + mine}

    def paths(self) -> list[str]:
        """The steps that said its text, and all that began when the sections were there: what was
        smoothed then was smoothed for the old one."""
        channel = f"section-{self.number}"
        spans = list(
            self.run.spans.order_by("number").only("path", "name", "number", "said", "parent")
        )
        after = next((span.number for span in spans if span.name in AFTER), None)
        return [
            span.path
            for span in spans
            if span.parent
            and (
                channel in span.said.get("texts", {})
                or (after is not None and span.number >= after)
            )
        ]

    def _wishes(self) -> list[dict[str, Any]]:
        return list(self.run.input.get(INSTRUCTIONS) or ())


def find(post: Post, number: int) -> Section | None:
    """None: there is none, or it cannot be written anew now."""
    return _of(_source(post), number)


def numbers(post: Post) -> dict[str, int]:
    """By heading, of those that can be written anew."""
    run, found, number = _source(post), dict[str, int](), 1
    while (one := _of(run, number)) is not None:
        found.setdefault(one.heading, number)
        number += 1
    return found


def _source(post: Post) -> Run | None:
    """The newest of its runs that is through: a later one may have failed, or was stopped."""
    if not post.run.finished:
        return None
    through = Run.objects.filter(writing__post=post, status=Run.Status.COMPLETED)
    return through.order_by("-writing__id").first()


def _of(run: Run | None, number: int) -> Section | None:
    if run is None:
        return None
    output = run.output if isinstance(run.output, dict) else {}
    made = output.get("sections")
    if not isinstance(made, list) or not 0 < number <= len(made):
        return None
    one = made[number - 1]
    return Section(run, number, str(one.get("heading", "")), str(one.get("markdown", "")))
