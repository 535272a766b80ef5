"""The page of a run: all that is known of it, for those who may see it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from redis import Redis

from runs import render
from runs.models import Notice, Run, Span
from tests.payloads import MARKDOWN
from tests.runs.admin.conftest import RUNS, announced, asked, ended, page, parsed, staff
from tests.runs.serving import Person
from tests.valkey import free_port
from workflows.wire import faults, keys
from workflows.wire.events import (
    Call,
    Error,
    RunFailed,
    SpanCompleted,
    SpanFailed,
    SpanRetrying,
    SpanStarted,
    Usage,
)
from workflows.wire.faults import Fault
from workflows.wire.state import EMPTY

PAID = Usage((Call("openai", "large", 10, 5, 0.25, 310.0), Call("gemini", "x", 1, None, None)))
STACK = 'File "/srv/flow.py", line 8, in write\nValueError: <b>no</b>'


def address(run: Run, query: str = "") -> str:
    return f"{RUNS}{run.pk}/change/{query}"


def broken(redis: Redis, run: Run) -> None:
    """Failed in its second step, after a retry, with the whole error beside its log."""
    worker = announced(redis, run)
    worker.begin("blog")
    worker.say((SpanStarted("read", "h1", parent="blog", input_preview='{"q":1}'), "blog/read"))
    worker.say((SpanCompleted({"facts": ["a"]}, 1300.0, 2, usage=PAID), "blog/read"))
    worker.begin("blog/write", "blog")
    worker.say((SpanRetrying(1, 3, 2.0, Error("rate_limited", "Busy.", True)), "blog/write"))
    fault = Fault(1, 0, 5, "blog/write", "failed", STACK)
    redis.hset(keys.blob(run.pk), mapping=faults.packed(fault))  # type: ignore[arg-type]
    worker.say((SpanFailed(Error("internal", "ValueError: no"), 3.0, 2), "blog/write"))
    worker.say((RunFailed(Error("internal", "Something went wrong.")), None))


def test_it_has_the_tree_of_steps(viewer: Person, run: Run, redis: Redis) -> None:
    broken(redis, run)
    root = parsed(page(viewer, address(run)))
    steps = [(n.attributes["data-span"], n.attributes["data-status"]) for n in root.all("hx-get")]
    assert steps == [("blog", "lost"), ("blog/read", "completed"), ("blog/write", "failed")]
    top = root.find("data-run", str(run.pk))
    assert top.attributes["data-status"] == "failed"
    assert "Heat pumps" in top.text


def test_it_opens_where_it_went_wrong_with_the_whole_error(
    viewer: Person, run: Run, redis: Redis, owner: Person
) -> None:
    broken(redis, run)
    for _ in range(2):
        step = parsed(page(viewer, address(run))).find("id", "step")
        assert "blog/write" in step.text
        assert STACK in step.text
        for path in (f"/runs/{run.pk}/", f"/runs/{run.pk}/trace/", f"/api/runs/{run.pk}/trace",
                     f"/api/runs/{run.pk}/events?follow=0", f"/api/runs/{run.pk}"):  # fmt: skip
            response: Any = owner.client.get(path, headers={"Accept": "*/*"})
            told = b"".join(response) if not response.streaming else b""
            assert response.status_code in {200, 406}, path
            assert b"/srv/flow.py" not in told
        ended(redis, run)  # and from the archive


def test_a_step_in_full(viewer: Person, run: Run, redis: Redis) -> None:
    broken(redis, run)
    step = parsed(page(viewer, address(run, "?span=blog/read"))).find("id", "step")
    words = " ".join(step.text.split())
    for found in ('{"q":1}', '"facts": [', "1.3 s", "openai large", "10 + 5", "$0.25", "310 ms",
                  "gemini x", "1 + ?"):  # fmt: skip
        assert found in words
    chosen = parsed(page(viewer, address(run, "?span=blog/read"))).all("aria-current")
    assert [node.attributes.get("data-span") for node in chosen] == ["blog/read"]


def test_only_what_was_asked_for_is_sent_again(viewer: Person, run: Run, redis: Redis) -> None:
    broken(redis, run)
    step = page(viewer, address(run, "?span=blog/read"), **{"HX-Target": "step"})
    assert step.strip().startswith('<section id="step"')
    news = page(viewer, address(run), **{"HX-Target": "tree"})
    roots = [node for node in parsed(news).children if not isinstance(node, str)]
    assert [node.attributes["id"] for node in roots] == ["tree", "figures"]
    assert roots[1].attributes["hx-swap-oob"] == "true"


def test_taken_over_cached_and_copied_steps_are_marked(
    viewer: Person, run: Run, redis: Redis
) -> None:
    worker = announced(redis, run)
    worker.begin("blog")
    for name, said in {
        "cached": SpanCompleted("x", 1.0, cached=True),
        "copied": SpanCompleted("x", 1.0, copied="other:h"),
    }.items():
        worker.begin(f"blog/{name}", "blog")
        worker.say((said, f"blog/{name}"))
    root = parsed(page(viewer, address(run)))
    marks = {n.attributes["data-span"]: n.text.split() for n in root.all("hx-get")}
    assert "cached" in marks["blog/cached"]
    assert "copied" in marks["blog/copied"]
    step = parsed(page(viewer, address(run, "?span=blog/copied"))).find("id", "step")
    assert "other:h" in step.text


def test_a_live_run_is_followed_and_an_ended_one_is_not(
    viewer: Person, run: Run, redis: Redis
) -> None:
    worker = announced(redis, run)
    assert f'ws-connect="/ws/runs/{run.pk}/"' in page(viewer, address(run))
    worker.complete("x")
    html = page(viewer, address(run))
    assert "ws-connect" not in html
    assert "stream.js" not in html


def test_every_part_that_a_socket_sends_has_its_place(
    viewer: Person, run: Run, redis: Redis
) -> None:
    announced(redis, run)
    sent = {node.attributes["id"] for node in parsed(render.snapshot(EMPTY)).all("hx-swap-oob")}
    html = page(viewer, address(run))
    assert {name for name in sent if f'id="{name}"' not in html} == set()
    script = Path("static/runs/stream.js").read_text()
    wanted = set(re.findall(r'getElementById\("([\w-]+)"\)', script))
    assert {name for name in wanted if f'id="{name}"' not in html} == set()
    assert "run-now" in sent


def test_without_redis_it_shows_what_is_saved(viewer: Person, run: Run, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    assert "Live updates paused" in page(viewer, address(run))


def test_notices_given_up_are_shown(viewer: Person, chief: Person, run: Run, redis: Redis) -> None:
    announced(redis, run)
    assert "Notices given up" not in page(viewer, address(run))
    Notice.objects.create(run=run, kind="run_finished", tries=5, given_up=True)
    assert "run_finished, 5 tries" in page(viewer, address(run))
    assert "Tell again…" in page(chief, address(run))
    assert "Tell again…" not in page(viewer, address(run))


def test_many_steps_and_long_values_are_cut(viewer: Person, owner: Person) -> None:
    run = asked(owner, "x" * 200_000)
    rows = [
        Span(
            id=Span.make_id(run.pk, f"s[{n}]"), run=run, number=n, path=f"s[{n}]", name="s",
            hash=str(n), status="completed", attempt=1, started_at=run.created_at,
            finished_at=run.created_at, output="y" * (300_000 if n == 0 else 1),
        )
        for n in range(1_100)
    ]  # fmt: skip
    Span.objects.bulk_create(rows)
    html = page(viewer, address(run))
    assert len(html) < 1_500_000
    later = page(viewer, address(run, "?from=1000"))
    around = page(viewer, address(run, "?span=s[1050]"))
    for shown, first, last in ((html, 0, 499), (later, 1000, 1099), (around, 1000, 1099)):
        steps = [n.attributes["data-span"] for n in parsed(shown).all("data-span")]
        tree = steps[: last - first + 1]
        assert (tree[0], tree[-1]) == (f"s[{first}]", f"s[{last}]")
    assert "Later steps" in html
    assert "Earlier steps" not in html
    assert "Later steps" not in later
    assert "s[1050]" in parsed(around).find("id", "step").text
    assert page(viewer, address(run, "?from=999999999999999999999999"))


def test_who_sees_it(run: Run, owner: Person, viewer: Person, redis: Redis) -> None:
    announced(redis, run)
    clerk = staff("clerk@example.org")
    assert viewer.client.get(address(run)).status_code == 200
    assert clerk.client.get(address(run)).status_code == 403
    assert owner.client.get(address(run))["Location"].startswith("/admin/login/")
    assert viewer.client.get(f"{RUNS}{uuid4()}/change/").status_code == 404
    assert viewer.client.post(address(run)).status_code == 405


def test_hostile_words_are_words(viewer: Person, owner: Person, redis: Redis) -> None:
    everything = "\n\n".join(MARKDOWN)
    run = asked(owner, everything)
    worker = announced(redis, run)
    worker.begin("blog")
    for number, payload in enumerate(MARKDOWN):
        path = f"blog/{payload}"
        name = SpanStarted(payload, f"h{number}", key=payload, parent="blog", input_preview=payload)
        worker.say((name, path))
        error = Error("internal", payload)
        worker.say((SpanFailed(error, 1.0), path))
    redis.hset(
        keys.blob(run.pk),
        mapping=faults.packed(Fault(1, 0, 5, f"blog/{MARKDOWN[0]}", everything[:90], everything)),  # type: ignore[arg-type]
    )
    worker.say((RunFailed(Error("internal", everything)), None))
    for path in ["", *MARKDOWN]:
        response = viewer.client.get(address(run), {"span": f"blog/{path}"})
        check_harmless(response.content.decode())


def check_harmless(html: str) -> None:
    """No element that a payload could have made."""
    root = parsed(html)
    wrong = [
        node.tag
        for node in root.walk()
        if node.tag in {"iframe", "object", "embed", "base", "math", "template", "img", "style"}
        or any(name.startswith("on") for name in node.attributes)
        or "fired" in node.attributes.get("src", "")
        or "fired" in node.attributes.get("id", "")
        or node.attributes.get("href", "").lower().startswith(("javascript", "data", "//"))
    ]
    assert wrong == []
    assert all(
        node.attributes["src"].startswith("/static/")
        for node in root.walk()
        if node.tag == "script"
    )
