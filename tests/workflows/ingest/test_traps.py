"""A site of ten thousand pages with every trap: it is read within its bounds, and says what not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import pytest

from tests.fakes.site import Site
from tests.workflows.ingest.mazes import assert_told, laid, maze
from workflows.catalog.site import SiteBrief
from workflows.ingest.flow import read_site

Begin = Callable[[Site], Site]


async def test_it_ends_and_says_what_it_left_out(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.ingest.visiting.FIRST_WAIT_S", 0.01)
    site = laid(begin(maze()))
    read = await read_site(SiteBrief(site.url(), max_pages=40))
    assert_told(site, asdict(read), 40)
