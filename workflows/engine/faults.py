"""The errors of one attempt as staff get to see them: whole, but for secrets, and each once.

Readers are told a sentence (`errors.described`); who repairs the flow needs the stack.
"""

from __future__ import annotations

import traceback

from workflows.engine.errors import mark
from workflows.engine.masking import Mask
from workflows.wire.faults import PER_ATTEMPT, TEXT_MAX, Fault, packed

CUT = "\n[…]\n"


class Faults:
    def __init__(self, attempt: int, mask: Mask) -> None:
        self._attempt = attempt
        self._mask = mask
        self._count = 0

    def of(self, error: BaseException, *, span: str, what: str, at: int) -> dict[str, bytes]:
        """What to keep beside the event that tells of it. Nothing when it was kept before: an
        error passes through the spans above the one where it happened."""
        if self._count >= PER_ATTEMPT or getattr(error, "__gx_kept__", None) is self:
            return {}
        number, self._count = self._count, self._count + 1
        mark(error, "__gx_kept__", self)
        text = clipped(self._mask.text(printed(error)))
        return packed(Fault(self._attempt, number, at, span, what, text))


def printed(error: BaseException) -> str:
    """As Python prints it, also when its own text cannot be made."""
    return "".join(traceback.format_exception(error))


def clipped(text: str) -> str:
    """Without the middle of what is too long: its beginning is the cause, its end the error."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= TEXT_MAX:
        return raw.decode()
    part = (TEXT_MAX - len(CUT.encode())) // 2
    return raw[:part].decode("utf-8", "ignore") + CUT + raw[-part:].decode("utf-8", "ignore")
