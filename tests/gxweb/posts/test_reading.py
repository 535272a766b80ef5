"""The list, the live page, and the finished post."""

from __future__ import annotations

import pytest
from django.test import Client

from gxweb.posts import results
from gxweb.posts.models import Post
from gxweb.posts.text import Text
from runs.models import Run
from runs.projector import Projector
from tests.gxweb.posts.conftest import OUTPUT
from tests.payloads import MARKDOWN
from tests.runs.render.dom import Node, parse
from tests.runs.worker import Worker
from tests.shown import shown
from workflows.wire.events import Error, RunCompleted, RunFailed


def main(client: Client, path: str) -> Node:
    response = client.get(path)
    assert response.status_code == 200
    return parse(response.content.decode().partition("<main>")[2].partition("</main>")[0])


def test_an_empty_list_says_what_to_do(as_ada: Client) -> None:
    assert "Write your first post" in as_ada.get("/posts/").content.decode()


def test_the_list_shows_ones_own_posts(as_ada: Client, as_bob: Client, post: Post) -> None:
    assert "On salt" in as_ada.get("/posts/").content.decode()
    assert "On salt" not in as_bob.get("/posts/").content.decode()


def test_a_failed_run_is_told_in_the_list_and_on_the_first_page(
    as_ada: Client, worker: Worker, projector: Projector, run: Run
) -> None:
    assert worker.say((RunFailed(Error("timeout", "The model was silent.")), None)).ok
    projector.poll()
    results.on_finish(run=Run.objects.get(pk=run.pk))
    for path in ("/", "/posts/", f"/posts/{run.post.id}/"):
        assert "The model was silent." in as_ada.get(path).content.decode()


def test_while_its_run_goes_a_post_is_the_live_page(
    as_ada: Client, worker: Worker, run: Run
) -> None:
    page = main(as_ada, f"/posts/{results.draft(run).id}/")
    root = page.find("data-run", str(run.id))
    assert root.attributes["data-status"] == "running"
    assert root.attributes["ws-connect"] == f"/ws/runs/{run.id}/"


def test_a_run_that_has_just_ended_is_looked_at_again(
    as_ada: Client, worker: Worker, run: Run
) -> None:
    post = results.draft(run)
    assert worker.say((RunCompleted(OUTPUT), None)).ok
    assert as_ada.get(f"/posts/{post.id}/")["Refresh"] == "1"


def test_a_finished_post_shows_its_text_and_sources(as_ada: Client, post: Post) -> None:
    page = main(as_ada, f"/posts/{post.id}/")
    assert page.find("data-run", str(post.run_id)).attributes["data-status"] == "completed"
    texts = [node.text for node in page.all("data-section")]
    assert texts == [shown("Salt is dear. [c1]"), shown("Wool *is* not.")]
    assert page.find("href", "#source-c1").text == "c1"
    assert "Salt is dear." in page.find("id", "source-c1").text
    assert "10 words" in page.text


def test_the_post_of_a_run_is_found(as_ada: Client, post: Post, run: Run) -> None:
    assert as_ada.get(f"/posts/of/{run.id}/")["Location"] == f"/posts/{post.id}/"
    post.delete()
    assert as_ada.get(f"/posts/of/{run.id}/")["Location"] == f"/runs/{run.id}/"


@pytest.mark.parametrize("payload", MARKDOWN)
def test_an_attack_is_words_wherever_it_stands(as_ada: Client, post: Post, payload: str) -> None:
    assert post.edit(Text(payload, payload, f"# x\n\n{payload}\n\n## {payload}\n"), at=1)
    for path in (f"/posts/{post.id}/", "/posts/", "/", f"/posts/{post.id}/edit/"):
        page = main(as_ada, path)
        tags = {node.tag for node in page.walk()}
        assert not tags & {"script", "img", "iframe", "object", "style", "base", "math", "template"}
        named = {name for node in page.walk() for name in node.attributes}
        assert not {name for name in named if name.startswith(("on", "data-hx", "hx-on"))}
        links = [node.attributes["href"] for node in page.all("href")]
        assert all(link.startswith(("/", "#", "http")) for link in links)
