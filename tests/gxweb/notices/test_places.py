"""A notice leads to what the run makes."""

from uuid import UUID

from gxweb.notices.chips import Chip
from gxweb.notices.places import place

RUN = UUID("00000000-0000-4000-8000-000000000000")


def test_a_reading_leads_to_its_site_and_all_else_to_posts() -> None:
    assert place("ingest", RUN) == f"/sites/of/{RUN}/"
    assert place("digest", RUN) == f"/posts/of/{RUN}/"
    assert Chip(RUN, "Acme", "running", workflow="ingest").place == f"/sites/of/{RUN}/"
