"""The doors: what is let in, what is refused, and that a refusal leaves nothing behind."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, connection, connections
from pytest_django import Settings
from redis import Redis

from runs import entrance, lifecycle
from runs.entrance import Entrant
from runs.lifecycle import Finished, Invalid, KeyReused, OverQuota, Started, Unavailable
from runs.models import Run
from runs.projector import Projector
from runs.turns import in_turn
from tests.chaos.waiting import until
from tests.runs.conftest import BRIEF
from tests.runs.pool import lent
from tests.runs.worker import QUEUE, Worker, due_at
from tests.valkey import free_port
from workflows.catalog import CATALOG, Brief
from workflows.wire import keys, log
from workflows.wire.events import RunCancelled, RunQueued
from workflows.wire.fold import fold
from workflows.wire.orders import Order
from workflows.wire.state import EMPTY


@dataclass(frozen=True)
class MoreToAsk(Brief):
    """The input of a later version."""

    mood: str = "sober"


def start(owner: AbstractUser, key: str | None = None, **changes: Any) -> Started:
    return lifecycle.start(owner=owner, workflow="blog", input=BRIEF | changes, key=key)


def together(count: int, call: Any) -> list[Any]:
    """The results, or the refusals, of calls made at once from threads."""

    def guarded(number: int) -> Any:
        try:
            return call(number)
        except lifecycle.Refused as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(guarded, range(count)))


def test_a_start_writes_the_first_event_a_deadline_and_rings(
    alice: AbstractUser, redis: Redis
) -> None:
    started = start(alice)
    run = started.run
    assert (started.created, run.status, run.attempt, run.version) == (True, "queued", 1, 1)
    [event] = log.read(redis, str(run.id))
    assert event.body == RunQueued("blog", 1, str(alice.pk), run.input, run.bounds)
    assert due_at(redis, run) is not None
    [message] = redis.lrange(QUEUE, 0, -1)
    [order], *_ = json.loads(base64.b64decode(json.loads(message)["body"]))
    assert Order.from_dict(order) == Order(str(run.id), "blog", 1, 1, log.redis_run_id(redis))


def test_an_input_is_stored_with_its_defaults(alice: AbstractUser) -> None:
    assert start(alice).run.input["words"] == 1200


@pytest.mark.parametrize(
    ("input", "loc"),
    [
        ({}, ("topic",)),
        (BRIEF | {"words": 3}, ("words",)),
        (BRIEF | {"owner": 1}, ("owner",)),
        ("text", ()),
        (None, ()),
        (BRIEF | {"urls": ["x"] * 11}, ("urls",)),
    ],
)
def test_a_bad_input_is_refused_by_field(alice: AbstractUser, input: Any, loc: Any) -> None:
    with pytest.raises(Invalid) as refused:
        lifecycle.start(owner=alice, workflow="blog", input=input)
    assert [tuple(error["loc"]) for error in refused.value.errors] == [loc]
    assert Run.objects.count() == 0


def test_an_unknown_workflow_is_refused(alice: AbstractUser) -> None:
    with pytest.raises(Invalid):
        lifecycle.start(owner=alice, workflow="nothing", input={})


def test_the_same_key_and_body_give_the_same_run(alice: AbstractUser, redis: Redis) -> None:
    first, second = start(alice, "k"), start(alice, "k")
    assert (second.run, second.created) == (first.run, False)
    assert redis.llen(QUEUE) == 1


def test_the_same_key_and_body_give_the_same_run_after_a_deploy(
    alice: AbstractUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests are repeated when an answer was lost, as happens then."""
    first = start(alice, "k")
    newer = replace(CATALOG["blog"], version=2, input=MoreToAsk)
    monkeypatch.setitem(CATALOG, "blog", newer)
    again = start(alice, "k")
    assert (again.run.id, again.created) == (first.run.id, False)
    assert not start(alice, "k", words=1200).created, "the default, said"
    with pytest.raises(KeyReused):
        start(alice, "k", mood="wild")


