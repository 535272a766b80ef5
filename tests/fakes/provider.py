"""A fake provider on loopback: OpenAI's wire format on raw sockets, so that it can also misbehave.

    python -m tests.fakes.provider --port 0 --ledger FILE [--latency S] [--tokens-per-second N]

Prints {"url": …} when it listens. A connection stays after a whole answer in one piece, and ends
with any other. POST /v1/chat/completions answers as the offline model would; GET /ledger, POST and
DELETE /script, POST /pace, /obedience and /allowance are for the test.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes import gemini
from tests.fakes.allowance import Allowance
from tests.fakes.answers import JSON, Answer, Step, head, steps
from tests.fakes.faults import Asked, Rule, Script
from tests.fakes.ledger import Ledger
from tests.fakes.obedient import obedient
from workflows.llm.offline import answer

NOTHING = {"prompt_tokens": 0, "completion_tokens": 0}


class ClientGone(Exception):
    """The other side closed the connection before the answer was over."""


@dataclass
class Fake:
    ledger: Ledger
    latency: float = 0.0
    tokens_per_second: float = 0.0
    plain_tokens_per_second: float | None = None  # of answers in one piece; None: the same
    script: Script = field(default_factory=Script)
    dialect: Callable[[Answer, Rule | None], Iterator[Step]] = steps
    allowance: Allowance | None = None
    model: Callable[[dict[str, Any]], str] = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._served(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # Nobody asked anything, or nobody waits for the answer.
        finally:
            with contextlib.suppress(ConnectionError):
                writer.close()
                await writer.wait_closed()

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether the connection stays for another."""
        method, path, fields, body = await _request(reader)
        if not path.endswith("/chat/completions"):
            writer.write(self._control(method, path, body))
            return False
        asked = Asked(json.loads(body), fields.get("x-client-request-id", "").strip())
        return await self._complete(path, asked, reader, writer)

    async def _complete(
        self, path: str, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether it was a whole answer, of a length that was said."""
        rule = self.script.pick(asked)
        if rule is None and self.allowance is not None:
            rule = self.allowance.refusal()
        strange = self.dialect is gemini.steps and gemini.complaint(asked.body) is not None
        number = self.ledger.start(asked, rule, path)
        content = await asyncio.to_thread(self.model, asked.body)
        said = Answer(asked, number, content, self._gap(asked))
        try:
            await self._say(said, rule, reader, writer)
        except (ClientGone, ConnectionError):
            self.ledger.end(number, "closed", None)
            return False
        usage = NOTHING if strange or (rule and rule.refuses) else said.usage
        self.ledger.end(number, "fault" if rule or strange else "ok", usage)
        return not (rule or strange or asked.stream)

    def _gap(self, asked: Asked) -> float:
        speed, plain = self.tokens_per_second, self.plain_tokens_per_second
        if plain is not None and not asked.stream:
            speed = plain
        return 1 / speed if speed else 0.0

    async def _say(
        self,
        said: Answer,
        rule: Rule | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        gone = asyncio.create_task(reader.read(1))
        try:
            await _wait(self.latency, gone)
            for step in self.dialect(said, rule):
                await _take(step, writer, gone)
            if rule and rule.fault == "reset":
                writer.transport.abort()
        finally:
            gone.cancel()
            await asyncio.wait([gone])  # the next request is for another reader

    def _control(self, method: str, path: str, body: bytes) -> bytes:
        told: Any = json.loads(body or b"{}")
        if (method, path) == ("GET", "/ledger"):
            return head(200, JSON) + json.dumps(self.ledger.lines).encode()
        if path == "/script":
            rules = told if isinstance(told, list) else [told]
            added = [Rule.read(rule) for rule in rules] if method == "POST" else []
            self.script.rules = [*self.script.rules, *added] if method == "POST" else []
        elif path == "/obedience":
            self.model = obedient if told else answer
        elif path == "/allowance":
            self.allowance = Allowance.read(told)
        elif path == "/pace":
            self.latency = float(told.get("latency", self.latency))
            self.tokens_per_second = float(told.get("tokens_per_second", self.tokens_per_second))
            self.plain_tokens_per_second = told.get("plain", self.plain_tokens_per_second)
        else:
            return head(404, JSON) + b"{}"
        return head(200, JSON) + b"{}"


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes]:
    top = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = top.split("\r\n")
    method, path, _ = first.split(" ", 2)
    fields = dict(line.lower().split(":", 1) for line in lines if ":" in line)
    body = await reader.readexactly(int(fields.get("content-length", "0")))
    return method, path, fields, body


async def _take(step: Step, writer: asyncio.StreamWriter, gone: asyncio.Task[bytes]) -> None:
    if not isinstance(step, bytes):
        await _wait(step, gone)
        return
    if gone.done():
        raise ClientGone
    writer.write(step)
    await writer.drain()


async def _wait(seconds: float, gone: asyncio.Task[bytes]) -> None:
    """Wait, but notice when the client goes."""
    if seconds > 0:
        await asyncio.wait([gone], timeout=None if seconds == math.inf else seconds)
    if gone.done():
        raise ClientGone


async def main(arguments: argparse.Namespace) -> None:
    fake = Fake(Ledger(arguments.ledger), arguments.latency, arguments.tokens_per_second)
    fake.dialect = gemini.steps if arguments.gemini else steps
    server = await asyncio.start_server(fake.serve, "127.0.0.1", arguments.port)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
    if arguments.with_parent:
        # The test that started us holds the other end: when it dies, so do we.
        await asyncio.to_thread(sys.stdin.read)
    else:
        await server.serve_forever()


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--tokens-per-second", type=float, default=0.0)
    parser.add_argument("--gemini", action="store_true")
    parser.add_argument("--with-parent", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(parsed()))
