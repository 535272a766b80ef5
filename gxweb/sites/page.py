"""The pages of a site and the facts on them: each fact with the words of the page it stands on."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from gxweb.sites.site import Reading, Site
from runs.fields import PlainText

DONE, SKIPPED, GONE, TOLD = "done", "skipped", "gone", "told"
USABLE = (DONE, TOLD)  # by posts


class Page(models.Model):
    """The key is made of site and address, so that telling it again is an update. `status`: done,
    skipped (`reason` says why), gone (a later reading did not find it) or told (by hand)."""

    id = models.UUIDField(primary_key=True, editable=False)
    site = models.ForeignKey(Site, models.CASCADE, related_name="pages")
    reading = models.ForeignKey(Reading, models.SET_NULL, null=True)  # the last that told of it
    number = models.PositiveIntegerField()  # best first
    url = PlainText()
    title = PlainText(blank=True)
    summary = PlainText(blank=True)
    text = PlainText(blank=True)  # of one that was told by hand
    status = models.CharField(max_length=16, default=DONE)
    reason = PlainText(blank=True)
    change = models.CharField(max_length=16, blank=True)  # by the newest reading: new, changed

    class Meta:
        ordering: ClassVar = ["number"]
        indexes: ClassVar = [models.Index(fields=["site", "number"], name="page_of_site")]

    def __str__(self) -> str:
        return str(self.title or self.url)

    @staticmethod
    def make_id(site: uuid.UUID, url: str) -> uuid.UUID:
        return uuid.uuid5(site, url)


class Fact(models.Model):
    page = models.ForeignKey(Page, models.CASCADE, related_name="facts")
    number = models.PositiveIntegerField()
    claim = PlainText()
    quote = PlainText()

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint("page", "number", name="fact_of_page")]

    def __str__(self) -> str:
        return str(self.claim)
