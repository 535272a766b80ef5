"""What readers of a page do not see: it is not said to them, and must not be said to a model."""

from __future__ import annotations

from lxml.html import HtmlElement

_HIDDEN = (
    "//*[@hidden or @aria-hidden='true' or contains(translate(@style,' ',''),'display:none')"
    " or contains(translate(@style,' ',''),'visibility:hidden')"
    " or contains(translate(@style,' ',''),'font-size:0')] | //comment() | //template"
)


def without_hidden(tree: HtmlElement) -> HtmlElement:
    """The same tree."""
    for node in tree.xpath(_HIDDEN):
        if node.getparent() is not None:
            node.drop_tree()
    return tree
