"""The look, as far as a rule can tell: text can be read on what it stands on, in light and dark,
and no style or script is written into a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKENS = (ROOT / "static/css/tokens.css").read_text()
# What is read, and on what.
TEXT = [
    ("ink", "paper"), ("ink", "card"), ("ink", "sunken"), ("ink", "hover"), ("ink", "raised"),
    ("ink-soft", "paper"), ("ink-soft", "card"), ("ink-soft", "sunken"), ("ink-soft", "hover"),
    ("accent", "paper"), ("accent", "card"), ("accent", "accent-soft"), ("accent-ink", "accent"),
    ("press-ink", "press"), ("press-ink", "press-hover"), ("bad-ink", "bad"),
    ("good", "good-soft"), ("warn", "warn-soft"), ("bad", "bad-soft"), ("bad", "card"),
    ("good", "card"), ("warn", "paper"), ("bad", "paper"),
]  # fmt: skip
# What must be seen, not read: the edges of what one types into.
SHAPES = [("edge-strong", "paper"), ("edge-strong", "card"), ("accent", "paper")]


def colours(scheme: str) -> dict[str, str]:
    light, _, dark = TOKENS.partition("prefers-color-scheme: dark")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark)) if scheme else {})


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["", "dark"])
def test_text_can_be_read_and_edges_be_seen(scheme: str) -> None:
    found = colours(scheme)
    weak = [pair for pair in TEXT if contrast(found[pair[0]], found[pair[1]]) < 4.5]
    pale = [pair for pair in SHAPES if contrast(found[pair[0]], found[pair[1]]) < 3]
    assert (weak, pale) == ([], [])


def test_no_page_has_a_style_or_a_script_of_its_own() -> None:
    inline = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)")
    pages = sorted((ROOT / "templates").rglob("*.html"))
    assert [p.name for p in pages if inline.search(p.read_text())] == []


def test_every_colour_has_its_name_in_one_place() -> None:
    own = re.compile(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*;)")
    sheets = sorted((ROOT / "static").rglob("*.css"))
    found = [p.name for p in sheets if p.name != "tokens.css" and own.search(p.read_text())]
    assert found == []


def test_every_constant_that_is_used_is_there() -> None:
    known = set(re.findall(r"--[\w-]+(?=:)", TOKENS))
    used = {
        (path.name, name)
        for path in sorted((ROOT / "static").rglob("*.css"))
        for name in re.findall(r"var\((--[\w-]+)", path.read_text())
    }
    assert {one for one in used if one[1] not in known} == set()
