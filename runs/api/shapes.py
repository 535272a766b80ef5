"""What REST says, as types: the answers are made of them, and OpenAPI is written from them."""

from typing import Annotated, Any, Literal, Required

# pydantic cannot read those of `typing` before Python 3.12.
from annotated_types import MaxLen
from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

CLOSED = ConfigDict(extra="forbid")
LONGEST_REASON = 500
MOST_PATHS = 1000
Status = Literal["queued", "running", "waiting", "completed", "failed", "cancelled"]


class Estimate(TypedDict):
    runs: int  # that it follows from
    seconds: list[float]  # low and high, as are those below
    calls: list[float]
    tokens: list[float]
    usd: list[float] | None


class Workflow(TypedDict):
    name: str
    version: int
    title: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    estimate: Estimate | None  # None: too few runs of it have completed


class Workflows(TypedDict):
    items: list[Workflow]
    next: str | None


class Links(TypedDict):
    self: str
    events: str
    output: str
    page: str


class StartedRun(TypedDict):
    id: str
    workflow: str
    version: int
    status: Status
    links: Links


class Error(TypedDict):
    type: str
    message: str


class EndedRun(StartedRun):
    """What a start answers that waited for the end, and saw it."""

    output: Any
    error: Error | None


class Usage(TypedDict):
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    calls: int


class Progress(TypedDict):
    done: float | None
    total: float | None
    message: str


class Waiting(TypedDict):
    key: str
    title: str
    form_schema: Any
    default: Any
    until: str | None


class RunSummary(TypedDict):
    id: str
    workflow: str
    version: int
    status: Status
    attempt: int
    error: Error | None
    usage: Usage
    created_at: str
    started_at: str | None
    finished_at: str | None
    progress: Progress
    forked_from: str | None
    links: Links


class RunDetail(RunSummary):
    current_version: int | None  # of the worker that had it last; another than `version` adopted it
    input: Any
    output: Any
    waiting: Waiting | None


class Runs(TypedDict):
    items: list[RunSummary]
    next: str | None


class SpanNode(TypedDict):
    path: str
    name: str
    status: str
    started_at: str | None
    duration_ms: float | None
    tries: int
    cached: bool
    replayed: bool
    usage: Usage
    children: list["SpanNode"]


class Trace(TypedDict):
    items: list[SpanNode]
    next: str | None


class Sums(Usage):
    known_usd: float
    unknown_calls: int


class SumsOfDay(Sums):
    day: str


class SumsOfWorkflow(Sums):
    workflow: str


class SumsOfModel(Sums):
    model: str


# A field named `from` can only be spelt like this.
UsageReport = TypedDict(
    "UsageReport",
    {
        "from": str,
        "to": str,
        "total": Sums,
        "by_day": list[SumsOfDay],
        "by_workflow": list[SumsOfWorkflow],
        "by_model": list[SumsOfModel],
    },
)


class LogEvent(TypedDict):
    id: str
    v: int
    kind: str
    at: str
    span: str | None
    data: dict[str, Any]


class ServerSentEvent(TypedDict, total=False):
    """`data` is the event as JSON; an `event: reset` has no id."""

    id: str
    event: str
    data: Required[str]


@with_config(CLOSED)
class CancellationRequest(TypedDict, total=False):
    reason: Annotated[str, MaxLen(LONGEST_REASON)]


class Cancellation(TypedDict):
    id: str
    status: Status
    links: Links


# A field named `from` can only be spelt like this.
_Fork = TypedDict(
    "_Fork",
    {"from": Annotated[list[str], MaxLen(MOST_PATHS)] | None, "input": dict[str, Any] | None},
    total=False,
)


@with_config(CLOSED)
class ForkRequest(_Fork):
    """Without any of it: a resume."""


class Problem(TypedDict, total=False):
    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]]
