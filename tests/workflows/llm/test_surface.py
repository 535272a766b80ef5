"""The door has all of the SDK: every resource and method, and what they send, byte for byte."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI

from tests.workflows.llm.worlds import ASK, completion
from workflows.engine.errors import Failure
from workflows.llm.openai import Door, open_door

URL = "http://loopback.invalid/v1"
# What Door and its chat add to the SDK's own; all else must be the very same class.
OURS = {"chat", "chat.completions"}


def theirs(handler: Any) -> AsyncOpenAI:
    client = httpx2.AsyncClient(
        transport=httpx2.MockTransport(handler),
        timeout=httpx2.Timeout(None, connect=10),
        follow_redirects=True,
        trust_env=False,
    )
    return AsyncOpenAI(api_key="sk-1", base_url=URL, http_client=client, max_retries=0)


def ours(handler: Any) -> Door:
    settings = {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": URL}
    return open_door(settings, transport=httpx2.MockTransport(handler))


def nothing(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={})


def walked(mine: Any, sdk: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any, Any]]:
    """Every public attribute of the SDK's resources, with the door's."""
    for name in sorted(n for n in dir(type(sdk)) if not n.startswith("_")):
        if isinstance(inspect.getattr_static(type(sdk), name), staticmethod | classmethod):
            continue
        here = f"{path}.{name}".lstrip(".")
        pair = getattr(mine, name), getattr(sdk, name)
        yield (here, *pair)
        if hasattr(pair[1], "_client") and name not in VIEWS and depth < 6:
            yield from walked(*pair, here, depth + 1)


VIEWS = ("with_raw_response", "with_streaming_response")


def test_every_resource_and_method_is_there_with_its_signature() -> None:
    resources, methods = 0, 0
    for path, mine, sdk in walked(ours(nothing), theirs(nothing)):
        if hasattr(sdk, "_client"):
            resources += 1
            assert isinstance(mine, type(sdk)), path
            assert path in OURS or type(mine) is type(sdk), path
        elif callable(sdk):
            methods += 1
            assert signature(mine, path) == signature(sdk, path), path
        elif path.rpartition(".")[2] in VIEWS:
            assert public(mine) == public(sdk), path
    # The walk has really been through the SDK, and not past it.
    assert resources > 50
    assert methods > 200


def signature(method: Any, path: str) -> Any:
    """With its annotations, but for the one method that is ours."""
    said = inspect.signature(method)
    if path != "request":
        return said
    return [(p.name, p.kind, p.default) for p in said.parameters.values()]


def public(thing: Any) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


class Wire:
    """Keeps what was sent, as it was."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        boundary = re.search(rb"boundary=([0-9a-f]+)", str(request.headers).encode())
        headers = sorted((name, value) for name, value in request.headers.multi_items())
        said = (request.method, str(request.url), headers, body, request.extensions["timeout"])
        self.sent.append(_without(said, boundary[1].decode() if boundary else "none"))
        return self._answer(request)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        vector = {"object": "embedding", "index": 0, "embedding": [0.5]}
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        bodies = {
            "/v1/embeddings": {"object": "list", "data": [vector], "model": "m", "usage": usage},
            "/v1/responses": {"object": "response", "output": [{"type": "message"}]},
        }
        body = bodies.get(request.url.path, completion())
        return httpx2.Response(200, json=body, headers={"x-request-id": "r1"})


def _without(said: Any, boundary: str) -> Any:
    """Multipart boundaries and idempotency keys are drawn anew for each request."""
    text = re.sub(r"'(stainless-python-retry-)[0-9a-f-]+'", r"'\1'", repr(said))
    return text.replace(boundary, "BOUNDARY")


Sample = Callable[[AsyncOpenAI], Any]
SAMPLES: dict[str, Sample] = {
    "chat": lambda c: c.chat.completions.create(
        model="gpt-6-luna", messages=ASK, temperature=0.5, seed=3, user="ü", n=1, stop=["x"]
    ),
    "chat with everything extra": lambda c: c.chat.completions.create(
        model="gpt-6-luna", messages=ASK, extra_headers={"X-A": "1"}, extra_query={"q": "2"},
        extra_body={"b": 3}, timeout=4,
    ),
    "chat, parsed": lambda c: c.chat.completions.parse(
        model="gpt-6-luna", messages=ASK, response_format={"type": "json_object"},  # type: ignore[arg-type]
    ),
    "chat, raw": lambda c: c.chat.completions.with_raw_response.create(
        model="gpt-6-luna", messages=ASK, timeout=httpx2.Timeout(5, read=7)
    ),
    "options": lambda c: c.with_options(
        timeout=3, default_headers={"X-B": "1"}, default_query={"d": "4"}
    ).chat.completions.create(model="gpt-6-luna", messages=ASK),
    "embeddings": lambda c: c.embeddings.create(
        model="text-embedding-3-small", input=["a", "b"], dimensions=8, encoding_format="float"
    ),
    "embeddings, raw": lambda c: c.embeddings.with_raw_response.create(
        model="text-embedding-3-small", input="a"
    ),
    "responses": lambda c: c.responses.create(
        model="gpt-6.1-sol", input="Which gas?", instructions="Be short.", timeout=6
    ),
    "responses, raw": lambda c: c.responses.with_raw_response.create(
        model="gpt-6.1-sol", input="Which gas?"
    ),
    "models": lambda c: c.models.retrieve("gpt-6-luna", timeout=2),
    "models, listed": lambda c: c.models.list(extra_query={"after": "x"}),
    "a file": lambda c: c.files.create(file=("a.txt", b"text"), purpose="assistants"),
    "moderations": lambda c: c.moderations.create(input="text"),
    "images": lambda c: c.images.generate(prompt="air", size="1024x1024"),
    "speech": lambda c: c.audio.speech.create(model="tts", voice="alloy", input="air"),
    "a vector store": lambda c: c.vector_stores.create(name="air"),
    "deleting": lambda c: c.files.delete("file-1"),
    "any post": lambda c: c.post("/anything", cast_to=object, body={"a": [1, 2.5, None]}),
    "any get": lambda c: c.get("/anything", cast_to=httpx2.Response),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
async def test_what_is_sent_is_byte_for_byte_the_sdks(name: str) -> None:
    mine, sdk = Wire(), Wire()
    await SAMPLES[name](ours(mine))
    await SAMPLES[name](theirs(sdk))
    assert mine.sent == sdk.sent
    assert len(mine.sent) == 1


async def test_streaming_responses_arrive_unchanged() -> None:
    mine, sdk = Wire(), Wire()
    heard = []
    for client in (ours(mine), theirs(sdk)):
        made = client.chat.completions.with_streaming_response.create(
            model="gpt-6-luna", messages=ASK, timeout=9
        )
        async with made as response:
            heard.append((response.headers["x-request-id"], await response.read()))
    assert mine.sent == sdk.sent
    assert heard[0] == heard[1]


async def test_only_the_usage_of_a_stream_is_asked_for_in_addition() -> None:
    mine, sdk = Wire(), Wire()
    told: dict[str, Any] = {"model": "gpt-6-luna", "messages": ASK, "stream": True}
    with pytest.raises(Failure):  # The answer is none of a stream's.
        await ours(mine).chat.completions.create(**told)
    await theirs(sdk).chat.completions.create(**told, stream_options={"include_usage": True})
    # Ours comes after what the caller said; the SDK has an order of its own.
    assert sorted(mine.sent[0]) == sorted(sdk.sent[0])
