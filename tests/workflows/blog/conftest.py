"""The blog on the offline model, as fast as it can."""

from collections.abc import Callable, Iterator

import pytest

from tests.workflows.blog.worlds import Model, Script
from tests.workflows.engine.house import House
from workflows.llm.openai import open_door

OFFLINE = {"GX_OFFLINE_TOKENS_PER_SECOND": "0"}
PROVIDERS = ("GX_PROVIDERS", "OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key: the model inside the process answers."""
    for name in PROVIDERS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GX_OFFLINE_TOKENS_PER_SECOND", "0")


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], Model]:
    """Puts a model behind the door that says what the script says, else what the offline one does.

    The whole SDK and the whole door stay in place: only the bytes come from here.
    """

    def begin(script: Script) -> Model:
        model = Model(script)
        door = open_door(OFFLINE, transport=model.transport)
        monkeypatch.setattr("workflows.llm.openai.current_door", lambda: door)
        return model

    return begin


@pytest.fixture
def house(redis_url: str) -> Iterator[House]:
    made = House(redis_url)
    yield made
    made.redis.close()
