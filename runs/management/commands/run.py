"""`manage.py run NAME JSON [--email E] [--wait]`: start a run from the terminal."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.management.base import BaseCommand, CommandError, CommandParser

from runs import attendance, connections, lifecycle
from runs.management.following import follow, line
from runs.models import Run


class Command(BaseCommand):
    help = "Starts a run; with --wait follows it and prints its output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("json", help="the input; - reads it from standard input")
        parser.add_argument("--email", help="whose run it is; not needed if there is one person")
        parser.add_argument("--wait", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = lifecycle.start(
                owner=_owner(options["email"]),
                workflow=options["name"],
                input=_input(options["json"]),
            ).run
        except lifecycle.Refused as refusal:
            raise CommandError(f"{type(refusal).__name__}: {refusal}") from refusal
        self.stdout.write(str(run.id))
        self._warn(run)
        if options["wait"]:
            self._wait(run)

    def _warn(self, run: Run) -> None:
        if attendance.unattended(connections.redis(), run):
            name = f"{run.workflow} v{run.version}"
            self.stderr.write(
                f"No worker serves {name}: the run waits. Is it in workflows/registry.py?"
            )

    def _wait(self, run: Run) -> None:
        """Progress and text to the terminal, the output alone to standard output."""
        event = None
        for event in follow(run):
            self.stderr.write(line(event), ending="")
        output = getattr(event and event.body, "output", None)
        if event is None or event.kind != "run.completed":
            raise CommandError("It did not complete.")
        self.stdout.write(json.dumps(output, ensure_ascii=False, indent=2))


def _input(given: str) -> Any:
    try:
        return json.loads(sys.stdin.read() if given == "-" else given)
    except ValueError as error:
        raise CommandError(f"The input is not JSON: {error}") from error


def _owner(email: str | None) -> AbstractBaseUser:
    """Somebody who can sign in: what belongs to a closed account nobody would ever see, or, as the
    sample, everybody."""
    people = get_user_model()._default_manager.filter(is_active=True)
    if email:
        people = people.filter(email__iexact=email)
    found = list(people[:2])
    if len(found) != 1:
        raise CommandError("Whose run is it? Name a person who has an account with --email.")
    return found[0]
