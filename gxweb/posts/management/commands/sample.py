"""`manage.py sample`: make the finished post that the first page shows, if there is none."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gxweb.posts.sample import NotMade, make


class Command(BaseCommand):
    help = "Make the sample post of the first page, by a real run of the offline model."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--patience", type=float, default=600.0, help="seconds to wait")

    def handle(self, *args: Any, patience: float, **options: Any) -> None:
        try:
            post = make(patience)
        except NotMade as error:
            raise CommandError(f"no sample: {error}") from error
        self.stdout.write(f"sample: {post.title} ({post.words} words)")
