"""Which provider answers, by the environment; wrong settings are refused with their name."""

import json
from typing import Any

import pytest

from workflows.llm.providers import (
    GEMINI_MODELS,
    GEMINI_URL,
    OFFLINE,
    OPENAI_MODELS,
    OPENAI_URL,
    Provider,
    chain,
)
from workflows.wire.settings import BadSetting

MINE = {
    "name": "mine",
    "base_url": "http://127.0.0.1:9/v1",
    "models": {"small": "tiny", "large": "huge"},
}


def written(*entries: dict[str, Any]) -> str:
    return json.dumps(entries)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, (OFFLINE,)),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, (OFFLINE,)),
        (
            {"OPENAI_API_KEY": "a"},
            (Provider("openai", OPENAI_URL, "a", OPENAI_MODELS),),
        ),
        (
            {"OPENAI_API_KEY": "a", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"},
            (Provider("openai", "http://127.0.0.1:9/v1", "a", OPENAI_MODELS),),
        ),
        (
            {"GEMINI_API_KEY": "g", "OPENAI_API_KEY": " "},
            (Provider("gemini", GEMINI_URL, "g", GEMINI_MODELS),),
        ),
        (
            {"GEMINI_API_KEY": "g", "OPENAI_API_KEY": "a"},
            (
                Provider("openai", OPENAI_URL, "a", OPENAI_MODELS),
                Provider("gemini", GEMINI_URL, "g", GEMINI_MODELS),
            ),
        ),
    ],
)
def test_keys_make_the_chain(environ: dict[str, str], expected: tuple[Provider, ...]) -> None:
    assert chain(environ) == expected


def test_written_down_providers_come_before_keys() -> None:
    entries = written(MINE, {**MINE, "name": "other", "key_env": "K", "rpm": 60, "tpm": 9000})
    found = chain({"GX_PROVIDERS": entries, "K": "secret", "OPENAI_API_KEY": "a"})
    models = {"small": "tiny", "large": "huge"}
    assert found == (
        Provider("mine", "http://127.0.0.1:9/v1", "none", models),
        Provider("other", "http://127.0.0.1:9/v1", "secret", models, 60, 9000),
    )


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("{", "JSON"),
        ("[]", "at least 1"),
        (written({**MINE, "base_url": "ftp://x"}), "0.base_url"),
        (written({**MINE, "models": {"small": "x"}}), "0.models.large"),
        (written({**MINE, "rpm": 0}), "0.rpm"),
        (written({**MINE, "burst": 1}), "0.burst"),
        (written(MINE, MINE), "the same name"),
        (written({**MINE, "name": "offline"}), "built in"),
        (written({**MINE, "key_env": "NOT_THERE"}), "NOT_THERE, which is not set"),
    ],
)
def test_a_bad_setting_is_refused_with_its_name(raw: str, why: str) -> None:
    with pytest.raises(BadSetting, match=r"^GX_PROVIDERS: ") as refused:
        chain({"GX_PROVIDERS": raw})
    assert why in str(refused.value)


def test_a_refusal_does_not_repeat_a_key_put_in_the_wrong_place() -> None:
    with pytest.raises(BadSetting) as refused:
        chain({"GX_PROVIDERS": written({**MINE, "key_env": 5, "api_key": "sk-secret"})})
    assert "sk-secret" not in str(refused.value)


def test_a_bad_base_url_is_refused() -> None:
    with pytest.raises(BadSetting, match="OPENAI_BASE_URL"):
        chain({"OPENAI_API_KEY": "a", "OPENAI_BASE_URL": "localhost:1"})


def test_aliases_become_names_and_names_stay() -> None:
    provider = chain({"OPENAI_API_KEY": "a"})[0]
    assert [provider.model(asked) for asked in ("large", "gpt-5.4")] == ["gpt-6.1-sol", "gpt-5.4"]


def test_a_key_is_not_in_the_repr() -> None:
    assert "sk-secret" not in repr(chain({"OPENAI_API_KEY": "sk-secret"}))
