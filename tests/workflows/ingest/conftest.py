"""The ingest workflow on loopback sites, with the offline model, as fast as it can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.fakes.site import Site, serving
from tests.workflows.blog.worlds import Model, Script
from tests.workflows.engine.house import House
from workflows.llm.openai import open_door

PROVIDERS = ("GX_PROVIDERS", "OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY")
OFFLINE = {"GX_OFFLINE_TOKENS_PER_SECOND": "0"}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROVIDERS, "PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GX_OFFLINE_TOKENS_PER_SECOND", "0")
    monkeypatch.setenv("GX_HOST_DELAY_SECONDS", "0")


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Site], Site]]:
    """Puts a site on the loopback web, where it may be read."""
    with ExitStack() as stack:
        allowed: list[str] = []

        def put(site: Site) -> Site:
            stack.enter_context(serving(site))
            allowed.append(site.allow)
            monkeypatch.setenv("GX_FETCH_ALLOW", ",".join(allowed))
            return site

        yield put


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], Model]:
    """Puts a model behind the door that says what the script says, else what the offline one
    does."""

    def put(script: Script) -> Model:
        model = Model(script)
        door = open_door(OFFLINE, transport=model.transport)
        monkeypatch.setattr("workflows.llm.openai.current_door", lambda: door)
        return model

    return put


@pytest.fixture
def house(redis_url: str) -> Iterator[House]:
    made = House(redis_url)
    yield made
    made.redis.close()
