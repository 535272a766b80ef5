"""What a provider was asked and what it finished: one JSON line per fact, flushed at once.

`at` is CLOCK_MONOTONIC, which all processes of a machine share.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.fakes.faults import Asked, Rule

Line = dict[str, Any]


class Ledger:
    def __init__(self, path: Path | None) -> None:
        self.lines: list[Line] = []
        self._calls = 0
        self._file = path.open("a") if path else None

    def start(self, asked: Asked, rule: Rule | None, path: str = "") -> int:
        """The call's number, from 1. `path` tells callers apart who were given different ones."""
        self._calls += 1
        self._write(
            event="start",
            call=self._calls,
            id=asked.id,
            hash=asked.hash,
            path=path,
            model=asked.model,
            messages=asked.messages,
            schema=asked.schema,
            stream=asked.stream,
            fault=rule.fault if rule else None,
        )
        return self._calls

    def end(self, number: int, status: str, usage: dict[str, int] | None) -> None:
        """`status`: ok, fault, or closed when the client went away first."""
        usage = usage or {}
        self._write(
            event="end",
            call=number,
            status=status,
            closed=status == "closed",
            prompt_tokens=usage.get("prompt_tokens"),
            completion_tokens=usage.get("completion_tokens"),
        )

    def _write(self, **line: Any) -> None:
        line["at"] = time.monotonic()
        self.lines.append(line)
        if self._file:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
