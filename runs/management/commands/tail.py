"""`manage.py tail RUN`: follow a run in the terminal, progress and text."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from runs.management.following import follow, line
from runs.models import Run


class Command(BaseCommand):
    help = "Follows a run to its end: progress and text."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=UUID)

    def handle(self, *args: Any, run: UUID, **options: Any) -> None:
        found = Run.objects.filter(pk=run).first()
        if found is None:
            raise CommandError(f"There is no run {run}.")
        for event in follow(found):
            self.stdout.write(line(event), ending="")
            self.stdout.flush()
