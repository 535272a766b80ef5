"""A long text that grows costs what was added, whatever block it stands in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs import render
from runs.markdown import whole
from runs.render.growth import edits
from tests.runs.render.blocks import LONG
from tests.runs.render.dom import Page, parse
from tests.runs.test_markdown import IDS, PIECES
from workflows.wire.state import Channel, State

DELTA = 12  # characters: 60 tokens a second, joined for 40 ms
LOOKED_AT = 2000  # of the last ones: there a block is longest
MOST = 400  # bytes for each delta, in the mean: 25 a second make 10 KB


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=20), cut=st.integers(0, 20))
def test_edits_lead_from_the_html_of_one_text_to_that_of_another(
    pieces: list[str], cut: int
) -> None:
    old, new = whole("".join(pieces[:cut]), IDS), whole("".join(pieces), IDS)
    edited = edits("#u1", old, new)
    if edited is not None:
        page = Page(f'<div id="u1">{old}</div>')
        page.put_in(edited)
        assert page.root == parse(f'<div id="u1">{new}</div>')


@pytest.mark.parametrize("block", LONG)
def test_a_long_block_is_not_sent_again_with_each_addition(block: str) -> None:
    text = LONG[block]
    assert len(text) > 8000
    said = [text[:end] for end in range(len(text) - LOOKED_AT, len(text), DELTA)]
    states = [State(channels={"section-1": Channel("a", one)}) for one in said]
    page = Page("".join(render.page(states[0]).values()))
    sent = 0
    for old, new in pairwise(states):
        frame = render.changes(old, new)
        sent += len(frame.encode())
        page.put_in(frame)
    assert page.root == parse("".join(render.page(states[-1]).values()))
    assert sent / len(states) < MOST


def test_a_text_is_cut_where_a_script_counts() -> None:
    edited = edits("#u1", "<p>😀 &amp; *b</p>\n", "<p>😀 &amp; <em>b</em></p>\n")
    assert edited == (
        '<div hx-swap-oob="beforeend:#u1>:nth-child(1)" data-keep="1 5"><em>b</em></div>'
    )


def test_a_row_comes_within_a_table() -> None:
    head = "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n"
    row, foot = "<tr>\n<td>{}</td>\n</tr>\n", "</tbody>\n</table>\n"
    edited = edits("#u1", head + row.format(1) + foot, head + row.format(1) + row.format(2) + foot)
    assert edited == (
        '<table hx-swap-oob="beforeend:#u1>:nth-child(1)>:nth-child(2)" data-keep="">'
        f"<tbody>{row.format(2)}</tbody></table>"
    )


def test_what_a_parser_counts_otherwise_is_sent_whole() -> None:
    assert edits("#u1", "<p>a</p>", "<p>a\rb</p>") is None
