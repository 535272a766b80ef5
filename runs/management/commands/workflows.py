"""`manage.py workflows`: which workflows this installation has."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from workflows.catalog import CATALOG


class Command(BaseCommand):
    help = "Lists the workflows: name, version, what it does."

    def handle(self, *args: Any, **options: Any) -> None:
        for entry in CATALOG.values():
            self.stdout.write(f"{entry.name} v{entry.version}  {entry.description}")
