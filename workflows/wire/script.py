"""A script call is a value: made by plain functions, run by one thin shell for each kind of client.

Scripts travel with the code (EVALSHA, then EVAL), not as functions kept in the server: blue and
green workers would overwrite each other's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import NoScriptError


class Answer(StrEnum):
    """What a script says. Only these are refusals: an error or a lost reply means "unknown"."""

    OK = "ok"
    GONE = "gone"
    LOST = "lost"
    ENDED = "ended"
    LATE = "late"
    STALE = "stale"
    EXISTS = "exists"
    TAKEN = "taken"
    UNREAD = "unread"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and with it an id, an attempt or a Redis run id where the script gives one."""

    answer: Answer
    detail: str = ""

    @property
    def ok(self) -> bool:
        return self.answer is Answer.OK


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """A script with its keys and arguments, ready to be sent, also a second time."""

    name: str
    keys: tuple[str, ...]
    args: tuple[Any, ...]

    def evalsha(self) -> tuple[Any, ...]:
        """The command, for `execute_command` or a pipeline."""
        return ("EVALSHA", SHA[self.name], len(self.keys), *self.keys, *self.args)

    def eval(self) -> tuple[Any, ...]:
        return ("EVAL", SOURCES[self.name], len(self.keys), *self.keys, *self.args)


def reply(raw: Sequence[bytes]) -> Reply:
    return Reply(Answer(raw[0].decode()), raw[1].decode() if len(raw) > 1 else "")


def run_script(client: Redis, call: ScriptCall) -> Reply:
    """Raises redis.exceptions.RedisError when the outcome is unknown."""
    send: Any = client.execute_command
    try:
        return reply(send(*call.evalsha()))
    except NoScriptError:
        return reply(send(*call.eval()))


async def run_script_async(client: AsyncRedis, call: ScriptCall) -> Reply:
    """As `run_script`."""
    send: Any = client.execute_command
    try:
        return reply(await send(*call.evalsha()))
    except NoScriptError:
        return reply(await send(*call.eval()))


NAMES = ("append", "open", "queue", "beat", "release", "park", "answer", "signal", "turn")
SOURCES = {
    name: files("workflows.wire").joinpath("scripts", f"{name}.lua").read_text() for name in NAMES
}
# SHA-1 is how Redis names a script; nothing secret hangs on it.
SHA = {
    name: hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
    for name, source in SOURCES.items()
}
