"""A reader of a stack's pages: somebody's cookie after signing in, and runs without a worker."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.chaos.stack import Stack

SIGN_IN = """
import json
from django.contrib.auth import get_user_model
from django.test import Client
user = get_user_model().objects.get(email="ann@example.com")
client = Client()
client.force_login(user)
print(json.dumps({"user": user.pk, "session": client.cookies["sessionid"].value}))
"""
ADD_RUN = """
from runs.models import Run
run = Run.objects.create(owner_id=USER, workflow="blog", version=1, input={}, attempt=1)
print(run.id)
"""


@dataclass(frozen=True)
class Reader:
    stack: Stack
    user: Any
    session: str

    @classmethod
    def of(cls, s: Stack) -> Reader:
        said = json.loads(_last_line(s, SIGN_IN))
        return cls(s, said["user"], said["session"])

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"sessionid={self.session}", "Origin": self.stack.url}

    def add_run(self) -> str:
        """A row; the caller writes its log."""
        return _last_line(self.stack, f"USER = {self.user!r}\n{ADD_RUN}")


def _last_line(s: Stack, code: str) -> str:
    return s.manage("shell", "--command", code).strip().splitlines()[-1]
