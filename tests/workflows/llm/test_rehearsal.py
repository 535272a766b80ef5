"""The first call to a provider is as quick as the others."""

import logging
import subprocess
import sys

import pytest

from workflows.llm.rehearsal import rehearse

CALLS = """
import asyncio, sys
from tests.workflows.llm.worlds import ASK, DONE, SPOKEN, completion, door, sse
from workflows.llm.lines import open_transport
from workflows.llm.rehearsal import rehearse
import httpx2

async def calls():
    open_transport()
    asks = door(lambda request: httpx2.Response(200, json=completion())).chat.completions
    await asks.create(model="large", messages=ASK)
    asks = door(lambda request: sse(*SPOKEN, DONE)).chat.completions
    async with asks.stream(model="large", messages=ASK) as events:
        async for _ in events: pass

rehearse()
had = set(sys.modules)
asyncio.run(calls())
print(sorted(set(sys.modules) - had))
"""


def test_after_it_a_call_imports_nothing() -> None:
    words = [sys.executable, "-c", CALLS]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_it_goes_well(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        rehearse()
    assert caplog.messages == []
