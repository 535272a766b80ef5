"""What stays of a run's log when Redis has let go of it."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import asdict

from django.db import models

from runs.fields import Document
from workflows.wire import codec
from workflows.wire.events import Event
from workflows.wire.faults import Fault


class LogArchive(models.Model):
    """The log of a finished run, event for event as Redis had it: gzipped lines of JSON."""

    run = models.OneToOneField("runs.Run", models.CASCADE, primary_key=True, related_name="archive")
    gz = models.BinaryField()
    faults = Document(default=list)  # errors whole, for staff (workflows/wire/faults.py)

    class Meta:
        app_label = "runs"

    def __str__(self) -> str:
        return f"log of {self.pk}"

    @classmethod
    def keep(cls, run: models.Model, events: Iterable[Event]) -> None:
        lines = b"".join(codec.dumps(codec.to_json(event)) + b"\n" for event in events)
        # Without a time in its head, equal logs are equal bytes.
        gz = gzip.compress(lines, compresslevel=6, mtime=0)
        cls.objects.update_or_create(run_id=run.pk, defaults={"gz": gz})

    @classmethod
    def keep_faults(cls, run: str, faults: Iterable[Fault]) -> None:
        """Those that lie beside the log, before they expire with it."""
        told = [asdict(fault) for fault in faults]
        if told:
            cls.objects.filter(run=run).update(faults=told)

    @property
    def events(self) -> list[Event]:
        lines = gzip.decompress(self.gz).splitlines()
        return [codec.from_json(codec.loads(line)) for line in lines]
