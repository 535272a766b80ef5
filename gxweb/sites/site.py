"""A site and its readings. It is there from the moment its first run was started.

Each reading is one run. What it finds is written by whoever comes first with news of its log, under
the cursor that the reading has reached: who comes with older news writes nothing.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from runs.fields import Document, PlainText
from runs.models import Run
from workflows.wire.cursor import Cursor

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser, AnonymousUser


class SiteQuerySet(models.QuerySet["Site"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        """One's own. Staff look at runs, not at what people make of them."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        return self.filter(owner_id=user.pk)

    def listed(self) -> Self:
        """Newest first, without what may be large."""
        return self.defer("card").order_by("-created_at")


class Site(models.Model):
    class Status(models.TextChoices):
        READING = "reading"
        READY = "ready"
        FAILED = "failed"
        STOPPED = "stopped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sites")
    # The newest of its runs; none: it was told by hand.
    run = models.OneToOneField(Run, models.CASCADE, null=True, related_name="site")
    status = models.CharField(max_length=16, choices=Status, default=Status.READING)
    url = PlainText()
    name = PlainText(blank=True)
    note = PlainText(blank=True)  # why its last reading ended before all was read
    card = Document(default=dict)  # what the home page says of itself
    pages_done = models.PositiveIntegerField(default=0)
    facts_found = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = SiteQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["owner", "-created_at"], name="site_owner_newest")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def host(self) -> str:
        try:
            return str(urlsplit(self.url).netloc).removeprefix("www.")
        except ValueError:  # a program may ask for anything to be read
            return ""

    @property
    def title(self) -> str:
        return str(self.name) or self.host or "A site"

    @classmethod
    @transaction.atomic
    def begin(cls, run: Run, url: str) -> Site:
        """A site that this run is to read. Raises IntegrityError when it reads one already."""
        site = cls.objects.create(run=run, owner_id=run.owner_id, url=url)
        Reading.objects.create(site=site, run=run)
        return site

    @transaction.atomic
    def follow(self, run: Run) -> bool:
        """Another run reads it anew. False: yet another one does meanwhile. Raises IntegrityError
        when that run reads another site."""
        unmoved = Site.objects.filter(pk=self.pk, run=self.run_id)
        changes: dict[str, Any] = {"run": run, "status": self.Status.READING}
        if unmoved.update(**changes, changed_at=timezone.now()) != 1:
            return False
        Reading.objects.create(site=self, run=run)
        self.fields.update(before=None)
        self.pages.update(change="")
        self.refresh_from_db()
        return True

    def hold(self) -> None:
        """As it is now; until the end of this transaction nobody else writes what belongs to it."""
        self.refresh_from_db(from_queryset=Site.objects.select_for_update())

    def tell(self, **changes: Any) -> None:
        Site.objects.filter(pk=self.pk).update(**changes, changed_at=timezone.now())
        for name, value in changes.items():
            setattr(self, name, value)


class Reading(models.Model):
    """What one run has told of a site: all of its log up to a cursor."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="readings")
    run = models.OneToOneField(Run, models.SET_NULL, null=True, related_name="reading")
    cursor_attempt = models.PositiveBigIntegerField(default=0)
    cursor_seq = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.run_id} reads {self.site_id}"

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.cursor_attempt, self.cursor_seq)

    @property
    def is_first(self) -> bool:
        return not Reading.objects.filter(site=self.site_id, pk__lt=self.pk).exists()

    def advance(self, to: Cursor) -> bool:
        """From here on the rows hold the log up to `to`. False: they hold that and more already."""
        older = Q(cursor_attempt__lt=to.attempt) | Q(
            cursor_attempt=to.attempt, cursor_seq__lt=to.seq
        )
        moved = Reading.objects.filter(older, pk=self.pk).update(
            cursor_attempt=to.attempt, cursor_seq=to.seq
        )
        return moved == 1


class Suggestion(models.Model):
    """A post that could be written about it."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="suggestions")
    number = models.PositiveIntegerField()
    topic = PlainText()
    why = PlainText(blank=True)

    class Meta:
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return str(self.topic)
