"""Escaping is exact, and every kind of event has its part."""

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.render.html import behind, element_id, exact, into, part
from tests.runs.render.dom import parse
from workflows.wire.events import Body

PARTS = Path(__file__).parents[3] / "templates" / "runs" / "parts"


@given(st.text())
def test_what_is_parsed_is_what_was_said(text: str) -> None:
    assert parse(f"<div>{exact(text)}</div>").text == text.replace("\0", "\ufffd")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<script>a && b</script>", "&lt;script&gt;a &amp;&amp; b&lt;/script&gt;"),
        ("two\r\nlines\r", "two&#13;\nlines&#13;"),
        ("a\0b", "a\ufffdb"),
        ("\n first", "\n first"),
    ],
)
def test_what_a_parser_would_change_is_said_otherwise(text: str, html: str) -> None:
    assert exact(text) == html


def test_every_kind_of_event_has_its_part() -> None:
    kinds = {body.kind for body in get_args(Body) if isinstance(body.kind, str)}
    assert kinds - {path.stem for path in PARTS.iterdir()} == set()


def test_parts_are_small() -> None:
    assert [p.name for p in PARTS.iterdir() if p.read_text().count("\n") > 40] == []


def test_a_part_escapes_what_it_is_given() -> None:
    html = part("log", {"level": '"x', "message": "<b>"})
    assert html == '<li data-level="&quot;x">&lt;b&gt;</li>'


def test_a_place_is_named_in_the_swap() -> None:
    assert into("afterend:#a", "b") == '<div hx-swap-oob="afterend:#a">b</div>'
    assert behind("#a", "b") == '<div hx-swap-oob="beforeend:#a" data-keep="">b</div>'


def test_element_ids_are_safe_in_selectors_and_tell_names_apart() -> None:
    names = ["blog[0]", "blog[1]", 'extract["https://a,b>c"]', "é"]
    ids = [element_id(name) for name in names]
    assert len(set(ids)) == len(names)
    assert all(id.isalnum() for id in ids)
