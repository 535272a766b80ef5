"""Texts are added to where they grew and replaced where they changed."""

from typing import Any

import pytest

from runs.render import texts
from runs.render.html import part
from tests.runs.render.dom import parse
from tests.shown import shown
from workflows.wire.state import Channel, State


def state(outline: Any = None, **channels: Channel) -> State:
    named = {name.replace("_", "-"): channel for name, channel in channels.items()}
    return State(channels=named, objects={} if outline is None else {"outline": outline})


def article(of: State) -> list[tuple[str, str]]:
    page = parse(part("article", texts.article(of)))
    texts_ = {n.attributes["data-section"]: n.text for n in page.all("data-section")}
    return [
        (page.find("id", f"heading-{number}").text, text) for number, text in texts_.items()
    ]  # fmt: skip


def test_a_delta_to_an_exact_text_is_appended() -> None:
    old, new = state(notes=Channel("a", "Once")), state(notes=Channel("a", "Once\n upon"))
    (sent,) = texts.changes(old, new)
    assert sent.startswith('<div hx-swap-oob="beforeend:#t')
    assert parse(sent).text == "\n upon"


def test_only_the_tail_of_a_section_is_put_in_anew() -> None:
    old = state(section_1=Channel("a", "One\n\nTwo *wo"))
    new = state(section_1=Channel("a", "One\n\nTwo *words*"))
    (sent,) = texts.changes(old, new)
    assert sent.endswith("<p>Two <em>words</em></p>\n</div>")
    assert "One" not in sent


def test_a_closed_block_is_appended_once() -> None:
    old = state(section_1=Channel("a", "One\n\nTwo\n"))
    new = state(section_1=Channel("a", "One\n\nTwo\n\nThree\n"))
    closed, tail = texts.changes(old, new)
    assert closed.startswith('<div hx-swap-oob="beforeend:#c')
    assert (parse(closed).text, parse(tail).text) == ("Two\n", "Three\n")


def test_a_citation_becomes_a_link_when_its_id_is_allotted() -> None:
    before = state(section_1=Channel("a", "So it is [c3]."))
    after = State(channels=before.channels, objects={"claims": [{"id": "c3", "quote": "So."}]})
    (sent,) = texts.changes(before, after)
    assert '[<a href="#source-c3" rel=' in sent
    assert "<a " not in article_html(before)


def article_html(of: State) -> str:
    return str(part("article", texts.article(of)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Channel("a", "Once upon"), Channel("a", "Once more")),
        (Channel("a", "Once"), Channel("a", "Once", stale=True)),
        (Channel("a", "Once", stale=True), Channel("a", "Once again")),
        (Channel("a", "Once"), Channel("b", "Other")),
        (Channel("a", "Once"), Channel("a", "")),
    ],
)
def test_anything_else_replaces_the_whole(old: Channel, new: Channel) -> None:
    (sent,) = texts.changes(state(section_1=old), state(section_1=new))
    (node,) = parse(sent).all("data-section")
    assert node.attributes["hx-swap-oob"] == "true"
    assert node.text == shown(new.text)
    assert ("data-stale" in node.attributes) is new.stale


def test_another_owner_of_the_same_text_is_no_change() -> None:
    old, new = state(section_1=Channel("a", "Once")), state(section_1=Channel("b", "Once"))
    assert list(texts.changes(old, new)) == []


@pytest.mark.parametrize(
    "outline",
    [
        ["One", "Two"],
        [{"heading": "One"}, {"heading": "Two", "claims": []}],
        {"title": "All", "sections": [{"title": "One"}, {"heading": "Two"}]},
    ],
)
def test_headings_come_from_the_outline_before_there_is_text(outline: Any) -> None:
    assert article(state(outline)) == [("One", ""), ("Two", "")]


@pytest.mark.parametrize("outline", ["words", 7, {"sections": "x"}, [None, 3, {"heading": 4}]])
def test_an_outline_of_another_shape_gives_no_headings(outline: Any) -> None:
    assert all(heading == "" for heading, _ in article(state(outline)))


def test_sections_are_in_order_however_they_came() -> None:
    found = state(
        section_2=Channel("a", "B"), section_10=Channel("a", "C"), section_1=Channel("a", "A")
    )
    assert [text for _, text in article(found)] == ["A\n", "B\n", "C\n"]


def test_a_section_is_put_behind_the_one_before_it() -> None:
    old = state(section_1=Channel("a", "A"), section_3=Channel("a", "C"))
    new = state(
        section_1=Channel("a", "A"), section_3=Channel("a", "C"), section_2=Channel("a", "B")
    )
    (sent,) = texts.changes(old, new)
    assert sent.startswith('<div hx-swap-oob="afterend:#section-1">')


def test_channels_that_are_no_sections_stand_apart() -> None:
    page = parse(
        part(
            "channels", texts.channels(state(notes=Channel("a", "N"), section_1=Channel("a", "A")))
        )
    )
    assert [n.attributes["data-channel"] for n in page.all("data-channel")] == ["notes"]
