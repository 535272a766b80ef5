"""What a run tells becomes a post, once."""

from __future__ import annotations

import pytest

from gxweb.posts import results
from gxweb.posts.models import Post, Revision
from runs import notices
from runs.lifecycle import cancel
from runs.models import Notice, Run
from runs.projector import Projector
from tests.gxweb.posts.conftest import OUTPUT
from tests.runs.worker import Worker
from workflows.wire.events import (
    Error,
    Object,
    RunCompleted,
    RunFailed,
    SpanStarted,
    Text,
)

SECTION = "blog/section"


def told(projector: Projector) -> None:
    """The log is in SQL, and what there is to tell was told."""
    projector.poll()
    notices.tell()
    assert not Notice.objects.exists()


def write(worker: Worker) -> None:
    """An outline of two sections, and the first of them."""
    outline = {"title": "On salt", "sections": [{"heading": "Dear"}, {"heading": "Cheap"}]}
    claims = [{"id": "c1", "quote": "Salt is dear."}, {"id": "c2", "quote": "Wool is not."}]
    assert worker.say(
        (SpanStarted("section", "h"), SECTION),
        (Object("outline", outline), SECTION),
        (Object("claims", claims), SECTION),
        (Text("section-1", 0, "Salt is dear. [c1]"), SECTION),
    ).ok


def test_a_run_that_begins_has_a_draft(worker: Worker, projector: Projector, run: Run) -> None:
    told(projector)
    post = Post.objects.get(run=run)
    assert (post.owner_id, post.title, post.status) == (run.owner_id, "Salt", "writing")
    assert post.revision == 0


def test_a_run_that_ends_fills_it_once(worker: Worker, projector: Projector, run: Run) -> None:
    assert worker.say((RunCompleted(OUTPUT), None)).ok
    told(projector)
    post = Post.objects.get(run=run)
    assert (post.title, post.slug, post.status, post.words) == ("On salt", "on-salt", "ready", 10)
    assert post.sources == OUTPUT["sources"]
    results.on_finish(run=Run.objects.get(pk=run.pk))
    assert [r.text for r in Revision.objects.filter(post=post)] == [post.text]


def test_the_end_told_again_does_not_undo_an_edit(post: Post) -> None:
    assert post.edit(post.text.__class__("Mine", "", "Mine."), at=1)
    results.on_finish(run=post.run)
    assert Post.objects.get(pk=post.pk).title == "Mine"


def test_a_failed_run_keeps_what_was_written(
    worker: Worker, projector: Projector, run: Run
) -> None:
    write(worker)
    assert worker.say((RunFailed(Error("timeout", "No answer.")), None)).ok
    told(projector)
    post = Post.objects.get(run=run)
    assert post.status == "failed"
    assert post.markdown == "# On salt\n\n## Dear\n\nSalt is dear. [c1]\n"
    assert [source["id"] for source in post.sources] == ["c1"]


def test_a_stopped_run_keeps_what_was_written(
    worker: Worker, projector: Projector, run: Run
) -> None:
    write(worker)
    cancel(run, by="owner")
    told(projector)
    post = Post.objects.get(run=run)
    assert (post.status, post.words) == ("stopped", 6)


def test_a_run_that_fails_at_once_leaves_no_text(
    worker: Worker, projector: Projector, run: Run
) -> None:
    assert worker.say((RunFailed(Error("invalid_input", "No.")), None)).ok
    told(projector)
    post = Post.objects.get(run=run)
    assert (post.status, post.title, post.markdown) == ("failed", "Salt", "")


@pytest.mark.parametrize("output", [None, "text", {}, {"sources": 3, "title": None}])
def test_an_output_of_another_shape_stops_nothing(
    worker: Worker, projector: Projector, run: Run, output: object
) -> None:
    assert worker.say((RunCompleted(output), None)).ok
    told(projector)
    post = Post.objects.get(run=run)
    assert (post.status, post.title, post.sources) == ("ready", "Salt", [])


def test_runs_of_other_workflows_are_not_ours(run: Run) -> None:
    run.workflow = "ingest"
    results.on_start(run=run)
    results.on_finish(run=run)
    assert not Post.objects.exists()
