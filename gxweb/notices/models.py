"""What a person has been told of the end of a run."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from runs.models import Run


class Dismissal(models.Model):
    """Its owner has seen that the run has ended: no chip tells it any more."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="dismissal")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"dismissed {self.run_id}"


class Mail(models.Model):
    """The one mail on the end of a run. It stays when it is sent, so that no second one is."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="mail")
    due_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="mail_due", condition=Q(sent_at=None))
        ]

    def __str__(self) -> str:
        return f"mail {self.run_id}"

    def claim(self, *, until: datetime) -> bool:
        """Send it here and now: no other control does so before `until`."""
        mine = Mail.objects.filter(pk=self.pk, tries=self.tries, sent_at=None)
        return mine.update(tries=F("tries") + 1, due_at=until) == 1

    def sent(self) -> None:
        Mail.objects.filter(pk=self.pk).update(sent_at=timezone.now())
