"""The ledger: every call that a provider was asked, once, and what it came to.

It outlives the runs that it was for: when one is deleted its amounts stay, without a word of what
it was about, since they are still spent. With its owner all of it goes.

What is unknown stays unknown and is no zero: a price that nobody knows, an answer that broke off, a
worker that died before it could say what its call used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q, Sum, Value
from django.db.models.functions import Coalesce

from runs.fields import PlainText
from workflows.wire.spend import UNSENT


class CallQuerySet(models.QuerySet["Call"]):
    def made(self) -> Self:
        """Without those of which no byte left."""
        return self.exclude(status=UNSENT)

    def lost(self) -> Self:
        """Begun, and nobody will say what they used: their attempt is over."""
        return self.filter(LOST)


class Call(models.Model):
    """`ended_at` null: it was begun. `status`: ok, or why it failed. `span` is the key of the
    step's row, which need not be there."""

    id = PlainText(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="calls")
    run = models.ForeignKey("runs.Run", models.SET_NULL, null=True, related_name="ledger")
    span = models.UUIDField(null=True)
    attempt = models.PositiveBigIntegerField()
    workflow = PlainText()
    provider = PlainText()
    model = PlainText()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    prompt_tokens = models.BigIntegerField(null=True)
    completion_tokens = models.BigIntegerField(null=True)
    cost_usd = models.FloatField(null=True)
    expected_tokens = models.BigIntegerField(default=0)
    expected_usd = models.FloatField(null=True)
    status = PlainText(blank=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        app_label = "runs"
        verbose_name = "provider call"
        indexes: ClassVar = [
            models.Index(fields=["owner", "began_at"], name="call_of_owner"),
            models.Index(fields=["began_at"], name="call_of_day"),
        ]

    def __str__(self) -> str:
        return f"{self.model} at {self.provider}"


# Of a run that was deleted nobody will say anything any more.
LOST = Q(ended_at=None) & (
    Q(run=None) | Q(run__finished_at__isnull=False) | Q(attempt__lt=F("run__cursor_attempt"))
)
UNKNOWN = LOST | Q(ended_at__isnull=False, cost_usd=None)
OVER = LOST | Q(ended_at__isnull=False)


@dataclass(frozen=True, slots=True)
class Bill:
    """`usd` and tokens are those that are known; `unknown`: of how many calls the cost is not."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    unknown: int


def bill(run: UUID) -> Bill:
    """What a run's calls have come to that are over."""
    found = (
        Call.objects.made()
        .filter(run=run)
        .aggregate(
            calls=Count("pk", filter=OVER),
            prompt_tokens=Coalesce(Sum("prompt_tokens"), Value(0)),
            completion_tokens=Coalesce(Sum("completion_tokens"), Value(0)),
            usd=Coalesce(Sum("cost_usd"), Value(0.0)),
            unknown=Count("pk", filter=UNKNOWN),
        )
    )
    return Bill(**found)


def forget_words(run: UUID) -> None:
    """What is kept of a deleted run says nothing of it: not even which of its steps it was."""
    Call.objects.filter(run=run).update(span=None)


def write(begun: Iterable[Call], ended: Iterable[Call]) -> None:
    """An end is never undone by a beginning, whichever is read first."""
    Call.objects.bulk_create(begun, ignore_conflicts=True, batch_size=200)
    Call.objects.bulk_create(
        ended, update_conflicts=True, unique_fields=["id"], update_fields=WRITTEN, batch_size=100
    )


WRITTEN = [field.name for field in Call._meta.concrete_fields if field.name != "id"]
