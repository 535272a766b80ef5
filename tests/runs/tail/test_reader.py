"""One reader follows many logs, over two connections, whatever happens to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.utils import timezone
from redis import Redis

from runs.models import Run
from runs.tail import NotFollowed, Tail
from runs.tail.source import Source
from tests import valkey
from tests.runs.tail.viewer import Viewer, eventually
from tests.runs.worker import serve
from tests.runs.writer import ROOT, Writer, done, opened, wrote
from workflows.wire import keys, log
from workflows.wire.cursor import Cursor
from workflows.wire.events import RunCompleted, RunStarted, Text
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY

ONE = f"{ROOT}/write_section[0]"


@pytest.fixture
async def tail(redis_url: str) -> AsyncIterator[Tail]:
    made = Tail(redis_url, block_s=0.2, grace_s=0.1)
    yield made
    await made.aclose()


async def test_a_viewer_gets_the_snapshot_then_parts(tail: Tail, redis: Redis) -> None:
    run = Writer(redis).begin().say(opened(ONE), wrote(ONE, "section-1", 0, "Once\n\nThen"))
    async with Viewer(tail, run) as viewer:
        assert await viewer.text("section-1") == "Once\nThen"
        run.say(wrote(ONE, "section-1", 10, " more"))
        frame = await viewer.look()
        assert "Once" not in frame.html
        assert await viewer.text("section-1") == "Once\nThen more"


async def test_the_end_is_a_final_frame(tail: Tail, redis: Redis) -> None:
    run = Writer(redis).begin()
    async with Viewer(tail, run) as viewer:
        run.say((ROOT, Text("section-1", 0, "The end")), done(ROOT), RunCompleted({"ok": 1}))
        await viewer.until_final()
        assert await viewer.text("section-1") == "The end"
        assert viewer.mark["data-status"] == "completed"


async def test_a_viewer_that_comes_late_continues_at_its_cursor(tail: Tail, redis: Redis) -> None:
    run = Writer(redis).begin()
    async with Viewer(tail, run) as first:
        run.say((ROOT, Text("a", 0, "one")))
        await first.look()
        async with tail.watch(run.run) as watch:
            run.say((ROOT, Text("a", 3, " two")))
            await first.look()
            frame = await watch.next(Cursor(1, 2))
            assert 'data-from="1-2"' in frame.html
            assert "one" not in frame.html
            assert " two" in frame.html


async def test_a_cursor_of_another_log_gets_the_snapshot(tail: Tail, redis: Redis) -> None:
    run = Writer(redis).begin()
    async with tail.watch(run.run) as watch:
        frame = await watch.next(Cursor(7, 3))
        assert 'data-from=""' in frame.html


async def test_a_new_attempt_continues_the_page(tail: Tail, redis: Redis) -> None:
    run = Writer(redis).begin().say(opened(ONE), wrote(ONE, "section-1", 0, "Half a"))
    async with Viewer(tail, run) as viewer:
        run.start(2, RunStarted("w2", 1, "crashed"))
        await viewer.look()
        assert viewer.page.root.find("data-section", "1").attributes["data-stale"] == "true"
        assert await viewer.text("section-1") == "Half a"
        run.say(opened(ONE), wrote(ONE, "section-1", 0, "Whole"))
        await eventually(lambda: viewer.caught_up(run), viewer.look)
        assert await viewer.text("section-1") == "Whole"


@pytest.mark.django_db(transaction=True)
async def test_a_log_that_was_cut_back_pauses_and_then_everybody_gets_a_snapshot(
    tail: Tail, redis: Redis
) -> None:
    run = Writer(redis).begin().say(opened(ONE), wrote(ONE, "section-1", 0, "kept and lost"))
    async with Viewer(tail, run) as viewer:
        redis.delete(keys.log(run.run))
        await eventually(lambda: viewer.paused, viewer.look)
        assert await viewer.text("section-1") == "kept and lost"
        run.restore(5, (ROOT, Text("section-1", 0, "kept")))
        await eventually(lambda: not viewer.paused, viewer.look)
        assert 'data-from=""' in viewer.last.html
        assert await viewer.text("section-1") == "kept"
        assert viewer.last.cursor == Cursor(5, 1)


@pytest.mark.django_db(transaction=True)
async def test_a_run_whose_end_cannot_be_read_stops_no_other(tail: Tail, redis: Redis) -> None:
    """Such as one whose archive is deleted between two questions."""
    run, other = Writer(redis).begin(), Writer(redis).begin()
    owner = await sync_to_async(get_user_model().objects.create_user)(email="ada@example.org")
    ended = {"status": "completed", "finished_at": timezone.now()}
    await Run.objects.acreate(
        id=run.run, owner=owner, workflow="blog", version=1, input={}, **ended
    )
    async with Viewer(tail, run) as viewer, Viewer(tail, other) as neighbour:
        redis.delete(keys.log(run.run))
        with pytest.raises(NotFollowed):
            await eventually(lambda: False, viewer.look)
        other.say((ROOT, Text("section-1", 0, "Goes on")))
        assert await neighbour.text("section-1") == "Goes on"
        assert tail.watched == {other.run}


@pytest.mark.django_db(transaction=True)
async def test_viewers_are_told_when_no_worker_is_there_and_when_one_comes(
    tail: Tail, redis: Redis
) -> None:
    async with Viewer(tail, Writer(redis).queue()) as viewer:
        await eventually(lambda: viewer.last.note == "unattended", viewer.look)
        serve(redis)
        await eventually(lambda: viewer.last.note == "", viewer.look)
        assert not viewer.last.final


@pytest.mark.django_db(transaction=True)
async def test_viewers_move_up_in_line(tail: Tail, redis: Redis) -> None:
    first, mine = await waiting(2)
    serve(redis)
    async with Viewer(tail, Writer(redis, str(mine.pk)).queue()) as viewer:
        await eventually(lambda: viewer.last.note == "line-2", viewer.look)
        assert 'data-place="2nd in line"' in viewer.last.html
        await Run.objects.filter(pk=first.pk).aupdate(cursor_attempt=1, status="running")
        await eventually(lambda: viewer.last.note == "line-1", viewer.look)
        assert 'data-place="Next in line"' in viewer.last.html


@sync_to_async
def waiting(number: int) -> list[Run]:
    owner = get_user_model().objects.create_user("ada@example.org")
    return [
        Run.objects.create(owner=owner, workflow="blog", version=1, input={}, attempt=1)
        for _ in range(number)
    ]


async def test_viewers_are_told_when_the_worker_of_a_run_has_stopped(
    tail: Tail, redis: Redis
) -> None:
    run = Writer(redis).begin()
    serve(redis)
    async with Viewer(tail, run) as viewer:
        await eventually(lambda: viewer.last.note == "", viewer.look)
        redis.delete(keys.lease(run.run))
        await eventually(lambda: viewer.last.note == "orphaned", viewer.look)
        run.start(2, RunStarted("w2", 1, "crashed"))
        await eventually(lambda: viewer.last.note == "", viewer.look)
        assert not viewer.last.final


async def test_a_gap_is_folded_again_from_the_beginning(tail: Tail, redis: Redis) -> None:
    """Events lost behind our back while another attempt goes on: its opening does not fit."""
    run = Writer(redis).begin().say((ROOT, Text("a", 0, "lost")))
    async with Viewer(tail, run) as viewer:
        redis.xdel(keys.log(run.run), "1-2")
        run.start(2).say((ROOT, Text("a", 0, "new")))
        await eventually(lambda: viewer.caught_up(run), viewer.look)
        assert await viewer.text("a") == "new"


async def test_hundred_viewers_cost_two_connections_and_one_read(tail: Tail, redis: Redis) -> None:
    run = Writer(redis).begin()
    before = len(redis.client_list())
    async with asyncio.TaskGroup() as group, tail.watch(run.run) as watch:
        viewers = [group.create_task(follow(tail, run.run)) for _ in range(100)]
        await eventually(lambda: watch.viewers == 101)
        for number in range(20):
            run.say((ROOT, Text("a", 4 * number, f"{number:3} ")))
            clients = redis.client_list()
            assert len(clients) <= before + 2
            assert sum(client["cmd"] == "xread" for client in clients) <= 1
        run.say(RunCompleted())
    assert {task.result() for task in viewers} == {"".join(f"{n:3} " for n in range(20))}


async def follow(tail: Tail, run: str) -> str:
    async with tail.watch(run) as watch:
        events = [event async for batch in watch.events() for event in batch.events]
    return fold(EMPTY, events).channels["a"].text


async def test_two_runs_are_read_together(tail: Tail, redis: Redis) -> None:
    one, two = Writer(redis).begin(), Writer(redis).begin()
    async with Viewer(tail, one) as first, Viewer(tail, two) as second:
        one.say((ROOT, Text("a", 0, "1")))
        two.say((ROOT, Text("a", 0, "2")))
        assert (await first.text("a"), await second.text("a")) == ("1", "2")


async def test_it_lets_go_after_the_last_viewer(tail: Tail, redis: Redis) -> None:
    run = Writer(redis).begin()
    before = len(redis.client_list())
    async with Viewer(tail, run):
        assert tail.watched == {run.run}
    await eventually(lambda: not tail.watched)
    await eventually(lambda: len(redis.client_list()) <= before)
    async with Viewer(tail, run) as again:
        assert again.last.cursor == run.tip


@pytest.mark.django_db(transaction=True)
async def test_redis_away_and_back(tmp_path: Path) -> None:
    server = valkey.start(tmp_path)
    tail = Tail(server.url, block_s=0.2)
    try:
        with Redis.from_url(server.url) as redis:
            run = Writer(redis).begin().say((ROOT, Text("a", 0, "before ")))
            async with Viewer(tail, run) as viewer:
                server.stop()
                await eventually(lambda: viewer.paused, viewer.look)
                assert await viewer.text("a") == "before "
                server = valkey.start(tmp_path, port=server.port)
                run.say((ROOT, Text("a", 7, "after")))
                await eventually(lambda: viewer.caught_up(run), viewer.look)
                assert not viewer.paused
                assert await viewer.text("a") == "before after"
    finally:
        await tail.aclose()
        server.stop()


@pytest.mark.parametrize("cut", [Cursor(0, 1), Cursor(1, 0), Cursor(1, 300), Cursor(1, 699)])
async def test_readers_of_events_miss_nothing(tail: Tail, redis: Redis, cut: Cursor) -> None:
    run = Writer(redis).begin()
    for number in range(14):
        run.say(*[(ROOT, Text("a", 0, f"{number}")) for _ in range(50)])
    async with Viewer(tail, run), tail.watch(run.run) as watch:
        run.say(done(ROOT), RunCompleted())
        found = [event async for batch in watch.events(cut) for event in batch.events]
    assert found == log.read(redis, run.run, cut)


async def test_a_reader_that_has_the_end_gets_nothing(tail: Tail, redis: Redis) -> None:
    run = Writer(redis).begin().say(RunCompleted())
    async with tail.watch(run.run) as watch:
        assert [batch async for batch in watch.events(run.tip)] == []


@pytest.mark.django_db(transaction=True)
async def test_a_reader_whose_cursor_was_lost_is_told_to_begin_again(
    tail: Tail, redis: Redis
) -> None:
    run = Writer(redis).begin().say((ROOT, Text("a", 0, "lost")))
    async with tail.watch(run.run) as watch:
        batches = watch.events(run.tip)
        redis.delete(keys.log(run.run))
        run.restore(4, (ROOT, Text("a", 0, "kept"))).say(RunCompleted())
        batch = await anext(batches)
        await batches.aclose()
    assert batch.reset
    assert batch.events == tuple(log.read(redis, run.run))[: len(batch.events)]


async def test_closing_waits_for_a_reader_that_is_just_leaving(
    tail: Tail, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last viewer went a while ago, so that another would find a new reader."""
    leaving, closed, really = asyncio.Event(), list[Source](), Source.aclose

    async def late(source: Source) -> None:
        leaving.set()
        await asyncio.sleep(0.05)
        await really(source)
        closed.append(source)

    monkeypatch.setattr(Source, "aclose", late)
    async with Viewer(tail, Writer(redis).begin()):
        pass
    await leaving.wait()
    await tail.aclose()
    assert len(closed) == 1
