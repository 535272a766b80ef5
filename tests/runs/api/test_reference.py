"""The reference for people says all that the document says, and what it shows can be typed."""

from __future__ import annotations

import json
import re
import shlex
from html import unescape

import pytest
from django.test import Client

from runs.models import Run


@pytest.fixture
def html(client: Client) -> str:
    response = client.get("/api/docs")
    assert response.status_code == 200
    return response.content.decode()


def test_every_call_stands_there_with_its_parts(html: str, client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    for path, methods in document["paths"].items():
        for call in methods.values():
            _, _, after = html.partition(f'id="{call["operationId"]}"')
            shown = unescape(after.partition("</section>")[0])
            assert path in shown
            missing = [p["name"] for p in call.get("parameters", ()) if p["name"] not in shown]
            missing += [status for status in call["responses"] if status not in shown]
            assert (call["operationId"], missing) == (call["operationId"], [])


def test_every_link_leads_to_something_on_the_page(html: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    places = set(re.findall(r'href="#([^"]+)"', html))
    assert {"shape-RunDetail", "start_blog"} <= places
    assert {"shape-Brief", "shape-Post"} <= set(ids)
    assert "Its output is a <code>Post</code>" in html
    assert places - set(ids) == set()


def test_its_line_can_be_typed(html: str, api: Client) -> None:
    found = re.search(r'<code id="line-start_blog">(.*?)</code>', html, re.DOTALL)
    assert found is not None
    words = [word for word in shlex.split(unescape(found[1])) if word.strip()]
    assert words[:3] == ["curl", "-X", "POST"]
    body = words[words.index("-d") + 1]
    path = words[3].removeprefix("http://testserver")
    response = api.post(path, json.loads(body), content_type="application/json")
    assert (response.status_code, Run.objects.count()) == (202, 1)


def test_a_body_without_an_example_has_what_it_must(html: str) -> None:
    found = re.search(r'<code id="line-start_ingest">(.*?)</code>', html, re.DOTALL)
    assert found is not None
    assert '"url"' in unescape(found[1])


def test_it_is_a_page_of_the_product(html: str) -> None:
    assert '<html lang="en">' in html
    assert 'class="site-header"' in html
    assert "swagger" not in html.lower()


def test_nothing_of_the_old_page_is_served(client: Client) -> None:
    assert client.get("/static/ninja/swagger-ui-bundle.js").status_code == 404
