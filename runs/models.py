"""Rows: what SQL knows of runs. The log is the truth of a live run, these rows of a finished one.

All state moves by conditional UPDATE with one winner: `select_for_update` does nothing on SQLite.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from runs.archive import LogArchive as LogArchive
from runs.fields import Document, PlainText
from runs.interventions import Intervention as Intervention
from runs.ledger import Call as Call
from runs.outbox import Notice as Notice
from workflows.wire.cursor import Cursor
from workflows.wire.events import Error, Limits

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser, AnonymousUser

SETTLED_S = 2.0  # how long a start may take to announce its run; later it is the monitor's to do
LARGE = ("input", "output", "heard")  # columns of a run that few need
BEFORE = -1  # the seq of a cursor just before an attempt's opening


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        """The one rule of access: one's own runs, or all of them for staff with the permission."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        if user.is_staff and user.has_perm("runs.view_run"):
            return self
        return self.filter(owner_id=user.pk)

    def live(self) -> Self:
        return self.filter(finished_at=None)

    def finished(self) -> Self:
        return self.exclude(finished_at=None)

    def unopened(self) -> Self:
        """Runs whose newest attempt no worker has opened, as far as SQL knows; oldest first."""
        return self.live().filter(attempt__gt=F("cursor_attempt")).order_by("created_at")


