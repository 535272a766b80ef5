"""People who look at runs, signed in by SQL: what they hold is the value of a session's cookie."""

from __future__ import annotations

import json

from tests.chaos.stack import Stack

SIGN_IN = """
import json
from django.contrib.auth import get_user_model
from django.test import Client
def session(email, **fields):
    user, _ = get_user_model().objects.get_or_create(email=email, defaults=fields)
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value
"""


def owner(stack: Stack) -> str:
    """Whose runs the stack begins."""
    return _sessions(stack, "[session('ann@example.com')]")[0]


def staff(stack: Stack, number: int) -> list[str]:
    """So many who may see everybody's runs."""
    one = "session(f'staff{n}@example.com', is_staff=True, is_superuser=True)"
    return _sessions(stack, f"[{one} for n in range({number})]")


def _sessions(stack: Stack, made: str) -> list[str]:
    code = f"{SIGN_IN}\nprint(json.dumps({made}))"
    found: list[str] = json.loads(stack.python(code))
    return found


def add_run(stack: Stack) -> str:
    """A run of the owner's that no worker knows of: its log is the test's to write."""
    return add_runs(stack, 1)[0]


def add_runs(stack: Stack, number: int) -> list[str]:
    code = (
        "from runs.models import Run; from django.contrib.auth import get_user_model; "
        "ann = get_user_model().objects.get(email='ann@example.com'); "
        "made = [Run(owner=ann, workflow='blog', version=1, input={}, attempt=1)"
        f" for _ in range({number})]; "
        "print(*[run.id for run in Run.objects.bulk_create(made)])"
    )
    return stack.python(code).split()
