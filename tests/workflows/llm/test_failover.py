"""Which provider gets a call, and which one goes on when it fails."""

import json
from typing import Any

import httpx2
import pytest

from tests.workflows.llm.worlds import ASK, Scope, completion
from workflows.engine.context import entered
from workflows.engine.errors import Failure
from workflows.llm.failover import Failover
from workflows.llm.openai import Door, open_door
from workflows.llm.providers import Provider


def provider(name: str, **models: str) -> dict[str, Any]:
    known = {"small": f"{name}-small", "large": f"{name}-large", **models}
    url = f"http://{name}.invalid/v1"
    return {"name": name, "base_url": url, "key_env": f"{name.upper()}_KEY", "models": known}


class Pair:
    """Two providers, a and b, and what they were asked; each answers with a status of its own."""

    def __init__(self, **status: int) -> None:
        self.status = {"a": 200, "b": 200, **status}
        self.asked: list[tuple[str, str, str]] = []

    def door(self) -> Door:
        described = json.dumps([provider("a", embedding="a-embedding"), provider("b")])
        environ = {"GX_PROVIDERS": described, "A_KEY": "key-a", "B_KEY": "key-b"}
        return open_door(environ, transport=httpx2.MockTransport(self.answer))

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        name = request.url.host.partition(".")[0]
        model = json.loads(request.content)["model"]
        self.asked.append((name, request.headers["authorization"], model))
        return httpx2.Response(self.status[name], json=completion(model=model))


async def ask(door: Door, model: str = "large") -> str:
    return (await door.chat.completions.create(model=model, messages=ASK)).model


A = ("a", "Bearer key-a", "a-large")
B = ("b", "Bearer key-b", "b-large")


async def test_the_first_of_the_chain_is_asked_while_it_answers() -> None:
    pair = Pair()
    assert await ask(pair.door()) == "a-large"
    assert pair.asked == [A]


async def test_another_goes_on_with_its_own_key_and_model_when_one_is_away() -> None:
    pair, scope = Pair(a=503), Scope()
    with entered(scope):
        assert await ask(pair.door()) == "b-large"
    assert pair.asked == [A, B]
    assert [(call.provider, call.model, call.status) for call in scope.calls] == [
        ("a", "a-large", "provider_unavailable"),
        ("b", "b-large", "ok"),
    ]


@pytest.mark.parametrize("status", [400, 404, 422, 429])
async def test_nobody_else_is_asked_what_one_provider_refuses(status: int) -> None:
    pair = Pair(a=status)
    with pytest.raises(Failure):
        await ask(pair.door())
    assert pair.asked == [A]


async def test_when_all_are_away_the_last_ones_failure_is_told() -> None:
    pair = Pair(a=503, b=530)
    with pytest.raises(Failure, match="b is not available at the moment \\(HTTP 530\\)") as failed:
        await ask(pair.door())
    assert failed.value.provider == "b"
    assert pair.asked == [A, B]


async def test_a_models_own_name_goes_to_those_that_have_it() -> None:
    pair = Pair(b=503)
    with pytest.raises(Failure):
        await ask(pair.door(), "b-large")
    assert pair.asked == [B]


async def test_a_doors_options_hold_at_every_provider() -> None:
    pair, seen = Pair(a=503), []
    door = pair.door()
    hooked = door.with_options(default_headers={"X-Mine": "1"}, timeout=4)
    door._at(door.line.chain.lines[1].provider)  # a copy without these was made before

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.headers.get("x-mine"), request.extensions["timeout"]["read"]))
        return pair.answer(request)

    for line in door.line.chain.lines:
        line._gate._inner = httpx2.MockTransport(answer)
    await ask(hooked)
    assert seen == [("1", 4), ("1", 4)]


async def test_an_address_of_ones_own_is_the_only_one_asked() -> None:
    pair = Pair(a=503)
    with pytest.raises(Failure):
        await ask(pair.door().with_options(base_url="http://a.invalid/v2"))
    assert pair.asked == [A]


NAMES: Any = {"small": "s", "large": "l"}
FIRST = Provider("first", "http://1", "k", {**NAMES, "embedding": "e"})
SECOND = Provider("second", "http://2", "k", NAMES)


@pytest.mark.parametrize(
    ("model", "able"),
    [
        ("large", (FIRST, SECOND)),
        ("l", (FIRST, SECOND)),
        ("embedding", (FIRST,)),
        ("of nobody", (FIRST,)),
    ],
)
def test_who_has_a_model(model: str, able: tuple[Provider, ...]) -> None:
    assert Failover((FIRST, SECOND)).able(model) == able
