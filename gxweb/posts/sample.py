"""The finished post that those who have no account yet can look at. It belongs to nobody who could
sign in, and comes from a real run of the offline model."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Event
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser

from gxweb.posts import results
from gxweb.posts.models import Post, PostQuerySet
from runs import lifecycle
from runs.models import Run

EMAIL = "sample@example.invalid"
NOTES = Path(__file__).with_name("sample.md")
TOPIC = "How tidal mills worked, and what they can teach us"
WORDS = 600
POLL_S = 0.5
KEYS = ("OPENAI_API_KEY", "GEMINI_API_KEY", "GX_PROVIDERS")


class NotMade(Exception):
    """There is no sample, and why."""


def found() -> PostQuerySet:
    return Post.objects.filter(owner__email=EMAIL, status=Post.Status.READY).order_by("-created_at")


def make(patience_s: float) -> Post:
    """The sample, made by a run if there is none. Raises NotMade."""
    there = found().first()
    if there is not None:
        return there
    if any(os.environ.get(name) for name in KEYS):
        raise NotMade("a provider is configured: a sample would be paid for")
    try:
        run = lifecycle.start(owner=nobody(), workflow=results.WORKFLOW, input=_input()).run
    except lifecycle.Refused as error:
        raise NotMade(str(error)) from error
    return _finished(run, time.monotonic() + patience_s)


def _finished(run: Run, until: float) -> Post:
    pause = Event()
    while not run.finished:
        if time.monotonic() > until:
            raise NotMade("its run did not end in time")
        pause.wait(POLL_S)
        run.refresh_from_db()
    post = results.draft(run)
    results.finish(post)
    if run.status != Run.Status.COMPLETED:
        raise NotMade(run.error_message or f"its run was {run.status}")
    return found().get(pk=post.pk)


def nobody() -> AbstractUser:
    """An account without a password, which nobody can sign in to."""
    people = get_user_model()._default_manager
    closed = {"is_active": False, "password": make_password(None)}
    found: AbstractUser = people.get_or_create(email=EMAIL, defaults=closed)[0]
    return found


def _input() -> dict[str, Any]:
    return {"topic": TOPIC, "notes": NOTES.read_text(encoding="utf-8"), "words": WORDS}
