"""`manage.py restore RUN`: rebuild a lost log from SQL now, as the monitor would in its time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from runs import connections, standing
from runs.models import Run
from runs.restore import restore
from workflows.wire.log import redis_run_id


class Command(BaseCommand):
    help = "Rebuilds the log of a live run from SQL, if it is lost."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=UUID)

    def handle(self, *args: Any, run: UUID, **options: Any) -> None:
        found = Run.objects.filter(pk=run).first()
        if found is None:
            raise CommandError(f"There is no run {run}.")
        if found.finished:
            raise CommandError("It is finished: its log is in the archive.")
        client = connections.redis()
        server = redis_run_id(client)
        stands = standing.look(client, [found])[0]
        if stands.whole or stands.terminal:
            raise CommandError("Its log has all that SQL has of it: there is nothing to restore.")
        if not restore(connections.once(), found, tip=stands.tip, redis_run_id=server):
            raise CommandError("Somebody else moved it just now. Look again.")
        self.stdout.write(f"Restored as attempt {found.attempt}. The monitor rings for a worker.")
