"""The usage page: what it shows, and what it says when there is nothing or something unknown."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from gxweb.accounts.models import User
from runs.ledger import Call

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client) -> User:
    user = User.objects.create_user("ada@example.org")
    client.force_login(user)
    return user


def called(owner: User, name: str, **changes: Any) -> None:
    now = timezone.now()
    made = {
        "id": name, "owner": owner, "attempt": 1, "workflow": "blog", "provider": "openai",
        "model": "a-large-model", "began_at": now, "ended_at": now, "prompt_tokens": 1000,
        "completion_tokens": 500, "cost_usd": 1.25, "status": "ok",
    }  # fmt: skip
    Call.objects.create(**{**made, **changes})


def seen(client: Client, query: str = "") -> str:
    answer = client.get(f"/usage/{query}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_without_a_call_it_says_what_will_be_here(client: Client, ada: User) -> None:
    page = seen(client)
    assert "No model has been asked in these 30 days" in page
    assert 'href="/posts/new/"' in page


def test_cost_and_tokens_by_day_workflow_and_model(client: Client, ada: User) -> None:
    called(ada, "a")
    called(ada, "b", model="a-small-model", cost_usd=0.25)
    page = seen(client)
    assert "$1.5" in page
    assert "2,000 in, 1,000 out" in page
    assert "Blog post" in page
    assert page.index("a-large-model") < page.index("a-small-model")
    assert page.count('<rect class="spent"') == 30
    assert "$1.50 of $5.00, 3,000 of 5,000,000 tokens" in page
    assert "unknown" not in page


def test_an_unknown_cost_is_said_beside_the_known(client: Client, ada: User) -> None:
    called(ada, "a")
    called(ada, "b", prompt_tokens=None, completion_tokens=None, cost_usd=None)
    page = seen(client)
    assert "Of 1 call the cost is unknown, which is not zero" in page
    assert '$1.25 + <span class="unknown">unknown</span>' in page


def test_what_is_free_is_compared_by_its_tokens(client: Client, ada: User) -> None:
    called(ada, "a", cost_usd=0.0, model="offline")
    page = seen(client)
    assert "tokens a day" in page
    assert re.search(r'height="100(\.0)?"></rect></g> </svg>', page)


def test_the_time_can_be_chosen(client: Client, ada: User) -> None:
    called(ada, "a")
    assert seen(client, "?days=7").count('class="day"') == 7
    assert seen(client, "?days=90").count('class="day"') == 90
    assert seen(client, "?days=8").count('class="day"') == 30


def test_the_header_leads_here(client: Client, ada: User, settings: Any, redis_url: str) -> None:
    settings.GX = replace(settings.GX, redis_url=redis_url)
    assert '<a class="roomy" href="/usage/">Usage</a>' in client.get("/runs/").content.decode()
    assert '<a class="roomy" href="/usage/" aria-current="true">' in seen(client)
