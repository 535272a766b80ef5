"""The server with rules 1 and 4 switched off: what the scripts would be without them."""

from __future__ import annotations

from typing import Any

from tests.model.server import TERMINAL_KINDS, Server
from tests.model.switches import Switches
from workflows.wire.cursor import Cursor
from workflows.wire.script import Answer, Reply


class BrokenServer(Server):
    def __init__(self, switches: Switches, run_id: str) -> None:
        super().__init__(run_id)
        self.switches = switches

    def append(self, keys: tuple[str, ...], args: tuple[Any, ...]) -> Reply:
        if not self.switches.append_names_its_ids:
            return self._append_anywhere(keys[0], args)
        if not self.switches.append_compares:
            return self._append_above(keys[0], args)
        return super().append(keys, args)

    def _append_anywhere(self, log: str, args: tuple[Any, ...]) -> Reply:
        if not self.entries(log):
            return Reply(Answer.GONE)
        self._write(log, self.tip(log).id.next(), args[4 : 4 + 2 * int(args[3])])
        return Reply(Answer.OK)

    def _append_above(self, log: str, args: tuple[Any, ...]) -> Reply:
        """Plain XADDs: Redis refuses an id that is not above the last."""
        at, n = Cursor(int(args[1]), int(args[2])), int(args[3])
        if self.entries(log):
            tip = self.tip(log)
            if n and tip.id == at.next(n - 1):
                return Reply(Answer.OK)
            if tip.kind in TERMINAL_KINDS:
                return Reply(Answer.ENDED, str(tip.id))
            if tip.id >= at:
                return Reply(Answer.LOST, str(tip.id))
        self._write(log, at, args[4 : 4 + 2 * n])
        return Reply(Answer.OK)

    def open(self, keys: tuple[str, ...], args: tuple[Any, ...]) -> Reply:
        if not self.switches.open_ignores_leases:
            lease = self.hgetall(keys[2])
            own = self.entry(keys[0], Cursor(int(args[0]), 0))
            if own is None and lease.get(b"worker") and int(lease[b"until"]) > self.now:
                return Reply(Answer.LATE, "leased")
        return super().open(keys, args)

    def _refuses(
        self, log: str, attempt: int, nonce: bytes, server: str, restore: bool
    ) -> Reply | None:
        if not self.switches.open_knows_its_server:
            server = self.run_id
        opening = self.entry(log, Cursor(attempt, 0))
        if not self.switches.open_knows_its_nonce and opening is not None:
            nonce = opening.nonce
        return super()._refuses(log, attempt, nonce, server, restore)
