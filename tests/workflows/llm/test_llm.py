"""`llm` follows the environment."""

import pytest

from tests.workflows.llm.worlds import ASK
from workflows.llm import llm
from workflows.llm.openai import Door, current_door
from workflows.wire.settings import BadSetting


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY", "GX_PROVIDERS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GX_OFFLINE_TOKENS_PER_SECOND", "0")


async def test_without_a_key_the_offline_model_answers() -> None:
    answer = await llm.chat.completions.create(model="small", messages=ASK)
    assert answer.model == "offline"
    assert answer.choices[0].finish_reason == "stop"


def test_the_same_environment_is_the_same_door() -> None:
    assert current_door() is current_door()


def test_a_changed_environment_is_another_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert (str(llm.base_url), llm.api_key) == ("http://127.0.0.1:9/v1/", "sk-a")
    assert isinstance(llm.with_options(timeout=1), Door)


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GX_PROVIDERS", "nonsense")
    with pytest.raises(BadSetting, match="GX_PROVIDERS"):
        llm.chat  # noqa: B018 (asking is the act)
