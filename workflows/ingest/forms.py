"""The forms that a model fills in about a site. What is too long is cut where it is used."""

from __future__ import annotations

from workflows.llm.forms import Form


class Said(Form):
    value: str
    quote: str


class SaidList(Form):
    value: list[str]
    quote: str


class Idea(Form):
    topic: str
    why: str


class Portrait(Form):
    """`pages`: numbers of pages to read, of those that were offered."""

    name: Said
    description: Said
    audience: Said
    tone: Said
    topics: SaidList
    products: SaidList
    posts: list[Idea]
    pages: list[int]


class FoundFact(Form):
    claim: str
    quote: str


class Digest(Form):
    summary: str
    facts: list[FoundFact]
