"""Hears when attempts are opened: its script says so on a channel, so nobody has to poll."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Self

from redis import Redis

from workflows.wire import keys

PATIENCE_S = 60.0


class Openings:
    """`with Openings(url) as openings:` — the moments by `time.perf_counter()`."""

    def __init__(self, url: str) -> None:
        self._client = Redis.from_url(url)
        self._heard: Any = self._client.pubsub(ignore_subscribe_messages=True)
        self._at: dict[tuple[str, int], float] = {}
        self._news = threading.Condition()

    def __enter__(self) -> Self:
        self._heard.subscribe(**{keys.FENCE: self._note})
        self._thread = self._heard.run_in_thread(sleep_time=1.0, daemon=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._thread.stop()
        self._thread.join()
        self._client.close()

    def at(self, run: str, attempt: int = 1) -> float:
        """When this attempt was opened; waits for it."""
        key = (run, attempt)
        with self._news:
            assert self._news.wait_for(lambda: key in self._at, PATIENCE_S), f"{key} never opened"
            return self._at[key]

    def _note(self, message: dict[str, Any]) -> None:
        run, attempt = message["data"].decode().split()
        with self._news:
            self._at[run, int(attempt)] = time.perf_counter()
            self._news.notify_all()
