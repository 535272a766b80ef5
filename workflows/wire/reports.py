"""Errors told to a Sentry (SENTRY_DSN), by every process of ours.

What is sent is made of what programmers wrote: the name of the logger, the message as it stands in
the code, the class of the exception, and where it went through our files. No values: neither the
arguments of the message nor the text of the exception, which may hold what people wrote, or a key.
"""

from __future__ import annotations

import json
import logging
import queue
import re
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from workflows.wire.settings import BadSetting

NAME = "SENTRY_DSN"
DSN = re.compile(r"(https?)://([0-9A-Za-z]+)(?::[^@/]*)?@([^/@\s]+)((?:/[^/\s]+)*)/(\d+)")
MOST_WAITING = 100
TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Target:
    """Where reports go."""

    url: str
    key: str


def target(environ: Mapping[str, str]) -> Target | None:
    """From SENTRY_DSN; None where it is not set. Raises BadSetting."""
    raw = environ.get(NAME, "").strip()
    if not raw:
        return None
    found = DSN.fullmatch(raw)
    if found is None:
        raise BadSetting(NAME, "should be https://KEY@HOST/PROJECT")
    scheme, key, host, path, project = found.groups()
    return Target(f"{scheme}://{host}{path}/api/{project}/envelope/", key)


class Reporter(logging.Handler):
    """Sends errors, in a thread of its own; what the other side does not take is dropped."""

    def __init__(self, target: Target) -> None:
        super().__init__(logging.ERROR)
        self._target = target
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._waiting.put_nowait(report(record))
        except queue.Full:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._send_all, name="gx-reports", daemon=True)
            self._thread.start()

    def _send_all(self) -> None:
        while True:
            self._send(self._waiting.get())

    def _send(self, said: dict[str, Any]) -> None:
        lines = [{"event_id": said["event_id"]}, {"type": "event"}, said]
        body = "\n".join(json.dumps(line) for line in lines).encode()
        auth = f"Sentry sentry_version=7, sentry_client=gxweb/1, sentry_key={self._target.key}"
        headers = {"Content-Type": "application/x-sentry-envelope", "X-Sentry-Auth": auth}
        request = urllib.request.Request(self._target.url, body, headers)  # noqa: S310 (checked)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            opener.open(request, timeout=TIMEOUT_S).close()
        except (OSError, urllib.error.URLError):
            return  # said to the log it would be the next report


def report(record: logging.LogRecord) -> dict[str, Any]:
    """The event of an error, without any value in it."""
    said: dict[str, Any] = {
        "event_id": uuid4().hex,
        "timestamp": time.time(),
        "platform": "python",
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.msg if isinstance(record.msg, str) else type(record.msg).__name__,
    }
    error = record.exc_info[1] if record.exc_info else None
    return said | ({} if error is None else {"exception": {"values": [_exception(error)]}})


def _exception(error: BaseException) -> dict[str, Any]:
    frames = [
        {"filename": frame.filename, "function": frame.name, "lineno": frame.lineno}
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    kind = type(error)
    return {"type": kind.__name__, "module": kind.__module__, "stacktrace": {"frames": frames}}
