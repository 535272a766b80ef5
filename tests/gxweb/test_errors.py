"""Pages of what went wrong: in words, with the right numbers, whoever raised it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from redis.exceptions import ConnectionError as RedisAway

from gxweb import errors, urls
from runs import lifecycle

RAISED: dict[str, Exception] = {}


def page(request: HttpRequest, name: str) -> HttpResponse:
    raise RAISED[name]


urlpatterns = [path("raise/<name>/", page), *urls.urlpatterns]
handler500 = urls.handler500


@pytest.fixture
def client(settings: Any) -> Client:
    settings.ROOT_URLCONF = __name__
    settings.DEBUG = False
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("error", "status", "retry", "words"),
    [
        (errors.TooMany(700), 429, "700", "Wait 12 minutes"),
        (lifecycle.OverQuota(retry_after=30), 429, "30", "Wait 30 seconds"),
        (lifecycle.Unavailable(5), 503, "5", "Wait 5 seconds"),
        (RedisAway("10.0.0.1:6379"), 503, "5", "Not just now"),
        (OperationalError("no such host db"), 503, "5", "Not just now"),
    ],
)
def test_a_refusal_says_when_to_come_back(
    client: Client, error: Exception, status: int, retry: str, words: str
) -> None:
    RAISED["it"] = error
    response = client.get("/raise/it/")
    html = response.content.decode()
    assert (response.status_code, response["Retry-After"]) == (status, retry)
    assert words in html
    assert str(error) not in html or not str(error)


def test_a_mistake_of_ours_shows_nothing_of_it(client: Client) -> None:
    RAISED["it"] = RuntimeError("secret detail /srv/gxweb/x.py")
    response = client.get("/raise/it/")
    html = response.content.decode()
    assert response.status_code == 500
    assert "Something broke on our side" in html
    assert "secret detail" not in html
    assert "Traceback" not in html


@pytest.mark.django_db
def test_an_unknown_address_says_what_to_do(client: Client) -> None:
    response = client.get("/nothing/here/")
    assert response.status_code == 404
    for words in ("nothing at this address", "What is kept", "What to do"):
        assert words in response.content.decode()


def test_a_bad_request_is_told_in_words(client: Client, settings: Any) -> None:
    response = client.get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "We could not read that" in response.content.decode()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "a second"), (2, "2 seconds"), (89, "89 seconds"), (91, "2 minutes"), (9000, "3 hours")],
)
def test_in_words(seconds: int, words: str) -> None:
    assert errors.in_words(seconds) == words
