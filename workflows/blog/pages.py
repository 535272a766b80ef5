"""The pages that the author names: read through the guarded client, as further material."""

from __future__ import annotations

import os
from collections.abc import Sequence

from workflows import fetch
from workflows.engine import Failure, Retry, component, exponential, gather, log
from workflows.fetch import Fetcher, Refused

AT_ONCE = 4
ADDRESS_CHARACTERS = 120


@component(
    name="read_page", retry=Retry(attempts=3, wait=exponential(initial=1, max=10)), timeout=60
)
async def read_page(url: str) -> fetch.Text:
    """Raises Failure, with the sentence that says why it cannot be read."""
    client = Fetcher.from_env(os.environ)
    try:
        return await fetch.read(await client.fetch(url))
    except Refused as refused:
        raise Failure(refused.code, refused.message, retryable=refused.retryable) from refused


async def pages_of(urls: Sequence[str], *, required: bool) -> list[fetch.Text]:
    """Those that could be read, in their order; what could not is said. Raises Failure when nothing
    could, and there is nothing else to write from."""
    wanted = list(dict.fromkeys(urls))
    found = await gather([_page(url) for url in wanted], limit=AT_ONCE)
    read = [page for page in found if isinstance(page, fetch.Text)]
    if required and wanted and not read:
        raise next(page for page in found if isinstance(page, Failure))
    return read


async def _page(url: str) -> fetch.Text | Failure:
    shown = url if len(url) <= ADDRESS_CHARACTERS else f"{url[:ADDRESS_CHARACTERS]}…"
    try:
        return await read_page.label(f"Read {shown}")(url)
    except Failure as failure:
        log(f"{shown} was left out. {failure.message}", level="warning")
        return failure
