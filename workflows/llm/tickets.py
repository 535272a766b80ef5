"""A call that wants its turn, and what is said of it when it is through."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from workflows.engine.context import Scope


@dataclass(eq=False, slots=True)
class Ticket:
    """`lane`: one of bucket.LANES. `tokens`: what the call may come to. `patience_s`: it goes away
    when the provider is to be left alone for longer."""

    scope: Scope
    lane: str
    tokens: int
    patience_s: float = math.inf
    id: str = field(default_factory=lambda: uuid4().hex)
    told: bool = False  # Redis may know of it
    turn: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def grant(self) -> None:
        if not self.turn.done():
            self.turn.set_result(None)

    def fail(self, error: BaseException) -> None:
        if not self.turn.done():
            self.turn.set_exception(error)

    def shown(self) -> Mapping[str, Any]:
        """For the script. NUL and SOH part the fields of a place there."""
        owner = self.scope.owner.replace("\0", "").replace("\1", "")
        return {"id": self.id, "lane": self.lane, "owner": owner, "tokens": self.tokens}


@dataclass(frozen=True, slots=True)
class End:
    """`used`: tokens, None if nobody told. `sent`: whether the provider may have counted it.
    `pause_s`: it refused for its limits and asked to wait so long; 0: it did not say how long."""

    id: str
    used: int | None = None
    sent: bool = False
    ok: bool = False
    pause_s: float | None = None

    def shown(self) -> Mapping[str, Any]:
        return {
            "id": self.id,
            "used": -1 if self.used is None else self.used,
            "sent": self.sent,
            "ok": self.ok,
            "pause": -1 if self.pause_s is None else self.pause_s * 1000,
        }
