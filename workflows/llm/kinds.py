"""The calls of the SDK that are traced: how each is answered, streamed, and who may stand in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openai._constants import RAW_RESPONSE_HEADER
from openai._models import FinalRequestOptions
from openai._utils import is_given

from workflows.llm.completeness import Answer, Tally
from workflows.llm.replies import Reply
from workflows.llm.stream import Traced, TracedEvents, TracedStream
from workflows.llm.vectors import Vectors


@dataclass(frozen=True, slots=True)
class Kind:
    """`asks_usage`: whether that of a stream has to be asked for. `everywhere`: whether all that
    speak the API have it. `alike`: whether another model's answer is as good. `speaks`: whether
    the answer has tokens of its own."""

    answer: Callable[[], Answer]
    stream: type[Traced[Any]] = TracedStream
    asks_usage: bool = False
    everywhere: bool = True
    alike: bool = True
    speaks: bool = True


CHAT = Kind(Tally, asks_usage=True)
KINDS = {
    "/chat/completions": CHAT,
    "/responses": Kind(Reply, TracedEvents, everywhere=False),
    # Vectors of two models cannot be compared: nobody stands in.
    "/embeddings": Kind(Vectors, alike=False, speaks=False),
}


def kind_of(options: FinalRequestOptions) -> Kind | None:
    """None: nothing is known of it, and it passes through as it is."""
    return KINDS.get(options.url) if options.method.lower() == "post" else None


def is_raw(options: FinalRequestOptions) -> bool:
    """Whether the response itself is wanted, with nothing done to it."""
    headers = options.headers if is_given(options.headers) else {}
    return any(name.lower() == RAW_RESPONSE_HEADER.lower() for name in headers)
