"""Secrets do not get as far as the log."""

import pytest

from workflows.engine.masking import MASK, Mask
from workflows.wire.codec import Packed, encode, loads
from workflows.wire.events import Body, Error, Log, Object, RunFailed, SpanCompleted, Text

KEY = "sk-proj-abcdefgh"
TOKEN = "gx_0a1b2c3d_" + "Zz0_-" * 8 + "abc"
ENVIRONMENT = {
    "OPENAI_API_KEY": KEY,
    "SECRET_KEY": "django-secret",
    "REDIS_URL": "redis://user:pass-word-1@host/0",
    "SHORT_TOKEN": "abc",
    "HOME": "/home/someone",
}
MASKING = Mask.of_environment(ENVIRONMENT)


def said(body: Body) -> Packed:
    return MASKING.encoded(body, lambda it: encode(it, at=1))


@pytest.mark.parametrize("secret", [KEY, "django-secret", "pass-word-1", TOKEN, f"Bearer {KEY}x"])
@pytest.mark.parametrize(
    "body",
    [
        lambda s: Log("info", f"with {s} in it"),
        lambda s: Text("a", 0, s),
        lambda s: Object("o", {"deep": [{s: s}]}),
        lambda s: RunFailed(Error("internal", s)),
        lambda s: SpanCompleted(output={"big": "x" * 40_000, "s": s}),
    ],
)
def test_no_secret_is_written(secret: str, body: object) -> None:
    packed = said(body(secret))  # type: ignore[operator]
    everything = packed.data + b"".join(packed.blobs.values())
    assert secret.encode() not in everything
    assert MASK.encode() in everything


@pytest.mark.parametrize(
    "token", ["abcdefgh12", "abcDEFghij", "aaaa.bbbb.cccc", "a-b_c-d_e-f", "abcdefgh==", "a" * 24]
)
def test_a_bearer_token_is_told_from_a_word(token: str) -> None:
    mask = Mask()
    assert mask.text(f"Authorization: Bearer {token}, please") == f"Authorization: {MASK}, please"


@pytest.mark.parametrize(
    "words",
    [
        "Bearer authentication is simple.",
        "We use bearer authentication.",
        "BEARER INSTRUMENTS, bearer securities and bearer certificates",
        "Authorization: Bearer YOUR_ACCESS_TOKEN",
        "Authorization: Bearer your-api-key",
    ],
)
def test_ordinary_words_about_bearers_stay(words: str) -> None:
    assert Mask().text(words) == words


def test_other_words_stay() -> None:
    body = Log("info", "gx_web is the bearer of good news, abc, /home/someone")
    assert said(body) == encode(body, at=1)


@pytest.mark.parametrize(
    "secret", ['pa"ss-word', "back\\slash-word", "tab\tbed-word", "pässwörter"]
)
def test_secrets_that_json_spells_otherwise_are_found(secret: str) -> None:
    packed = Mask([secret]).encoded(Log("info", f"with {secret}"), lambda body: encode(body, at=1))
    assert loads(packed.data)["data"]["message"] == f"with {MASK}"


def test_a_password_is_masked_as_the_url_has_it_and_as_it_is() -> None:
    mask = Mask.of_environment({"REDIS_URL": "redis://u:p%40ssw%2Ford@host/0"})
    assert mask.text("p%40ssw%2Ford and p@ssw/ord") == f"{MASK} and {MASK}"
