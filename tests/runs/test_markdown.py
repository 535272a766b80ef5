"""Markdown that grows is Markdown of the whole, and nothing in it can do anything."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runs import markdown
from runs.markdown import ATTRIBUTES, TAGS, Rendered, Rendering, extend, render, whole
from tests.payloads import MARKDOWN
from tests.runs.render.dom import parse

IDS = frozenset({"c1", "c3"})
PIECES = [
    *["a", "b c", "- ", "* ", "+", "-", "1. ", "2) ", "10. ", "> ", "#", "# ", "## ", "```", "~~~"],
    *["    ", "  ", " ", "\t", "\n", "\n", "\n\n", "\n\n\n", "\r\n", "\r", "\n  ", "\n    "],
    *["---", "===", "|", "--|--", "| a | b |", "\n> ", "\n- ", "\n1. ", "\n   ", "[x]"],
    *["[x]: http://e.com", "[c3]", "[c3, c4]", "(http://e.com/a)", "[y](http://f.org)", "![i](http://x.y/z.png)"],
    *["<b>", "</p>", "<!-- ", "<div>", "&amp;", "&", "`", "``", "**", "*", "_", "\\", "<http://a.b>"],
    *["é", "😀", "\x00"],
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


def grown(text: str, cuts: list[int]) -> Rendering:
    """Rendered piece by piece; what was closed stays as it is."""
    now = Rendering()
    for cut in [*cuts, len(text)]:
        before, now = now, extend(now, text[:cut], IDS)
        assert now.closed.startswith(before.closed)
    return now


def at_once(text: str) -> str:
    """The whole as one block: no cutting at all."""
    return markdown._html(text, IDS)


@settings(max_examples=300, deadline=None)
@given(text=texts, data=st.data())
def test_any_chunking_gives_the_html_of_the_whole(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    found = grown(text, cuts)
    assert found.html == at_once(text)
    assert found == render(text, IDS)


@settings(max_examples=150, deadline=None)
@given(text=texts, data=st.data())
def test_the_same_where_blocks_are_cut(text: str, data: st.DataObject) -> None:
    """With bounds that nearly every text reaches."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    with pytest.MonkeyPatch.context() as patch:
        for name, bound in [("LINES", 3), ("CHARACTERS", 12), ("MARKS", 4)]:
            patch.setattr(markdown, f"BLOCK_{name}", bound)
        assert grown(text, cuts) == extend(Rendering(), text, IDS)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# One\n\n##### Two", "<h2>One</h2>\n<h4>Two</h4>\n"),
        ("a *b* **c** `d`", "<p>a <em>b</em> <strong>c</strong> <code>d</code></p>\n"),
        ("3. x\n4. y", '<ol start="3">\n<li>x</li>\n<li>y</li>\n</ol>\n'),
        ("```py\nx < y\n```", "<pre><code>x &lt; y\n</code></pre>\n"),
        ("a\r\nb\rc", "<p>a\nb\nc</p>\n"),
        ("&amp; &copy; <b>", "<p>&amp; © &lt;b&gt;</p>\n"),
        ("![the words](http://x.y/z.png)", "<p>the words</p>\n"),
        ("[a]\n\n[a]: http://x.y", "<p>[a]</p>\n<p>[a]: http://x.y</p>\n"),
        ("[x](/a) [y](#b) [z](ftp://c)", "<p>[x](/a) [y](#b) [z](ftp://c)</p>\n"),
    ],
)
def test_what_becomes_of_it(text: str, html: str) -> None:
    assert whole(text) == html


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[words](https://e.com/a)", "words (e.com)"),
        ("[e.com](https://e.com/a)", "e.com"),
        ("<https://e.com/a>", "https://e.com/a"),
        ("[apple.com](https://e.com)", "apple.com (e.com)"),
        ("[x](https://apple.com@e.com/)", "x (e.com)"),
        ("[x](https://аррӏе.com/)", "x (xn--80ak6aa92e.com)"),
        ("[mail](mailto:a@e.com)", "mail (a@e.com)"),
    ],
)
def test_a_link_shows_where_it_leads(text: str, words: str) -> None:
    page = parse(whole(text))
    assert page.text == f"{words}\n"
    assert page.all("href")[0].attributes["rel"] == "nofollow ugc noopener"


def test_a_citation_leads_to_a_card_that_is_there() -> None:
    link = 'href="#source-c3" rel="nofollow ugc noopener"'
    assert whole("So [c3, c4].", IDS) == f"<p>So [<a {link}>c3</a>, c4].</p>\n"
    assert whole("`[c3]`", IDS) == "<p><code>[c3]</code></p>\n"
    assert parse(whole("[c3](http://e.com)", IDS)).all("href")[0].attributes["href"] == (
        "http://e.com"
    )


def check_harmless(html: str) -> None:
    """Only elements and attributes of our list, only addresses of our schemes and cards."""
    for node in parse(html).walk():
        assert node.tag in TAGS
        assert node.attributes.keys() <= ATTRIBUTES.get(node.tag, set()) | {"rel"}
        href = node.attributes.get("href", "http://")
        assert href.startswith(("http://", "https://", "mailto:")) or href in (
            "#source-c1",
            "#source-c3",
        )


@pytest.mark.parametrize("payload", MARKDOWN)
def test_an_attack_is_words(payload: str) -> None:
    check_harmless(whole(payload, IDS))
    for cut in range(len(payload)):
        found = grown(payload, [cut])
        check_harmless(found.closed)
        check_harmless(found.tail)
        assert found.html == whole(payload, IDS)


@example(["[x](http:", "ed(1))"])
@example(["<", "script>"])
@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([p[i : i + 9] for p in MARKDOWN for i in range(0, len(p), 9)])))
def test_attacks_in_pieces_are_words(pieces: list[str]) -> None:
    text = "".join(pieces)
    check_harmless(whole(text, IDS))
    for start, end in pairwise(range(0, len(text), 7)):
        check_harmless(extend(render(text[:start], IDS), text[:end], IDS).tail)


def test_only_the_tail_is_made_again() -> None:
    kept = Rendered()
    text = "One.\n\n- a\n- b\n\nTwo"
    before, now = kept.grown("One.\n\n- a\n", text)
    assert (before.closed, before.tail) == ("<p>One.</p>\n", "<ul>\n<li>a</li>\n</ul>\n")
    assert now.closed == before.closed
    assert now.tail.endswith("<p>Two</p>\n")


def test_what_is_remembered_is_bounded() -> None:
    kept = Rendered(kept=2)
    for number in range(5):
        assert kept.get(f"text {number}").html == f"<p>text {number}</p>\n"
    assert len(kept._found) == 2


@pytest.mark.parametrize("text", ["[" * 60_000, "![" * 30_000, "|a" * 30_000, "> a\n" * 5_000])
def test_a_text_that_is_all_marks_is_shown_all_the_same(text: str) -> None:
    check_harmless(whole(text))
    assert len(parse(whole(text)).text) > 5_000
