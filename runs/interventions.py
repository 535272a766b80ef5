"""What staff did to runs of others: who, what, why and when. A row is never changed, and outlives
both ends, the run and the account: they are named by their ids, which nothing has to point to.

It is written before the deed, so that no crash leaves a deed without its row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone

from runs.fields import PlainText

REASON_MAX = 1000


class Intervention(models.Model):
    class What(models.TextChoices):
        CANCEL = "cancel", "Stopped"
        RESUME = "resume", "Resumed"
        RESTART = "restart", "Run again from a step"
        TELL = "tell", "Had a notice told again"

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
    )
    what = models.CharField(max_length=16, choices=What)
    run = models.ForeignKey(
        "runs.Run",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="interventions",
    )
    step = PlainText(blank=True)  # from which it runs again
    reason = PlainText()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "runs"
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["-at"], name="intervention_newest")]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.run_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("an intervention is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("an intervention is kept")

    @classmethod
    def forget(cls, run: UUID) -> None:
        """The run is erased: the name of a step may be its owner's words."""
        cls.objects.filter(run=run).update(step="")


@contextmanager
def recorded(*, by: Any, what: str, run: UUID, reason: str, step: str = "") -> Iterator[None]:
    """Around the deed. When that raises, it was not done, and is not kept.

    Raises ValueError without a reason.
    """
    reason = reason.strip()[:REASON_MAX]
    if not reason:
        raise ValueError("an intervention needs a reason")
    row = Intervention.objects.create(by_id=by.pk, what=what, run_id=run, reason=reason, step=step)
    try:
        yield
    except Exception:
        Intervention.objects.filter(pk=row.pk).delete()
        raise