class Run(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        WAITING = "waiting"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="runs")
    workflow = PlainText()
    version = models.PositiveIntegerField()  # that was asked for
    current_version = models.PositiveIntegerField(default=0)  # of its last worker; 0: none yet
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    input = Document()
    limits = Document(default=dict)
    # What it is expected to use: held for it while it runs, as if it were spent. (`db_default`, as
    # every column that comes later: web processes of before go on writing until new ones start.)
    reserved_usd = models.FloatField(default=0.0, db_default=0.0)
    reserved_tokens = models.BigIntegerField(default=0, db_default=0)
    # The highest attempt handed out. It only rises, whatever Redis forgets.
    attempt = models.PositiveBigIntegerField(default=1)
    # The start of Redis under which that number was taken. Under another one the log may have been
    # cut back behind an opening with this number, which then must not be opened a second time.
    attempt_server = models.CharField(max_length=64, blank=True)
    # The log is in these rows up to here; seq BEFORE: just before the opening of a restored log.
    cursor_attempt = models.PositiveBigIntegerField(default=0)
    cursor_seq = models.BigIntegerField(default=0)
    starts = models.PositiveIntegerField(default=0)
    # Since the last newly finished span: how often a worker was lost with it, and how often it
    # broke a process that it had to itself, before its worker's eyes.
    crashes = models.PositiveIntegerField(default=0)
    deaths = models.PositiveIntegerField(default=0)
    crashes_in_all = models.PositiveIntegerField(default=0)
    output = Document(null=True)
    error_type = models.CharField(max_length=64, blank=True)
    error_message = PlainText(blank=True)
    error_retryable = models.BooleanField(default=False)
    cancelled_by = models.CharField(max_length=16, blank=True)
    cancel_reason = PlainText(blank=True)
    prompt_tokens = models.BigIntegerField(default=0)
    completion_tokens = models.BigIntegerField(default=0)
    cost_usd = models.FloatField(null=True, default=0.0)  # null: a price is unknown
    calls = models.BigIntegerField(default=0)
    progress_done = models.FloatField(null=True)
    progress_total = models.FloatField(null=True)
    progress_message = PlainText(blank=True)
    waiting = Document(null=True)
    # What a live run was told and no finished span says: {"signals": [], "answers": []}.
    heard = Document(default=dict, db_default={})
    waited_ms = models.BigIntegerField(default=0)  # before now; the deadline does not count it
    forked_from = models.ForeignKey("self", models.SET_NULL, null=True, related_name="forks")
    key = models.CharField(max_length=255, null=True)  # noqa: DJ001 (null: no key was given)
    body_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["owner", "-created_at"], name="run_owner_newest"),
            models.Index(
                fields=["owner", "-created_at"],
                name="run_owner_live",
                condition=Q(finished_at=None),
            ),
            # All that a start has to know of the others.
            models.Index(
                fields=["owner", "status", "reserved_usd", "reserved_tokens"],
                name="run_owner_held",
                condition=Q(finished_at=None),
            ),
            models.Index(fields=["created_at"], name="run_live", condition=Q(finished_at=None)),
            models.Index(
                fields=["owner", "-finished_at"],
                name="run_owner_ended",
                condition=Q(finished_at__isnull=False),
            ),
            # For what a run of a workflow takes, and how many have ended lately.
            models.Index(fields=["workflow", "status", "-created_at"], name="run_workflow_status"),
            models.Index(
                fields=["finished_at"], name="run_ended", condition=Q(finished_at__isnull=False)
            ),
            # What staff look through: the runs of all.
            models.Index(fields=["-created_at"], name="run_newest"),
            models.Index(fields=["status", "-created_at"], name="run_status_newest"),
            models.Index(fields=["workflow", "version", "-created_at"], name="run_workflow_newest"),
            models.Index(
                fields=["error_type", "-created_at"], name="run_error", condition=~Q(error_type="")
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint("owner", "key", name="run_key_of_owner"),
            models.CheckConstraint(
                name="run_finished_with_its_status",
                condition=Q(finished_at=None, status__in=["queued", "running", "waiting"])
                | Q(finished_at__isnull=False, status__in=["completed", "failed", "cancelled"]),
            ),
        ]
        permissions: ClassVar = [
            ("cancel_run", "Can cancel any run"),
            ("resume_run", "Can resume any run"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.id}"

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.cursor_attempt, self.cursor_seq)

    @property
    def carried_by(self) -> int:
        """The version whose workers it belongs to."""
        return self.current_version or self.version

    @property
    def finished(self) -> bool:
        return self.finished_at is not None

    @property
    def bounds(self) -> Limits:
        return Limits(**self.limits)

    @property
    def deadline(self) -> datetime | None:
        seconds = self.limits.get("deadline_s")
        waited = timedelta(milliseconds=self.waited_ms)
        return None if seconds is None else self.created_at + waited + timedelta(seconds=seconds)

    @property
    def error(self) -> Error | None:
        if not self.error_type:
            return None
        return Error(self.error_type, self.error_message, self.error_retryable)

    def take_attempt(self, *, above: int = 0, server: str = "") -> bool:
        """Take the next number. False: somebody else was first, or the run has ended in SQL.

        `above`: a number that the log has seen; SQL may have been set back to an older backup.
        `server`: the Redis run id under which the log was looked at.
        """
        return self._move(attempt=max(self.attempt, above) + 1, attempt_server=server)

    def take_over(self, *, above: int = 0, server: str = "", alone: bool = False) -> bool:
        """Take the next number because a worker died. `alone`: only the run's own process did."""
        return self._move(
            attempt=max(self.attempt, above) + 1,
            attempt_server=server,
            crashes=self.crashes + 1,
            deaths=self.deaths + alone,
            crashes_in_all=self.crashes_in_all + 1,
        )

    def rewind(self, *, above: int = 0) -> bool:
        """Take the next number for a restore: the log begins anew with that attempt's opening."""
        attempt = max(self.attempt, above) + 1
        unmoved = Run.objects.live().filter(
            pk=self.pk,
            attempt=self.attempt,
            cursor_attempt=self.cursor_attempt,
            cursor_seq=self.cursor_seq,
        )
        changes = {"attempt": attempt, "cursor_attempt": attempt, "cursor_seq": BEFORE}
        return self._set(unmoved, changes)

    def advance(self, cursor: Cursor, **changes: Any) -> bool:
        """The rows now hold the log up to `cursor`. False: another projector was first."""
        changes |= {"cursor_attempt": cursor.attempt, "cursor_seq": cursor.seq}
        at_cursor = Run.objects.live().filter(
            pk=self.pk, cursor_attempt=self.cursor_attempt, cursor_seq=self.cursor_seq
        )
        return self._set(at_cursor, changes)

    def heed_attempt(self, attempt: int) -> None:
        """Never hand out again what the log has seen, though SQL was set back to a backup."""
        if attempt > self.attempt:
            Run.objects.filter(pk=self.pk, attempt__lt=attempt).update(attempt=attempt)
            self.attempt = attempt

    def _move(self, **changes: Any) -> bool:
        unmoved = Run.objects.live().filter(pk=self.pk, attempt=self.attempt)
        return self._set(unmoved, changes)

    def _set(self, which: RunQuerySet, changes: Mapping[str, Any]) -> bool:
        if which.update(**changes) != 1:
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True


class Span(models.Model):
    """One call of one component, as the log last told it. The key is made of run and path, so that
    writing it again is an update."""

    id = models.UUIDField(primary_key=True, editable=False)
    run = models.ForeignKey(Run, models.CASCADE, related_name="spans")
    number = models.PositiveIntegerField()  # in the order in which they began
    path = PlainText()
    name = PlainText()
    key = PlainText(null=True)
    label = PlainText(blank=True)
    parent = PlainText(null=True)
    hash = PlainText()
    status = models.CharField(max_length=16)
    attempt = models.PositiveBigIntegerField()
    tries = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.FloatField(null=True)
    input_preview = PlainText(blank=True)
    output = Document(null=True)
    error = Document(null=True)
    cached = models.BooleanField(default=False)
    copied = PlainText(null=True)
    usage = Document(default=dict)
    # What it had said when it finished: {"texts": {channel: text}, "objects": {label: value}}.
    # A restored log brings the article back with it.
    said = Document(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["run", "number"], name="span_of_run")]

    def __str__(self) -> str:
        return str(self.path)

    @staticmethod
    def make_id(run: uuid.UUID, path: str) -> uuid.UUID:
        return uuid.uuid5(run, path)