def test_the_same_key_with_another_body_is_refused(alice: AbstractUser) -> None:
    start(alice, "k")
    with pytest.raises(KeyReused):
        start(alice, "k", topic="Another")
    assert Run.objects.count() == 1


def test_a_key_is_its_owners(alice: AbstractUser, django_user_model: Any) -> None:
    bob = django_user_model.objects.create_user(email="bob@example.org")
    assert start(alice, "k").run != start(bob, "k").run


def test_parallel_starts_with_one_key_have_one_winner(alice: AbstractUser) -> None:
    results = together(12, lambda _: start(alice, "k"))
    assert sorted(result.created for result in results) == [False] * 11 + [True]
    assert len({result.run.id for result in results}) == 1


def test_a_hundred_parallel_starts_under_a_quota_of_five_give_five(alice: AbstractUser) -> None:
    results = together(100, lambda _: start(alice))
    refused = [result for result in results if isinstance(result, OverQuota)]
    assert (len(refused), Run.objects.live().count()) == (95, 5)
    assert refused[0].retry_after > 0


def test_a_finished_run_frees_its_place(
    alice: AbstractUser, settings: Settings, redis: Redis
) -> None:
    settings.GX = replace(settings.GX, user_concurrent_runs=1)
    worker = Worker.opened(redis, start(alice).run)
    with pytest.raises(OverQuota):
        start(alice)
    worker.complete()
    Projector(redis).poll()
    assert start(alice).created


def test_without_redis_nothing_is_inserted(alice: AbstractUser, settings: Settings) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(Unavailable) as refused:
        start(alice)
    assert refused.value.retry_after > 0
    assert Run.objects.count() == 0


def test_a_key_that_was_seen_is_answered_without_redis(
    alice: AbstractUser, settings: Settings
) -> None:
    first = start(alice, "k")
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    assert start(alice, "k") == Started(first.run, created=False)


@pytest.fixture
def full(redis: Redis) -> Iterator[None]:
    redis.set("ballast", "x" * 20_000_000)
    redis.config_set("maxmemory", 22_000_000)
    yield
    redis.config_set("maxmemory", 0)


@pytest.mark.usefixtures("full")
def test_a_full_redis_admits_no_run(alice: AbstractUser) -> None:
    with pytest.raises(Unavailable):
        start(alice)
    assert Run.objects.count() == 0


def test_a_broker_that_is_away_fails_no_start(
    alice: AbstractUser, settings: Settings, redis: Redis
) -> None:
    settings.GX = replace(settings.GX, broker_url=f"redis://127.0.0.1:{free_port()}/0")
    assert start(alice).created
    assert due_at(redis, Run.objects.get()) is not None


