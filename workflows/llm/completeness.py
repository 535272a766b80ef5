"""Is an answer whole? Seven kinds of truncated or empty answers reach us as success.

A rule without I/O: parts of an answer go in, chunks of a stream or one plain completion, and a
verdict comes out. Only a finish_reason, given by the provider, makes an answer a success.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from workflows.engine.errors import Failure
from workflows.llm.dialects import translate
from workflows.llm.prices import Tokens

UNFIT = frozenset({"length", "content_filter", "error"})


@dataclass(slots=True)
class _Choice:
    finish: str | None = None
    spoke: bool = False
    refused: bool = False


class Answer(Protocol):
    """What has come so far of an answer, of whatever kind."""

    parts: int
    tokens: Tokens | None

    def add(self, part: object) -> None:
        """Take note of a piece, or of the whole, however malformed."""

    def verdict(self, provider: str) -> Failure | None:
        """None: a whole answer."""

    def begins(self, part: Any) -> bool:
        """Does this piece bring something that a reader would see, the first token?"""

    def wanted(self, part: Any, *, shows_usage: bool) -> bool:
        """Should whoever asked see this piece?"""


@dataclass(slots=True)
class Tally:
    """Of chat completions."""

    parts: int = 0
    choices: dict[int, _Choice] = field(default_factory=dict)
    tokens: Tokens | None = None

    def add(self, part: object) -> None:
        """Take note of a chunk or a completion, however malformed."""
        self.parts += 1
        self.tokens = counted(getattr(part, "usage", None)) or self.tokens
        for choice in choices_of(part):
            self._see(choice)

    def verdict(self, provider: str) -> Failure | None:
        """None: a whole answer."""
        if not self.parts:
            return _unavailable(provider, "ended its answer without saying anything.")
        if not self.choices:
            return _invalid(provider, "sent an empty answer.")
        verdicts = (_verdict(choice, provider) for choice in self.choices.values())
        return next((failure for failure in verdicts if failure is not None), None)

    def begins(self, part: object) -> bool:
        """Does this chunk bring something that a reader would see, the first token?"""
        return any(speaks(getattr(choice, "delta", None)) for choice in choices_of(part))

    def wanted(self, part: object, *, shows_usage: bool) -> bool:
        """Hold back what ends in a failure: the usage comes after it, and then we raise."""
        if unfit(part):
            return False
        return bool(choices_of(part)) or (shows_usage and hasattr(part, "choices"))

    def _see(self, choice: Any) -> None:
        translate(choice)
        seen = self.choices.setdefault(getattr(choice, "index", None) or 0, _Choice())
        seen.finish = getattr(choice, "finish_reason", None) or seen.finish
        said = getattr(choice, "delta", None) or getattr(choice, "message", None)
        seen.spoke = seen.spoke or speaks(said)
        seen.refused = seen.refused or bool(getattr(said, "refusal", None))


def _verdict(choice: _Choice, provider: str) -> Failure | None:
    if choice.finish == "content_filter":
        return Failure(
            "content_filtered", f"{provider} withheld its answer by its rules on content."
        )
    if choice.finish in (None, "error"):
        return _unavailable(provider, "broke off before its answer was complete.")
    if choice.finish == "length":
        return _invalid(provider, "reached its length limit before its answer was complete.")
    if choice.refused and not choice.spoke:
        return Failure("content_filtered", f"{provider} declined to answer.")
    if not choice.spoke:
        return _invalid(provider, "sent an empty answer.")
    return None


def unfit(part: object) -> bool:
    """Does this chunk end its choice in a way that makes the whole answer a failure?"""
    return any(getattr(choice, "finish_reason", None) in UNFIT for choice in choices_of(part))


def speaks(said: object) -> bool:
    """Is there anything in this message or delta that an answer can consist of?"""
    content = getattr(said, "content", None)
    if isinstance(content, str) and content.strip():
        return True
    return any(getattr(said, part, None) for part in ("tool_calls", "function_call", "audio"))


def counted(usage: Any) -> Tokens | None:
    """The provider's own count; None, which is unknown, if it gave none."""
    prompt, completion = (getattr(usage, n, None) for n in ("prompt_tokens", "completion_tokens"))
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    details = getattr(usage, "prompt_tokens_details", None)
    cached = getattr(details, "cached_tokens", None) or 0
    written = getattr(details, "cache_write_tokens", None) or 0
    return Tokens(prompt, completion, cached, written)


def choices_of(part: object) -> list[Any]:
    """The choices of a chunk or completion, however malformed."""
    choices = getattr(part, "choices", None)
    return choices if isinstance(choices, list) else []


def _unavailable(provider: str, what: str) -> Failure:
    return Failure("provider_unavailable", f"{provider} {what}", retryable=True)


def _invalid(provider: str, what: str) -> Failure:
    return Failure("invalid_answer", f"{provider} {what}", retryable=True)
