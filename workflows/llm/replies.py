"""Is an answer of `responses` whole? In one piece, or as events of which the last has it all.

As for chat: an answer that ended too soon is no success, and what a provider withheld is said so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.engine.errors import Failure
from workflows.llm.prices import Tokens

LAST = {"response.completed", "response.incomplete", "response.failed"}
UNFIT = {"response.incomplete", "response.failed", "error"}
LATER = {"queued", "in_progress"}  # of a call with `background`: it is fetched when it is done


@dataclass(slots=True)
class Reply:
    """What has come; see completeness.Tally."""

    parts: int = 0
    tokens: Tokens | None = None
    last: Any = None  # the whole response, as it ended
    broken: bool = False  # an event said so

    def add(self, part: object) -> None:
        self.parts += 1
        kind = getattr(part, "type", None)
        self.broken = self.broken or kind == "error"
        response = getattr(part, "response", None) if isinstance(kind, str) else part
        if response is None or (isinstance(kind, str) and kind not in LAST):
            return
        self.last = response
        self.tokens = counted(getattr(response, "usage", None)) or self.tokens

    def verdict(self, provider: str) -> Failure | None:
        """None: a whole answer."""
        if not self.parts:
            return _unavailable(provider, "ended its answer without saying anything.")
        if self.broken:
            return _unavailable(provider, "reported an error in the middle of its answer.")
        if self.last is None:
            return _unavailable(provider, "broke off before its answer was complete.")
        return _verdict(self.last, provider)

    def begins(self, part: Any) -> bool:
        kind = str(getattr(part, "type", ""))
        return kind.endswith(".delta") or kind in LAST | UNFIT

    def wanted(self, part: Any, *, shows_usage: bool) -> bool:
        return getattr(part, "type", None) not in UNFIT


def _verdict(response: Any, provider: str) -> Failure | None:
    status = getattr(response, "status", None) or "completed"
    if status == "incomplete":
        reason = getattr(getattr(response, "incomplete_details", None), "reason", None)
        return _withheld(provider) if reason == "content_filter" else _too_long(provider)
    if status == "failed":
        return _unavailable(provider, "reported an error instead of an answer.")
    if status in LATER and getattr(response, "background", None):
        return None
    if status != "completed":
        return _unavailable(provider, "broke off before its answer was complete.")
    if not getattr(response, "output", None):
        return _invalid(provider, "sent an empty answer.")
    return None


def counted(usage: Any) -> Tokens | None:
    """The provider's own count; None, which is unknown, if it gave none."""
    prompt, completion = (getattr(usage, name, None) for name in ("input_tokens", "output_tokens"))
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    details = getattr(usage, "input_tokens_details", None)
    cached = getattr(details, "cached_tokens", None) or 0
    written = getattr(details, "cache_write_tokens", None) or 0
    return Tokens(prompt, completion, cached, written)


def _withheld(provider: str) -> Failure:
    return Failure("content_filtered", f"{provider} withheld its answer by its rules on content.")


def _too_long(provider: str) -> Failure:
    return _invalid(provider, "reached its length limit before its answer was complete.")


def _unavailable(provider: str, what: str) -> Failure:
    return Failure("provider_unavailable", f"{provider} {what}", retryable=True)


def _invalid(provider: str, what: str) -> Failure:
    return Failure("invalid_answer", f"{provider} {what}", retryable=True)
