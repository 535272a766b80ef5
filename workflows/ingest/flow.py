"""The ingest workflow, from an address to what its pages say."""

from __future__ import annotations

from workflows.catalog.site import SiteBrief, SiteReading
from workflows.engine import Failure, workflow


@workflow("ingest", version=1)
async def read_site(brief: SiteBrief) -> SiteReading:
    """Read a site page by page."""
    raise Failure("internal", "This version cannot read sites yet.")
