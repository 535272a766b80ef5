"""As much of a long page's markup as is worth taking apart.

What a page costs grows faster than its markup does: what is kept here holds some hundred pages of a
book, and takes some fifteen megabytes and a second; eight megabytes can take one gigabyte and a
minute.
"""

from __future__ import annotations

import re

LONGEST = 400_000  # characters
_OPENING = re.compile(r"<(script|style)(?=[\s>/])([^>]{0,2000})>?|<(!--)", re.IGNORECASE)
_CLOSING = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
_CLOSING["!--"] = re.compile("-->")


def lean(markup: str) -> str:
    """A page that is not long, as it is. Of a long one the beginning, without the insides of its
    scripts, its styles and its comments; what a script says of the page for machines stays."""
    if len(markup) <= LONGEST:
        return markup
    kept: list[str] = []
    size, at = 0, 0
    while size < LONGEST and (found := _OPENING.search(markup, at)) is not None:
        closing = _CLOSING[(found[1] or found[3]).lower()].search(markup, found.end())
        end = closing.start() if closing else len(markup)
        kept += [markup[at : found.start()], _shell(found, markup[found.start() : end])]
        size += sum(map(len, kept[-2:]))
        at = closing.end() if closing and found[3] else end
    kept.append(markup[at : at + LONGEST])
    return "".join(kept)[:LONGEST]


def _shell(found: re.Match[str], whole: str) -> str:
    """What stands for it, up to its closing tag."""
    name, said = found[1], (found[2] or "").lower()
    if name is None:
        return ""
    if "ld+json" in said:
        return whole
    return f"<{name} src=x>" if "src" in said else f"<{name}>"
