"""Which runs a list shows, and how each is called there, without reading what may be large."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import Q, TextField
from django.db.models.functions import Cast, Substr

from runs.models import LARGE, Run, RunQuerySet
from workflows.catalog import CATALOG
from workflows.wire import codec

HEAD = 400  # characters of an input that are looked at for a name
UNSHOWN = (*LARGE, "limits", "waiting")
_ADDRESS = re.compile(r"https?://(?:www\.)?(\S+?)/*", re.IGNORECASE)
_SUBJECT = re.compile(r'\{"\w+":("(?:[^"\\]|\\.)*)')


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asked a list for; what is not known counts as not asked."""

    status: str = ""
    workflow: str = ""
    words: str = ""

    @classmethod
    def of(cls, status: str, workflow: str, words: str) -> Wanted:
        return cls(
            status if status in Run.Status.values else "",
            workflow[:100],
            words.replace("\0", "").strip()[:200],
        )

    def __bool__(self) -> bool:
        return bool(self.status or self.workflow or self.words)


def found(user: AbstractUser | AnonymousUser, wanted: Wanted) -> RunQuerySet:
    """One's own runs, newest first, each with the `head` of its input."""
    runs = Run.objects.visible_to(user).filter(owner=user.pk).order_by("-created_at")
    if wanted.status:
        runs = runs.filter(status=wanted.status)
    if wanted.workflow:
        runs = runs.filter(workflow=wanted.workflow)
    if wanted.words:
        # A column of JSON would take the words for a value of JSON.
        runs = runs.annotate(said=Cast("input", TextField())).filter(_matches(wanted.words))
    return headed(runs)


def headed(runs: RunQuerySet) -> RunQuerySet:
    """Each with the `head` of its input, from which it has its name, and without what is large."""
    return runs.annotate(head=Substr(Cast("input", TextField()), 1, HEAD)).defer(*UNSHOWN)


def _matches(words: str) -> Q:
    try:
        return Q(pk=UUID(words))
    except ValueError:
        return Q(said__icontains=words) | Q(workflow__icontains=words)


def workflows(user: AbstractUser | AnonymousUser) -> list[tuple[str, str]]:
    """Name and title of each that one has started."""
    own = Run.objects.filter(owner=user.pk).order_by("workflow")
    return [(name, title(name)) for name in own.values_list("workflow", flat=True).distinct()]


def title(workflow: str) -> str:
    """What a workflow is called; the name of one that is no longer offered."""
    entry = CATALOG.get(workflow)
    return entry.title if entry is not None else workflow


def subject(run: Run) -> str:
    """What a run that was `found` is about: the first field of its input, if that is words; an
    address as people say it."""
    match = _SUBJECT.match(getattr(run, "head", ""))
    if match is None:
        return ""
    try:
        said = str(codec.loads(f'{match[1]}"'))[:200]
    except ValueError:
        return ""
    address = _ADDRESS.fullmatch(said)
    return address[1] if address is not None else said
