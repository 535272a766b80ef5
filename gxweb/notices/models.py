"""What a person has been told of the end of a run."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from runs.models import Run


class Dismissal(models.Model):
    """Its owner has seen that the run has ended: no chip tells it any more."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="dismissal")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"dismissed {self.run_id}"
