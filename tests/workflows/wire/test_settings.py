"""A wrong setting is refused with its name."""

import pytest

from workflows.wire.settings import BadSetting, Settings


def test_defaults_and_the_broker_follows_redis() -> None:
    assert Settings.from_env({}) == Settings()
    settings = Settings.from_env({"REDIS_URL": "redis://h:1/0"})
    assert settings.broker_url == "redis://h:1/0"


def test_places_that_may_be_read_although_private() -> None:
    found = Settings.from_env({"GX_FETCH_ALLOW": "docs:8080, 127.0.0.0/8:9000,[::1/128]:9000"})
    assert [(reach.host, str(reach.network), reach.port) for reach in found.fetch_allow] == [
        ("docs", "None", 8080),
        ("", "127.0.0.0/8", 9000),
        ("", "::1/128", 9000),
    ]


def test_each_kind_is_read() -> None:
    found = Settings.from_env(
        {
            "GX_LEASE_SECONDS": "2.5",
            "GX_MAX_CRASHES": "7",
            "GX_CAPTURE_PROMPTS": "0",
            "GX_RUN_USD": "",
        }
    )
    assert (found.lease_seconds, found.max_crashes, found.capture_prompts) == (2.5, 7, False)
    assert found.run_usd == Settings().run_usd


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GX_LEASE_SECONDS", "soon"),
        ("GX_LEASE_SECONDS", "0"),
        ("GX_LEASE_SECONDS", "nan"),
        ("GX_LEASE_SECONDS", "-1"),
        ("GX_LEASE_SECONDS", "1"),
        ("GX_MAX_CRASHES", "1.5"),
        ("GX_CAPTURE_PROMPTS", "perhaps"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://localhost:port"),
        ("GX_BROKER_URL", "amqp://x"),
        ("GX_FETCH_ALLOW", "127.0.0.1"),
        ("GX_FETCH_ALLOW", "10.0.0.0/8:80,10.0.0.0/33:80"),
        ("GX_HOST_DELAY_SECONDS", "-1"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"^{name}: "):
        Settings.from_env({name: value})
