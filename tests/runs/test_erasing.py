"""A run that is erased leaves nothing: no row, no key, no one who writes it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis

from runs import entrance, erasing, lifecycle
from runs import restore as restoring
from runs.collector import Collector
from runs.doorbell import bell
from runs.erasing import erase
from runs.ledger import Call
from runs.models import LogArchive, Run, Span
from runs.monitor import Monitor
from runs.projector import Projector
from tests.runs.ledger import begun as asked
from tests.runs.ledger import ended, rows, spend
from tests.runs.serving import Person
from tests.runs.worker import Worker
from tests.runs.writer import ROOT, Writer, done, wrote
from tests.valkey import free_port
from workflows.wire import keys, log
from workflows.wire.cursor import ZERO
from workflows.wire.events import RunCompleted
from workflows.wire.script import Answer, run_script

pytestmark = pytest.mark.django_db
CANARY = "canary-7f3a"


@pytest.fixture(autouse=True)
def on_redis(settings: Any, redis_url: str) -> None:
    settings.GX = replace(settings.GX, redis_url=redis_url, broker_url=redis_url)


@pytest.fixture
def owner() -> Person:
    return Person("owner@example.org")


def begun(owner: Person, redis: Redis) -> tuple[Run, Writer]:
    run = owner.owns(attempt=1, error_message=CANARY)
    writer = Writer(redis, str(run.pk)).begin()
    return run, writer.say(wrote(ROOT, "section-1", 0, CANARY))


def project(redis: Redis) -> None:
    projector = Projector(redis)
    while projector.poll():
        pass


def left(redis: Redis, run: Run) -> list[bytes]:
    return [key for key in redis.scan_iter() if str(run.pk).encode() in key]


def gone(redis: Redis, run: Run) -> bool:
    rows = [Run.objects.filter(pk=run.pk), Span.objects.filter(run=run.pk)]
    rows.append(LogArchive.objects.filter(run=run.pk))
    return not any(q.exists() for q in rows) and not left(redis, run) and not due(redis)


def said(redis: Redis) -> list[str]:
    """What Redis has of the words of a run."""
    kept = (str(redis.dump(key)) for key in redis.scan_iter())
    return [one for one in kept if CANARY in one]


def due(redis: Redis) -> list[Any]:
    return [run for n in range(16) for run in redis.zrange(f"gx:{{{n}}}:due", 0, -1)]


def test_a_finished_run_is_gone(owner: Person, redis: Redis) -> None:
    run, writer = begun(owner, redis)
    writer.say(done(ROOT), RunCompleted())
    project(redis)
    run.refresh_from_db()
    assert run.finished
    erase(run)
    assert gone(redis, run)


def test_a_live_run_is_stopped_first_and_its_worker_cannot_go_on(
    owner: Person, redis: Redis
) -> None:
    run, writer = begun(owner, redis)
    erase(run)
    assert gone(redis, run)
    with pytest.raises(AssertionError, match="Reply"):
        writer.say(wrote(ROOT, "section-1", 11, "more"))
    project(redis)
    Monitor(redis, bell()).tick()
    assert gone(redis, run)


@pytest.mark.django_db(transaction=True)
def test_a_start_that_announces_it_too_late_brings_nothing_back(
    owner: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there for its owner as soon as it is in SQL, and a moment later in Redis."""
    late: list[tuple[Any, Any]] = []
    monkeypatch.setattr(entrance, "announce", lambda *given: late.append(given))
    run = lifecycle.start(owner=owner.user, workflow="blog", input={"topic": CANARY}).run
    erase(run)
    monkeypatch.undo()
    for given in late:
        entrance.announce(*given)
    said = [str(redis.dump(key)) + str(redis.type(key)) for key in redis.scan_iter()]
    assert not any(CANARY in one for one in said)
    assert due(redis) == []
    assert Worker(redis, run, ZERO).open(1).answer is Answer.ENDED
    assert 0 < redis.pttl(keys.log(run.pk)) <= 1000 * erasing.LAST_S


def test_a_restore_that_comes_too_late_brings_nothing_back(
    owner: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = begun(owner, redis)
    Run.objects.update(created_at=timezone.now() - timedelta(hours=1))
    redis.flushall()

    def late(client: Redis, call: Any) -> Any:
        monkeypatch.undo()
        erase(Run.objects.get())
        return run_script(client, call)

    monkeypatch.setattr(restoring, "run_script", late)
    run.refresh_from_db()
    restoring.restore(redis, run, tip=ZERO, redis_run_id=log.redis_run_id(redis))
    assert not Run.objects.exists()
    said = [str(redis.dump(key)) for key in redis.scan_iter()]
    assert not any(CANARY in one for one in said)
    assert due(redis) == []


def test_it_can_be_done_twice(owner: Person, redis: Redis) -> None:
    run, _ = begun(owner, redis)
    again = Run.objects.get(pk=run.pk)
    erase(run)
    with pytest.raises(lifecycle.Finished):
        lifecycle.cancel(again, by="owner")
    erase(again)
    assert not Run.objects.exists()
    assert not said(redis)


def test_a_double_click_is_one_deletion(
    owner: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the second is the one that is shown."""
    run, _ = begun(owner, redis)
    place = f"/runs/{run.pk}/deletion/"

    def slow(*given: Any, **named: Any) -> None:
        monkeypatch.undo()
        assert owner.client.post(place)["Location"] == "/runs/"
        cancel(*given, **named)

    cancel = lifecycle.cancel
    monkeypatch.setattr(lifecycle, "cancel", slow)
    assert owner.client.post(place)["Location"] == "/runs/"
    assert not Run.objects.exists()
    assert not said(redis)


def test_forks_stay(owner: Person, redis: Redis) -> None:
    run, _ = begun(owner, redis)
    fork = owner.owns(forked_from=run)
    erase(run)
    fork.refresh_from_db()
    assert fork.forked_from is None


def test_without_redis_nothing_is_lost_and_it_is_said(owner: Person, settings: Any) -> None:
    run = owner.owns(attempt=1)
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(lifecycle.Unavailable):
        erase(run)
    assert Run.objects.filter(pk=run.pk).exists()


def test_what_it_left_for_other_runs_of_its_owner_goes_too(owner: Person, redis: Redis) -> None:
    run, _ = begun(owner, redis)
    for who in (str(run.owner_id), "another"):
        redis.hset(keys.cache(who), "call", CANARY)
        redis.zadd(keys.cached(who), {"call": 1.0})
    erase(run)
    kept = [key for key in redis.scan_iter() if b"gx:cache" in key]
    assert sorted(kept) == sorted([keys.cache("another").encode(), keys.cached("another").encode()])


def test_what_it_cost_stays_spent_without_a_word_of_it(owner: Person, redis: Redis) -> None:
    run, _ = begun(owner, redis)
    tried = asked(run, "a", span=f'blog[0]/read["{CANARY}"]')
    spend(redis, tried, ended(tried))
    Collector(redis).poll()
    known = Call.objects.get()
    assert known.span is not None
    erase(run)
    assert rows() == [("a", 10, 0.25, "ok")]
    assert Call.objects.filter(run=None, span=None).exists()
    said = [str(Call.objects.values()), *(str(redis.dump(key)) for key in redis.scan_iter())]
    assert [one for one in said if CANARY in one or str(known.span) in one] == []
