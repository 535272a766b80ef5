"""What a page says, as text: taken apart in a process of its own, since pages may be made to hurt
whoever reads them. That process has a bounded memory and time, and nothing else to lose.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from workflows.fetch import bodies
from workflows.fetch.client import Fetched
from workflows.fetch.refusals import Refused, unreachable

PATIENCE_S = 20.0
SHORTEST = 80  # characters; a page that has less is made by a script, or empty
LONGEST = 400_000
ROOT = Path(__file__).resolve().parents[2]
_PLAIN = {"text/plain", "text/markdown"}


@dataclass(frozen=True, slots=True)
class Text:
    """`url`: where it was in the end. `text`: paragraphs, with blank lines in between."""

    url: str
    title: str
    text: str


async def read(page: Fetched) -> Text:
    """Raises Refused: not_html, empty_page, or unreachable when it is an error's page."""
    if page.status >= 400:
        raise unreachable(f"its server says {page.status}", retryable=page.status in (429, 503))
    kind = page.headers.get("content-type", "")
    bodies.check_type(kind, page.body)
    charset = bodies.charset(kind)
    if bodies.media_type(kind) in _PLAIN:
        found = Text(page.url, "", page.body.decode(charset or "utf-8", "replace"))
    else:
        found = await _taken_apart(page, charset)
    if len(found.text.strip()) < SHORTEST:
        raise Refused("empty_page", "That page has no text to read: it may need JavaScript.")
    return Text(found.url, " ".join(found.title.split())[:300], found.text[:LONGEST])


async def _taken_apart(page: Fetched, charset: str) -> Text:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workflows.fetch.extraction", charset),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env={"PYTHONUTF8": "1"},  # and no secret of ours
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            said, _ = await child.communicate(page.body)
    except TimeoutError:
        raise unreachable("it takes too long to take apart", retryable=False) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise unreachable("it cannot be taken apart", retryable=False)
    found = json.loads(said)
    return Text(page.url, found["title"], found["text"])
