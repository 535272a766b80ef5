"""The fleet: who lives, what they serve, and what waits in vain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from redis import Redis

from runs.admin import fleet
from runs.models import Run
from tests.payloads import MARKDOWN
from tests.runs.admin.conftest import RUNS, page, parsed, staff
from tests.runs.admin.test_page import check_harmless
from tests.runs.serving import Person
from tests.runs.worker import QUEUE
from tests.valkey import free_port
from workflows.wire import codec, keys, pulse
from workflows.wire.pulse import Beat

PATH = f"{RUNS}fleet/"
WORKER = Beat("w1", "worker", 7, "here", (QUEUE,), load=3, slots=64)


def rows(html: str) -> list[list[str]]:
    found = [n for n in parsed(html).walk() if n.tag == "tr"]
    cells = [[" ".join(c.text.split()) for c in row.walk() if c.tag == "td"] for row in found]
    return [row for row in cells if row]


def test_workers_controls_and_queues(viewer: Person, run: Run, redis: Redis) -> None:
    pulse.beat(redis, WORKER)
    pulse.beat(redis, replace(WORKER, name="w2", draining=True))
    pulse.beat(redis, Beat("c1", "control", 8, "here"))
    redis.rpush(QUEUE, "an order")
    first, second, control, _, queue = rows(page(viewer, PATH))
    assert (first[:3], first[4:]) == (["w1", "serving", "3 of 64"], ["here · 7", QUEUE])
    assert second[1] == "draining"
    assert control[:3] == ["c1", "serving", "–"]
    assert queue == [QUEUE, "1", "1", "1"]  # who drains takes nothing


def test_the_newest_beat_counts_and_silence_is_told(viewer: Person, redis: Redis) -> None:
    now = int(redis.time()[0]) * 1000
    for age, load in ((290_000, 1), (60_000, 2)):
        data = codec.dumps({**_told(WORKER), "load": load})
        redis.xadd(keys.PULSE, {"data": data}, id=f"{now - age}-0")
    row, *_ = rows(page(viewer, PATH))
    assert (row[1], row[2]) == ("silent", "2 of 64")
    assert float(row[3].removesuffix(" s ago")) >= 59
    assert fleet.REMEMBERED_MS > 290_000


def test_a_queue_that_nobody_serves_stands_first(viewer: Person, run: Run, owner: Person) -> None:
    Run.objects.filter(pk=run.pk).update(version=9)
    root = parsed(page(viewer, PATH))
    [stuck] = root.all("data-stuck")
    assert "gx.interactive.blog.v9" in stuck.text
    assert rows(page(viewer, PATH))[0][:3] == ["gx.interactive.blog.v9", "none", "1"]
    assert "No worker has been heard of" in root.text


def test_without_redis_it_says_so_and_shows_what_sql_knows(
    viewer: Person, run: Run, settings: Any
) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    html = page(viewer, PATH)
    assert "Redis does not answer" in html
    assert rows(html) == [[QUEUE, "?", "1", "?"], ["gx.bulk.ingest.v1", "?", "0", "?"]]


def test_it_comes_again_by_itself_with_and_without_javascript(viewer: Person) -> None:
    html = page(viewer, PATH)
    assert '<noscript><meta http-equiv="refresh"' in html
    part = page(viewer, PATH, **{"HX-Target": "fleet"})
    assert part.strip().startswith('<div id="fleet"')
    assert 'hx-trigger="every' in part


def test_who_sees_it(owner: Person) -> None:
    assert staff("clerk@example.org").client.get(PATH).status_code == 403
    assert owner.client.get(PATH).status_code == 302


def test_a_stranger_in_the_pulse_is_passed_over(viewer: Person, redis: Redis) -> None:
    wrong: list[Any] = [
        b"{", b"[]", b"1", {}, {"name": "x"}, {**_told(WORKER), "load": "many"},
        {**_told(WORKER), "name": [1]}, {**_told(WORKER), "queues": 5},
    ]  # fmt: skip
    for data in wrong:
        raw = data if isinstance(data, bytes) else codec.dumps(data)
        redis.xadd(keys.PULSE, {"data": raw})
    redis.xadd(keys.PULSE, {"other": b"x"})
    pulse.beat(redis, WORKER)
    assert rows(page(viewer, PATH))[0][0] == "w1"


def test_hostile_names_are_words(viewer: Person, redis: Redis) -> None:
    for payload in MARKDOWN:
        pulse.beat(redis, Beat(payload, payload[:20], 1, payload, (payload,), 1, 4))
        pulse.beat(redis, Beat(payload + "w", "worker", 1, payload, (payload,), 1, 4))
    html = page(viewer, PATH)
    check_harmless(html)
    assert "<script>fired(1)</script>" in parsed(html).text


def _told(beat: Beat) -> dict[str, Any]:
    return {name: getattr(beat, name) for name in Beat.__slots__ if name != "at"}
