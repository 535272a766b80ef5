"""Going on with a post: the same post, another run, and nobody's words are lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from redis import Redis

from gxweb.posts import results
from gxweb.posts.models import Post, Writing
from gxweb.posts.text import Text
from runs import forking, lifecycle, notices
from runs.models import Run
from runs.projector import Projector
from tests.gxweb.posts.conftest import OUTPUT
from tests.runs.worker import Worker
from workflows.wire.events import Error, Object, RunCompleted, RunFailed, SpanStarted

OUTLINE = {"title": "On salt", "sections": [{"heading": "Dear"}, {"heading": "Cheap"}]}
TOLD = str(OUTPUT["markdown"])
ANEW = TOLD.replace("Wool *is* not.", "Wool costs less.")


def end(redis: Redis) -> None:
    """What has been told by a worker is in SQL, and the products know."""
    Projector(redis).poll()
    notices.tell()


@pytest.fixture
def failed(worker: Worker, run: Run, redis: Redis) -> Post:
    """One section of two is written."""
    assert worker.say((SpanStarted("blog", "h"), "blog"), (Object("outline", OUTLINE), "blog")).ok
    worker.section("blog/one", "section-1", "Salt is dear. [c1]")
    assert worker.say((RunFailed(Error("timeout", "Too slow.")), None)).ok
    end(redis)
    return Post.objects.get(run=run)


def newest(post: Post) -> Run:
    return Run.objects.get(pk=Post.objects.get(pk=post.pk).run_id)


def complete(redis: Redis, post: Post, output: object = OUTPUT) -> Post:
    worker = Worker.opened(redis, newest(post))
    assert worker.say((RunCompleted(output), None)).ok
    end(redis)
    return Post.objects.get(pk=post.pk)


def resume(client: Client, post: Post, **given: str) -> Any:
    return client.post(f"/posts/{post.pk}/resumption/", given)


def fork(post: Post) -> None:
    """As the page does, for one section."""
    run = newest(post)
    results.draft(forking.fork(run, owner=run.owner, input={"tone": ""}).run)


def texts(post: Post) -> list[str]:
    return [one.markdown for one in post.revisions.order_by("number")]


def test_a_failed_post_is_resumed_as_the_same_post(
    as_ada: Client, failed: Post, redis: Redis
) -> None:
    old = failed.run
    html = as_ada.get(f"/posts/{failed.pk}/").content.decode()
    assert "Finished steps are not paid again" in html
    assert resume(as_ada, failed)["Location"] == f"/posts/{failed.pk}/"
    new = newest(failed)
    assert (new.forked_from, Post.objects.count()) == (old, 1)
    page = as_ada.get(f"/posts/{failed.pk}/").content.decode()
    assert f'data-run="{new.pk}"' in page
    assert "Salt is dear." in page
    post = complete(redis, failed)
    assert (post.status, post.revision, post.markdown) == ("ready", 2, TOLD)
    assert len(texts(post)) == 2


def test_the_old_runs_page_leads_to_the_post_still(as_ada: Client, failed: Post) -> None:
    old = failed.run
    resume(as_ada, failed)
    assert as_ada.get(f"/posts/of/{old.pk}/")["Location"] == f"/posts/{failed.pk}/"
    results.on_start(run=old)  # told again, later
    results.on_finish(run=old)
    assert Post.objects.get().run == newest(failed)


def test_a_double_click_is_one_run(as_ada: Client, failed: Post) -> None:
    key = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    resume(as_ada, failed, key=key)
    # The post's page is live by now, the second click is of the form as it was.
    run = newest(failed)
    assert resume(as_ada, failed, key=key).status_code == 302
    assert newest(failed) == run


def test_a_run_resumed_by_staff_or_by_rest_goes_on_with_the_post(
    failed: Post, redis: Redis
) -> None:
    new = forking.fork(failed.run, owner=failed.owner).run
    Worker.opened(redis, new)
    end(redis)
    assert newest(failed) == new


def test_another_topic_is_another_post(failed: Post, redis: Redis) -> None:
    new = forking.fork(failed.run, owner=failed.owner, input={"topic": "Wool"}).run
    Worker.opened(redis, new)
    end(redis)
    assert Post.objects.get(run=new).title == "Wool"
    assert newest(failed) == failed.run


def test_of_two_forks_one_goes_on_with_the_post(failed: Post) -> None:
    first, second = (forking.fork(failed.run, owner=failed.owner).run for _ in range(2))
    assert results.draft(first) == failed
    assert results.draft(second) != failed
    assert results.draft(first) == failed


def test_a_resumption_that_fails_too_keeps_what_there_is(
    as_ada: Client, failed: Post, redis: Redis
) -> None:
    before = failed.markdown
    resume(as_ada, failed)
    lifecycle.cancel(newest(failed), by="owner")
    end(redis)
    post = Post.objects.get(pk=failed.pk)
    assert (post.status, post.markdown) == ("stopped", before)
    assert "You stopped this run" in as_ada.get(f"/posts/{post.pk}/").content.decode()


def test_a_whole_text_is_not_made_worse_by_a_rewrite_that_fails(
    as_ada: Client, post: Post, redis: Redis
) -> None:
    fork(post)
    assert "rewriting" in as_ada.get("/posts/").content.decode()
    lifecycle.cancel(newest(post), by="owner")
    end(redis)
    now = Post.objects.get(pk=post.pk)
    assert (now.status, now.markdown, now.revision) == ("ready", TOLD, 1)
    html = as_ada.get(f"/posts/{post.pk}/").content.decode()
    assert "The text is as it was before" in html
    resume(as_ada, post)
    assert complete(redis, post, OUTPUT | {"markdown": ANEW}).markdown == ANEW


def test_a_rewrite_is_a_version_of_its_own(post: Post, redis: Redis) -> None:
    fork(post)
    now = complete(redis, post, OUTPUT | {"markdown": ANEW})
    assert (now.markdown, texts(now)) == (ANEW, [TOLD, ANEW])
    assert not now.writing.is_below_mine


def test_what_a_person_has_changed_is_put_on_top(as_ada: Client, post: Post, redis: Redis) -> None:
    mine = TOLD.replace("Salt is dear.", "Salt was dear.")
    assert post.edit(Text(post.title, post.description, mine), at=1)
    fork(post)
    now = complete(redis, post, OUTPUT | {"markdown": ANEW})
    both = mine.replace("Wool *is* not.", "Wool costs less.")
    assert [text.strip() for text in texts(now)] == [t.strip() for t in (TOLD, mine, ANEW, both)]
    assert [card["id"] for card in now.sources] == ["c1"]
    assert "version 3" in as_ada.get(f"/posts/{post.pk}/").content.decode()
    # Once more: what the person had changed is still told from what the run wrote.
    fork(now)
    now = complete(redis, post, OUTPUT)
    assert now.markdown.strip() == mine.strip()


def test_where_both_have_changed_a_section_the_persons_stands(post: Post, redis: Redis) -> None:
    fork(post)
    mine = TOLD.replace("Wool *is* not.", "Wool is mine.")
    assert post.edit(Text(post.title, post.description, mine), at=1)
    now = complete(redis, post, OUTPUT | {"markdown": ANEW})
    assert (now.markdown.strip(), texts(now)[2]) == (mine.strip(), ANEW)
    assert now.writing.is_below_mine


def test_the_end_told_again_changes_nothing(post: Post, redis: Redis) -> None:
    fork(post)
    now = complete(redis, post, OUTPUT | {"markdown": ANEW})
    assert now.edit(Text("Mine", "", "Mine."), at=2)
    results.on_finish(run=newest(post))
    assert Post.objects.get(pk=post.pk).title == "Mine"


def test_deleting_a_post_deletes_all_its_runs(as_ada: Client, failed: Post, redis: Redis) -> None:
    resume(as_ada, failed)
    complete(redis, failed)
    assert as_ada.post(f"/posts/{failed.pk}/deletion/").status_code == 302
    counts = (Run.objects.count(), Post.objects.count(), Writing.objects.count())
    assert (counts, redis.keys("*:log")) == ((0, 0, 0), [])


def test_a_post_that_has_completed_has_nothing_to_resume(as_ada: Client, post: Post) -> None:
    resume(as_ada, post)
    assert "nothing to resume" in as_ada.get(f"/posts/{post.pk}/").content.decode()


def test_a_post_of_another_is_not_there(as_bob: Client, failed: Post) -> None:
    assert resume(as_bob, failed).status_code == 404
