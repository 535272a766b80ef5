"""A page as a browser with htmx would hold it: enough of a DOM to put parts in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"input", "br", "hr", "meta", "link"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child.walk()

    def add(self, *children: Node | str) -> None:
        for child in children:
            if isinstance(child, str) and self.children and isinstance(self.children[-1], str):
                self.children[-1] += child
            else:
                self.children.append(child)

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    def find(self, name: str, value: str) -> Node:
        return next(node for node in self.walk() if node.attributes.get(name) == value)

    def all(self, name: str) -> list[Node]:
        return [node for node in self.walk() if name in node.attributes]


class Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Node("root")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].add(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].add(data)


def parse(html: str) -> Node:
    parser = Parser()
    parser.feed(html)
    parser.close()
    assert len(parser.open) == 1, "every element is closed"
    return parser.open[0]


def step_into(parent: Node | str, step: str) -> tuple[Node, int]:
    """`:nth-child(n)` of an element, and where it is among all of its nodes."""
    assert isinstance(parent, Node)
    elements = [at for at, child in enumerate(parent.children) if isinstance(child, Node)]
    return parent, elements[int(step.removeprefix(":nth-child(").removesuffix(")")) - 1]


def keep(target: Node, nodes: int, characters: int | None = None) -> None:
    """Take away what is behind the first nodes, and behind the last one's first characters."""
    assert len(target.children) >= nodes
    del target.children[nodes:]
    if characters is not None:
        last = target.children[-1]
        assert isinstance(last, str)
        units = last.encode("utf-16-le")[: 2 * characters]
        assert len(units) == 2 * characters
        target.children[-1] = units.decode("utf-16-le")


class Page:
    def __init__(self, html: str) -> None:
        self.root = parse(html)

    def put_in(self, frame: str) -> None:
        """Swap every part of a frame to its place, which must be there."""
        for part in parse(frame).children:
            if isinstance(part, Node):
                self._swap(part)

    def _swap(self, part: Node) -> None:
        how = part.attributes.pop("hx-swap-oob")
        style, _, selector = how.partition(":")
        id, *steps = (selector or f"#{part.attributes['id']}").removeprefix("#").split(">")
        parent, at = self._place(id)
        for step in steps:
            parent, at = step_into(parent.children[at], step)
        target = parent.children[at]
        assert isinstance(target, Node)
        if part.attributes.get("data-keep"):
            keep(target, *map(int, part.attributes["data-keep"].split()))
        if part.tag == "table" and target.tag != "table":
            part = next(node for node in part.walk() if node.tag == target.tag)
        if style == "true":
            parent.children[at] = part
        elif style == "beforeend":
            target.add(*part.children)
        elif style == "afterbegin":
            target.children[:0] = part.children
        elif style == "afterend":
            parent.children[at + 1 : at + 1] = part.children
        else:
            assert style == "delete"
            del parent.children[at]

    def _place(self, id: str) -> tuple[Node, int]:
        for parent in (self.root, *self.root.walk()):
            for at, child in enumerate(parent.children):
                if isinstance(child, Node) and child.attributes.get("id") == id:
                    return parent, at
        raise AssertionError(f"there is no #{id}")
