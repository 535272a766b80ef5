"""A provider goes, in every way in which it can, and comes back: no run fails of it. The one that
goes on meanwhile speaks Gemini's dialect.

`RUNS` at a time, 3 by default; with it in the environment every way is tried, and also that a build
without breakers would be noticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.chaos.stack import Stack, now, stack
from tests.chaos.verdict import notes, state, text_violations
from tests.chaos.waiting import until
from tests.fakes import Provider
from tests.patience import bar

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

RUNS = int(os.environ.get("RUNS") or 3)
WHOLE = "RUNS" in os.environ
WAYS = ["530", "stall_before", "refuse"] if WHOLE else ["stall_before"]
# Calls that ask a provider after it is known to be gone, of those that another one answered: it is
# probes, and who had chosen it just before, up to one of each run. Without breakers it is all.
FEW = 0.2 if WHOLE else 0.5
HASTY: dict[str, Any] = {"GX_LLM_FAILOVER_SECONDS": "0.5", "GX_LLM_TOTAL_SECONDS": "60"}


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Provider(latency=0.02, gemini=True) as spare:
        folder = tmp_path_factory.mktemp("outages")
        with stack(folder, workers=0, controls=0, latency=0.02, **HASTY) as made:
            made.spare = spare
            for _ in range(3):
                made.add_worker()
            made.add_control()
            made.ready()
            yield made


@pytest.fixture(autouse=True)
def all_well(s: Stack) -> Iterator[None]:
    yield
    for provider in (s.provider, s.spare):
        assert provider is not None
        provider.unscript()


def begun(s: Stack, runs: int = RUNS) -> list[str]:
    return [
        s.begin(topic=f"Licence {n} {now()}", notes=notes("Apache-2.0"), words=300)
        for n in range(runs)
    ]


def all_completed(s: Stack, runs: list[str]) -> None:
    assert [s.ended(run, 300)["status"] for run in runs] == ["completed"] * len(runs)


def since(provider: Provider | None, moment: float, event: str) -> list[dict[str, Any]]:
    assert provider is not None
    return [x for x in provider.ledger() if x["at"] >= moment and x["event"] == event]


def ok_since(provider: Provider | None, moment: float) -> list[float]:
    return [line["at"] for line in since(provider, moment, "end") if line["status"] == "ok"]


def is_open(client: Redis) -> bool:
    return any(client.hexists(key, "due") for key in client.keys("gx:{breaker}:fake:*"))


def healed(s: Stack) -> float:
    """Seconds until the first provider is used again: runs go on being started meanwhile."""
    s.provider.unscript()
    moment, used = now(), list[float]()
    with s.redis() as client:
        while not used or (is_open(client) and now() - moment < 60):
            all_completed(s, begun(s, 1))
            used = ok_since(s.provider, moment)
    return min(used) - moment


@pytest.mark.alone
@pytest.mark.parametrize("way", WAYS)
def test_a_provider_goes_and_comes_back(s: Stack, way: str) -> None:
    s.provider.script(way, times="always")
    gone = now()
    runs = begun(s)
    with s.redis() as client:
        until(lambda: is_open(client), 30, every=0.02, what="an open breaker")
    opened = now()
    all_completed(s, runs)
    answered = min(ok_since(s.spare, opened)) - opened
    asked, others = len(since(s.provider, opened, "start")), len(ok_since(s.spare, gone))
    back = healed(s)
    print(f"{way}: B after {answered:.2f} s, A asked {asked} times, {others} answers of B,"
          f" A again after {back:.1f} s")  # fmt: skip
    assert answered <= bar(2, promised=WHOLE)
    assert asked <= FEW * others
    assert back <= 30
    said = [message for run in runs for *_, message in state(s, run).logs]
    assert "fake is not answering; going on with spare." in said


def test_an_answer_that_breaks_off_is_given_anew_elsewhere(s: Stack) -> None:
    s.provider.script("cut", match={"stream": True}, times="always")
    begin = now()
    runs = begun(s, 1)
    all_completed(s, runs)
    cut = [x for x in since(s.provider, begin, "start") if x["fault"] == "cut"]
    assert cut
    # Every text is the finished one, from its first character: what was cut has been replaced.
    assert text_violations(state(s, runs[0])) == []


def test_while_all_are_gone_runs_wait_and_then_go_on(s: Stack) -> None:
    for provider in (s.provider, s.spare):
        assert provider is not None
        provider.script("530", times="always")
    runs = begun(s)

    def waiting(run: str) -> bool:
        spans = state(s, run).spans.values()
        return any("are not answering" in span.message for span in spans)

    until(lambda: all(waiting(run) for run in runs), 60, what="runs that say that they wait")
    for provider in (s.provider, s.spare):
        assert provider is not None
        provider.unscript()
    all_completed(s, runs)


@pytest.mark.skipif(not WHOLE, reason="RUNS is not in the environment")
def test_without_its_breaker_a_provider_that_is_gone_is_asked_by_every_call(
    s: Stack, tmp_path: Path
) -> None:
    with stack(tmp_path, workers=0, controls=0, latency=0.02, **HASTY) as broken:
        broken.spare = s.spare
        broken.add_worker("breaker", module="tests.chaos.broken")
        broken.add_control()
        broken.ready()
        broken.provider.script("530", times="always")
        gone = now()
        all_completed(broken, begun(broken, 1))
        asked, others = len(since(broken.provider, gone, "start")), len(ok_since(s.spare, gone))
    print(f"without its breaker A is asked {asked} times, {others} answers of B")
    assert asked >= 0.9 * others
