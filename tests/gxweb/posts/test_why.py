"""Why is this here? The quotes of a section, and the steps that wrote it, of the run that did."""

from __future__ import annotations

from html import unescape

from django.test import Client

from gxweb.posts.models import Post
from gxweb.posts.text import Text
from runs.markdown import Ids
from tests.gxweb.posts.press import Press

CITING = "Salt was dear [c1], and is not any more [c2]."


def shown(client: Client, post: Post, number: int = 2) -> str:
    answer = client.get(f"/posts/{post.pk}/sections/{number}/why/")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def cards(html: str) -> Ids:
    return frozenset(part.partition('"')[0] for part in html.split('id="source-')[1:])


def test_it_shows_the_quotes_that_the_section_cites_and_no_others(
    written: Post,
    as_ada: Client,
) -> None:
    made = written.run.output
    made["sections"][1]["markdown"] = CITING
    known = {one["id"]: one["quote"] for one in made["sources"]}
    assert len(known) > 2
    type(written.run).objects.filter(pk=written.run.pk).update(output=made)
    html = shown(as_ada, written)
    assert cards(html) == {"c1", "c2"}
    assert known["c1"] in html


def test_it_shows_the_steps_with_what_they_were_asked(written: Post, as_ada: Client) -> None:
    html = shown(as_ada, written)
    heading = written.run.output["sections"][1]["heading"]
    assert html.count('class="span"') >= 1
    assert 'data-span="blog[0]/write_section[' in html
    assert "<h2>Input</h2>" in html
    assert (
        f"/posts/{written.pk}/sections/2/why/"
        in as_ada.get(f"/posts/{written.pk}/").content.decode()
    )
    assert f"Why is “{heading}” here?" in html
    assert "You have changed this section" not in html


def test_it_tells_whose_text_it_is(press: Press, written: Post, as_ada: Client) -> None:
    press.changed[2] = "Quite another text."
    post = press.write(f"/posts/{written.pk}/sections/2/", {"wish": "Quite another"})
    html = shown(as_ada, post)
    assert "Quite another text." in html
    assert "<strong>You asked for:</strong> Quite another" in html
    post.edit(Text(post.title, "", "## All new\n\nMine.\n"), at=post.revision)
    assert "You have changed this section since." in shown(as_ada, post)


def test_a_section_that_is_not_there_leads_back(written: Post, as_ada: Client) -> None:
    answer = as_ada.get(f"/posts/{written.pk}/sections/99/why/")
    assert (answer.status_code, answer["Location"]) == (302, f"/posts/{written.pk}/")
