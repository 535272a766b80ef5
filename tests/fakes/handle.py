"""The fake provider's process in a test's hands."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.patience import patience

ROOT = Path(__file__).parents[2]
Line = dict[str, Any]


class Provider:
    """`with Provider() as provider:` — a process of its own until the block ends."""

    def __init__(
        self,
        *,
        ledger: Path | None = None,
        latency: float = 0,
        tokens_per_second: float = 0,
        gemini: bool = False,
    ) -> None:
        """`gemini`: in that dialect."""
        self._words = ["--with-parent", "--latency", str(latency)]
        self._words += ["--tokens-per-second", str(tokens_per_second)]
        self._words += ["--ledger", str(ledger)] if ledger else []
        self._words += ["--gemini"] if gemini else []
        self.root = ""

    @property
    def url(self) -> str:
        """What OPENAI_BASE_URL should be."""
        return f"{self.root}/v1"

    @property
    def environ(self) -> dict[str, str]:
        """The settings with which a worker talks to this provider."""
        return {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": "sk-fake", "GX_PROVIDERS": ""}

    def ledger(self) -> list[Line]:
        lines: list[Line] = self._call("GET", "/ledger")
        return lines

    def calls(self) -> list[Line]:
        """The ledger by calls: each start with its end merged in; `status` None while open."""
        found: dict[int, Line] = {}
        for line in self.ledger():
            call = found.setdefault(line["call"], {"status": None, "closed": False})
            call.update({f"{line['event']}ed_at": line["at"], **line})
        return list(found.values())

    def wait_for(self, condition: Callable[[list[Line]], bool], seconds: float = 10) -> list[Line]:
        """Until the calls are as the condition wants them."""
        deadline = time.monotonic() + patience(seconds)
        while not condition(calls := self.calls()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the provider's calls never came to that: {calls}")
            time.sleep(0.02)
        return calls

    def script(self, fault: str, match: Line | None = None, **more: Any) -> None:
        """`times=` 1 or "always", `retry_after=`; see faults.Rule."""
        self._call("POST", "/script", {"fault": fault, "match": match or {}, **more})

    def unscript(self) -> None:
        self._call("DELETE", "/script")

    def pace(self, **pace: float) -> None:
        """`latency=` in seconds, `tokens_per_second=` (0: at once), `plain=` the same for answers
        that are not streamed."""
        self._call("POST", "/pace", pace)

    def allow(self, rpm: int, minute: float = 60, mode: str = "sliding") -> None:
        """From now on so many requests a minute of so many seconds; 0: as many as come."""
        self._call("POST", "/allowance", {"rpm": rpm, "minute": minute, "mode": mode})

    def obey(self, whatever: bool = True) -> None:
        """From now on it does what it reads; see `obedient`."""
        self._call("POST", "/obedience", whatever)

    def start(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.provider", *self._words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.root = json.loads(self._process.stdout.readline())["url"]
        return self

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data=data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=patience(10)) as response:
            return json.loads(response.read())
