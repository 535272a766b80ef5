"""What a model is given of a page: all that is said to be read."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from tests.fakes.site import Reply, Site
from tests.workflows.blog.worlds import Asked, Model
from tests.workflows.ingest.conftest import OFFLINE
from tests.workflows.ingest.shops import shop
from workflows.catalog.site import SiteBrief
from workflows.engine import Failure
from workflows.fetch import Page
from workflows.ingest.flow import read_site
from workflows.ingest.reading import CHUNK, Visit, read_page
from workflows.llm.openai import open_door

Scripted = Callable[[Callable[[Asked], str]], Model]


@pytest.mark.parametrize("gap", [" ", "\n", "\n\n", "-"], ids=["blanks", "lines", "gaps", "none"])
async def test_no_word_of_a_page_is_passed_over(scripted: Scripted, gap: str) -> None:
    """Of a text in one paragraph too, such as a file without a blank line."""
    model = scripted(lambda asked: '{"summary": "It counts.", "facts": []}')
    words = [f"word{n}" for n in range(3 * CHUNK // 10)]
    await read_page("https://site.example/t", Visit(Page("", "T", gap.join(words))))
    given = "\n".join(str(asked.request["messages"]) for asked in model.asked)
    cut = [word for word in words if word not in given]
    assert len(cut) <= (3 if gap == "-" else 0)


async def test_missing_pages_do_not_hide_that_no_model_reads(
    begin: Callable[[Site], Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three pages in a row that a model did not read end the reading. One that is not there says
    nothing of models."""
    portraits = Model(lambda asked: None)

    async def refuses(request: httpx2.Request) -> httpx2.Response:
        if b"digest" in request.content:
            return httpx2.Response(400, json={"error": {"message": "Not today."}})
        return await portraits.transport.handle_async_request(request)

    door = open_door(OFFLINE, transport=httpx2.MockTransport(refuses))
    monkeypatch.setattr("workflows.llm.openai.current_door", lambda: door)
    names = [f"room{n}" for n in range(12)]
    site = begin(shop(*names))
    site.pages |= {f"/{name}": Reply("", 404) for name in names[1::2]}
    with pytest.raises(Failure) as why:
        await read_site(SiteBrief(site.url()))
    assert why.value.type == "provider_refused"
