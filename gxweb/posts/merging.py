"""A person's text and a run's, both made from one text: which sections come from whom.

By section, as words are too fine for prose and whole texts too coarse: what only one of the two has
changed is taken from that one; where both have, the person's stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gxweb.posts import words
from gxweb.posts.text import Text

Parts = Mapping[str, str]


def merged(mine: Text, base: Text, new: Text, *, asked: str = "") -> Text:
    """`asked`: the heading of a section that the person had wanted anew, as `mine` has it."""
    if mine == base:
        return new
    return Text(
        _newer(mine.title, base.title, new.title),
        _newer(mine.description, base.description, new.description),
        "".join(_sections(_parts(mine), _parts(base), _parts(new), asked)),
    )


def _newer(mine: str, base: str, new: str) -> str:
    return new if mine.strip() == base.strip() else mine


def _parts(text: Text) -> dict[str, str]:
    """By heading; what stands before the first has none. Of two with one heading: both."""
    found: dict[str, str] = {}
    for one in words.sections(text.markdown):
        told = f"## {one.heading}\n{one.markdown}" if one.heading else one.markdown
        found[one.heading] = found.get(one.heading, "") + told.rstrip() + "\n\n"
    return found


def _sections(mine: Parts, base: Parts, new: Parts, asked: str) -> Iterator[str]:
    """In the run's order; what the person has added comes after it."""
    for heading, told in new.items():
        if heading == asked:
            yield told
        elif heading in mine:
            yield _newer(mine[heading], base.get(heading, ""), told)
        elif base.get(heading) != told:
            yield told
        # else the person has taken it out
    yield from (told for heading, told in mine.items() if heading not in new)
