"""A worker or a control that is broken on purpose, so that the oracle can be seen to notice.

python -m tests.chaos.broken fence [WORKER OPTIONS]     its writes and calls are not fenced
python -m tests.chaos.broken replay [WORKER OPTIONS]    it does everything again
python -m tests.chaos.broken spend [WORKER OPTIONS]     it writes no costs down
python -m tests.chaos.broken flight [WORKER OPTIONS]    it does not look who does the same
python -m tests.chaos.broken breaker [WORKER OPTIONS]   its breakers never open
python -m tests.chaos.broken monitor                    a control that takes nothing over
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable

from workflows.engine import frame
from workflows.engine.execute import Executor
from workflows.engine.journal import Journal
from workflows.engine.purse import Purse
from workflows.engine.replay import Replay
from workflows.engine.store import RedisStore
from workflows.llm import breaker
from workflows.wire.events import Usage
from workflows.wire.spend import Try
from workflows.worker import __main__ as worker


def without_fence() -> None:
    """It never learns that the run is not its own any more."""

    async def flush(self: Journal) -> float:
        self._schedule(self, False)
        await asyncio.sleep(0)
        return time.monotonic()

    Journal.flush = flush  # type: ignore[method-assign]
    Journal.close = lambda self, error: None  # type: ignore[method-assign]
    Executor.lose = lambda self, run, attempt, why: None  # type: ignore[method-assign]


def without_replay() -> None:
    def answer(self: Replay, digest: str, *, again: bool = False) -> None:
        """Nothing is ever found."""

    Replay.answer = answer  # type: ignore[method-assign]


def without_spend() -> None:
    """Neither to the ledger, nor into the log, from which the ledger would be completed."""

    def put(self: Purse, tried: Try) -> asyncio.Future[None]:
        """Nobody is told what it costs."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    Purse.put = put  # type: ignore[method-assign]
    vars(frame)["usage"] = lambda calls: Usage()


def without_flight() -> None:
    async def hold(self: RedisStore, owner: str, key: str, who: str, seconds: float) -> bool:
        return True

    RedisStore.hold = hold  # type: ignore[method-assign]


def without_breaker() -> None:
    breaker.OPENS_AT = 10**9


WORKERS: dict[str, Callable[[], None]] = {
    "fence": without_fence,
    "replay": without_replay,
    "spend": without_spend,
    "breaker": without_breaker,
    "flight": without_flight,
}


def control_without_monitor() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gxweb.settings")
    import django  # noqa: PLC0415 - the workers of this module must not see Django

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from runs.monitor import Monitor  # noqa: PLC0415

    Monitor.tick = lambda self: None  # type: ignore[method-assign]
    call_command("control")


def main(what: str, *words: str) -> int:
    if what == "monitor":
        control_without_monitor()
        return 0
    WORKERS[what]()
    return worker.main(words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
