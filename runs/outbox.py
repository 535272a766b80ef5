"""The outbox: signals that the projector has written down and that products have yet to hear."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Notice(models.Model):
    """A signal not yet heard. Written with the rows that it tells of, so that no crash loses it."""

    class Kind(models.TextChoices):
        STARTED = "run_started"
        SPAN = "span_finished"
        FINISHED = "run_finished"

    run = models.ForeignKey("runs.Run", models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=16, choices=Kind)
    span = models.ForeignKey("runs.Span", models.CASCADE, null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    given_up = models.BooleanField(default=False)  # staff see it; nobody is told again

    class Meta:
        app_label = "runs"
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="notice_due", condition=Q(given_up=False))
        ]
        permissions: ClassVar = [("tell_notice", "Can have a notice told again")]

    def __str__(self) -> str:
        return f"{self.kind} {self.run_id}"

    def claim(self, *, until: datetime) -> bool:
        """Tell it here and now: no other control does so before `until`."""
        mine = Notice.objects.filter(pk=self.pk, tries=self.tries, given_up=False)
        return mine.update(tries=F("tries") + 1, due_at=until) == 1

    def give_up(self) -> None:
        Notice.objects.filter(pk=self.pk).update(given_up=True)

    def revive(self) -> bool:
        """Have it told again from the first try on. False: it was not given up, or is told."""
        gone = Notice.objects.filter(pk=self.pk, given_up=True)
        return gone.update(given_up=False, tries=0, due_at=timezone.now()) == 1
