"""What a run says: one frozen dataclass per kind of event, one union, a closed list of errors.

Field names are the names in the JSON, but for `of_try`, which is `try` there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from workflows.wire.cursor import Cursor

ERROR_TYPES = frozenset({
    "invalid_input", "unreachable", "forbidden_address", "robots_denied", "not_html", "empty_page",
    "provider_unavailable", "provider_refused", "rate_limited", "timeout", "deadline", "budget",
    "invalid_answer", "content_filtered", "crashed", "no_worker", "internal",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use: seconds from the moment it was queued, US dollars, tokens. None: no
    bound."""

    deadline_s: float | None = None
    usd: float | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Error:
    """Why something ended badly. `type` is one of ERROR_TYPES, `message` a sentence for people."""

    type: str
    message: str
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One try at a provider that ended. None means unknown, which is never zero. `id`: under which
    the ledger has it; "" for a sum of many, and in logs from before there was one."""

    provider: str
    model: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    first_token_ms: float | None = None
    status: str = "ok"
    id: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a result from the cache came to when it was made. None: unknown."""

    tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """`saved`: of a cached span only."""

    calls: tuple[Call, ...] = ()
    saved: Saved | None = None


@dataclass(frozen=True, slots=True)
class RunQueued:
    kind: ClassVar[str] = "run.queued"
    workflow: str
    version: int
    owner: str
    input: Any
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A worker opened an attempt. `reason`: first, woken, handed over, crashed or restored.
    `isolated`: in a process of its own, so that it takes nobody along if it crashes again."""

    kind: ClassVar[str] = "run.started"
    worker: str
    version: int
    reason: str = "first"
    taken_over: int = 0
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class RunRestored:
    """Forget what you had: what follows is complete. `starts`, `started_at` and `waited_ms` go on
    counting, a suspect stays one."""

    kind: ClassVar[str] = "run.restored"
    starts: int = 0
    started_at: int | None = None
    waited_ms: int = 0
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class RunWaiting:
    """The run wants an answer, or only time to pass (then it has no `form_schema`). `until`: when
    it goes on without one, in ms; the first `run.waiting` with this key fixes it."""

    kind: ClassVar[str] = "run.waiting"
    key: str
    title: str = ""
    form_schema: Any = None
    default: Any = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class RunAnswered:
    """`by`: user, timeout (`value` is the default, if there is one) or default."""

    kind: ClassVar[str] = "run.answered"
    key: str
    by: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class RunSignalled:
    """The run took notice of a signal. `id`: given by whoever sent it.

    >>> signal = Signal("1", "add", {"url": "https://example.org"})
    >>> signal.name, signal.value
    ('add', {'url': 'https://example.org'})
    """

    kind: ClassVar[str] = "run.signalled"
    id: str
    name: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class RunCompleted:
    kind: ClassVar[str] = "run.completed"
    output: Any = None


@dataclass(frozen=True, slots=True)
class RunFailed:
    kind: ClassVar[str] = "run.failed"
    error: Error


@dataclass(frozen=True, slots=True)
class RunCancelled:
    """`by`: owner, staff or system."""

    kind: ClassVar[str] = "run.cancelled"
    by: str = "owner"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SpanStarted:
    """`hash` is the span's whole identity: equal in every attempt of the run."""

    kind: ClassVar[str] = "span.started"
    name: str
    hash: str
    key: str | None = None
    label: str = ""
    parent: str | None = None
    input_preview: str = ""


@dataclass(frozen=True, slots=True)
class SpanRetrying:
    """Try number `of_try` of `of` failed; the next begins in `delay_s` seconds."""

    kind: ClassVar[str] = "span.retrying"
    of_try: int
    of: int
    delay_s: float
    error: Error
    provider: str = ""


@dataclass(frozen=True, slots=True)
class SpanCompleted:
    """`copied` names the span of another run, `run:hash`, whose result this is."""

    kind: ClassVar[str] = "span.completed"
    output: Any = None
    duration_ms: float = 0.0
    tries: int = 1
    cached: bool = False
    copied: str | None = None
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class SpanFailed:
    kind: ClassVar[str] = "span.failed"
    error: Error
    duration_ms: float = 0.0
    tries: int = 1
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Status:
    kind: ClassVar[str] = "status"
    message: str
    done: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """`at`: offset in the channel, in code points; what stood there and after it is replaced."""

    kind: ClassVar[str] = "text"
    channel: str
    at: int
    delta: str


@dataclass(frozen=True, slots=True)
class Object:
    kind: ClassVar[str] = "object"
    label: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Log:
    kind: ClassVar[str] = "log"
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """An event of a kind that this code does not know; it survives a round trip."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


Body = (
    RunQueued | RunStarted | RunRestored | RunWaiting | RunAnswered | RunSignalled | RunCompleted
    | RunFailed | RunCancelled | SpanStarted | SpanRetrying | SpanCompleted | SpanFailed | Status
    | Text | Object | Log | Unknown
)  # fmt: skip
BODIES: tuple[type, ...] = (
    RunQueued, RunStarted, RunRestored, RunWaiting, RunAnswered, RunSignalled, RunCompleted,
    RunFailed, RunCancelled, SpanStarted, SpanRetrying, SpanCompleted, SpanFailed, Status, Text,
    Object, Log,
)  # fmt: skip
TERMINAL = frozenset({RunCompleted.kind, RunFailed.kind, RunCancelled.kind})


@dataclass(frozen=True, slots=True)
class Event:
    """One fact that a run says. `at` is milliseconds since 1970, `span` a display path.

    An opening (the first event of an attempt) also has `after`, the id it follows, and `nonce`,
    which tells one delivery of an order from another. `extra` are fields newer than this code, `v`
    is the version of the format that its writer used.
    """

    id: Cursor
    at: int
    span: str | None
    body: Body
    after: Cursor | None = None
    nonce: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    v: int = 1

    @property
    def kind(self) -> str:
        return self.body.kind

    @property
    def terminal(self) -> bool:
        return self.body.kind in TERMINAL
