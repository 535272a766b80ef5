"""Where a notice of a run leads: to what the run makes for its owner."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse

# By workflow; of all others to a post, or to the run where there is none.
PLACES = {"ingest": "sites:of_run"}


def place(workflow: str, run: UUID) -> str:
    return reverse(PLACES.get(workflow, "posts:of_run"), args=[run])