def test_a_preparer_gathers_what_is_stored(
    alice: AbstractUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(owner: Any, input: dict[str, Any]) -> dict[str, Any]:
        return input | {"audience": owner.email}

    monkeypatch.setitem(lifecycle.preparers, "blog", prepare)
    run = start(alice).run
    assert run.input["audience"] == "alice@example.org"


def test_cancel_ends_a_queued_run_without_a_worker(run: Run, redis: Redis) -> None:
    lifecycle.cancel(run, by="owner", reason="changed my mind")
    last = log.read(redis, str(run.id))[-1]
    assert (str(last.id), last.body) == ("2-0", RunCancelled("owner", "changed my mind"))
    Projector(redis).poll()
    found = Run.objects.get()
    assert (found.status, found.cancelled_by) == ("cancelled", "owner")
    assert found.cancel_reason == "changed my mind"


def test_cancel_fences_the_worker_and_keeps_its_text(
    run: Run, worker: Worker, redis: Redis
) -> None:
    worker.begin("blog")
    worker.write("blog", "one", "Half a sen")
    lifecycle.cancel(run, by="owner")
    assert worker.say().answer == "ended"
    state = fold(EMPTY, log.read(redis, str(run.id)))
    assert (state.status, state.channels["one"].text) == ("cancelled", "Half a sen")


def test_a_run_ends_once(run: Run, worker: Worker, redis: Redis) -> None:
    """The log decides: SQL does not know of the end yet."""
    worker.complete(1)
    with pytest.raises(Finished):
        lifecycle.cancel(run, by="owner")
    Projector(redis).poll()
    with pytest.raises(Finished):
        lifecycle.cancel(run, by="owner")
    assert Run.objects.get().status == "completed"


def test_parallel_cancels_write_one_end(run: Run, redis: Redis) -> None:
    results = together(6, lambda _: lifecycle.cancel(Run.objects.get(pk=run.pk), by="owner"))
    ends = [event for event in log.read(redis, str(run.id)) if event.terminal]
    assert len(ends) == 1
    assert results.count(None) == 1


def test_cancel_after_flushall_brings_the_text_back_first(
    run: Run, worker: Worker, redis: Redis
) -> None:
    worker.begin("blog")
    worker.section("blog/a", "one", "Kept.")
    Projector(redis).poll()
    redis.flushall()
    lifecycle.cancel(run, by="staff")
    state = fold(EMPTY, log.read(redis, str(run.id)))
    assert (state.status, state.channels["one"].text) == ("cancelled", "Kept.")
    Projector(redis).poll()
    assert Run.objects.get().status == "cancelled"


def test_cancel_of_a_run_that_was_never_announced(run: Run, redis: Redis) -> None:
    redis.flushall()
    lifecycle.cancel(run, by="owner")
    Projector(redis).poll()
    assert Run.objects.get().status == "cancelled"


def test_cancel_without_redis_is_refused_for_now(run: Run, settings: Settings) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(Unavailable):
        lifecycle.cancel(run, by="owner")


def test_a_crash_between_insert_and_queue_leaves_the_row(
    alice: AbstractUser, redis: Redis, settings: Settings, monkeypatch: Any
) -> None:
    """What the monitor's sweep then finds: see test_monitor."""
    admitted = entrance.admit
    away = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")

    def admit(client: Redis) -> entrance.Admitted:
        said = admitted(client)
        settings.GX = away
        return said

    monkeypatch.setattr(entrance, "admit", admit)
    run = start(alice).run
    assert Run.objects.get() == run
    assert not redis.exists(keys.log(run.id))


def test_a_start_that_has_waited_long_is_announced_all_the_same(
    alice: AbstractUser, redis: Redis, monkeypatch: Any
) -> None:
    admitted, looks = entrance.admit, []

    def admit(client: Redis) -> entrance.Admitted:
        looks.append(admitted(client))
        return looks[-1] if len(looks) > 1 else replace(looks[0], until=1)

    monkeypatch.setattr(entrance, "admit", admit)
    monkeypatch.setattr(entrance, "FRESH_S", 0.0)
    run = start(alice).run
    assert redis.exists(keys.log(run.id))
    assert redis.llen(QUEUE) == 1


def test_many_at_once_are_few_transactions_and_each_is_whole(
    alice: AbstractUser, redis: Redis, monkeypatch: Any
) -> None:
    entered, insert = [], entrance._inserted

    def counted(entrants: Any, go_on: Any) -> Any:
        entered.append(len(entrants))
        return insert(entrants, go_on)

    monkeypatch.setattr(entrance, "_inserted", counted)
    with ThreadPoolExecutor(1) as pool, in_turn(alice.pk):
        # The first holds the others up, as a slow disk would.
        found = pool.submit(together, 5, lambda number: start(alice, topic=f"No. {number}"))
        until(lambda: sum(map(len, entrance._together._lines.values())) == 4, 20)
    runs = [one.run for one in found.result(20)]
    assert entered == [1, 4]
    assert {run.pk for run in runs} == set(Run.objects.values_list("pk", flat=True))
    assert {run.input["topic"] for run in runs} == {f"No. {number}" for number in range(5)}
    for run in runs:
        [event] = log.read(redis, str(run.id))
        assert event.body == RunQueued("blog", 1, str(alice.pk), run.input, run.bounds)
    assert redis.llen(QUEUE) == 5


@pytest.mark.skipif(connection.vendor == "sqlite", reason="there is no pool")
def test_those_who_wait_hold_no_connection_of_the_pool(alice: AbstractUser) -> None:
    """Or twenty starts of one owner, whose line does not move, would keep everybody else out."""
    with ThreadPoolExecutor(1) as threads, in_turn(alice.pk):
        before = lent()
        found = threads.submit(together, 5, lambda number: start(alice, f"key {number}"))
        until(lambda: sum(map(len, entrance._together._lines.values())) == 4, 20)
        until(lambda: lent() <= before + 1, 20)
    assert len({one.run.pk for one in found.result(20)}) == 5


def entrants(owner: AbstractUser, *keyed: tuple[str | None, str]) -> list[Entrant]:
    made = []
    for key, digest in keyed:
        run = lifecycle.new_run(owner, lifecycle.entry_of("blog"), BRIEF)
        run.key, run.body_hash = key, digest
        made.append(Entrant(run))
    return made


def test_those_that_enter_together_are_judged_as_one_after_another(
    alice: AbstractUser, settings: Settings, redis: Redis
) -> None:
    settings.GX = replace(settings.GX, user_concurrent_runs=3)
    old = start(alice, "old").run
    given = [("old", old.body_hash), ("a", "1"), ("a", "1"), ("a", "2"), (None, "1"), (None, "1")]
    asked = entrants(alice, *given)
    outcomes = entrance._enter(asked, lambda: None)
    assert outcomes[:3] == [
        Started(old, created=False),
        Started(asked[1].run, created=True),
        Started(asked[1].run, created=False),
    ]
    assert isinstance(outcomes[3], KeyReused)
    assert outcomes[4] == Started(asked[4].run, created=True)
    assert isinstance(outcomes[5], OverQuota)
    assert Run.objects.count() == redis.llen(QUEUE) == 3


def test_what_they_hold_is_counted_against_the_day(alice: AbstractUser, settings: Settings) -> None:
    settings.GX = replace(settings.GX, user_daily_usd=1.2, run_usd=2.0)
    outcomes = entrance._enter(entrants(alice, *[(None, "")] * 4), lambda: None)
    runs = [one.run for one in outcomes if isinstance(one, Started)]
    assert [run.reserved_usd for run in runs] == pytest.approx([0.5, 0.5, 0.2])
    assert [run.bounds.usd for run in runs] == pytest.approx([1.2, 0.7, 0.2])
    assert isinstance(outcomes[3], OverQuota)


def test_one_that_sql_will_not_have_keeps_out_no_other(alice: AbstractUser) -> None:
    good, there, half = entrants(alice, *[(None, "")] * 3)
    there.run.pk = start(alice).run.pk
    half.run.cancelled_by = "\ud800"
    outcomes = entrance._enter([good, there, half], lambda: None)
    assert outcomes[0] == Started(good.run, created=True)
    assert isinstance(outcomes[1], IntegrityError)
    assert isinstance(outcomes[2], ValueError)
    assert Run.objects.count() == 2


def test_all_are_refused_where_redis_is_away(alice: AbstractUser, settings: Settings) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    refused = together(4, lambda _: start(alice))
    assert [type(one) for one in refused] == [Unavailable] * 4
    assert Run.objects.count() == 0


def test_scripts_that_the_server_has_forgotten_are_sent_again(
    alice: AbstractUser, redis: Redis
) -> None:
    redis.script_flush()
    for outcome in entrance._enter(entrants(alice, (None, ""), (None, "")), lambda: None):
        assert isinstance(outcome, Started)
        assert redis.exists(keys.log(outcome.run.id))
