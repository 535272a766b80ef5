"""What may be done to a run: anything by its owner, and by staff what they have a permission for.
Who may see a run may do nothing to it yet.

What staff do leaves the same row wherever they do it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from runs.interventions import Intervention, recorded
from runs.models import Run

PERMISSIONS: dict[str, str] = {
    Intervention.What.CANCEL: "runs.cancel_run",
    Intervention.What.RESUME: "runs.resume_run",
    Intervention.What.RESTART: "runs.resume_run",
}
UNSAID = "No reason was given."


def may(user: Any, run: Run, what: str = "") -> bool:
    """`what`: a kind of intervention; without it, what is its owner's alone to do."""
    return run.owner_id == user.pk or (what in PERMISSIONS and user.has_perm(PERMISSIONS[what]))


def found(request: HttpRequest, id: UUID, what: str = "") -> Run:
    """A run to which this person may do it; to others it is not there. Raises Http404."""
    run = get_object_or_404(Run.objects.visible_to(request.user), pk=id)
    if not may(request.user, run, what):
        raise Http404
    return run


@contextmanager
def doing(user: Any, run: Run, what: str, *, reason: str = "", step: str = "") -> Iterator[str]:
    """Around the deed. Gives as whom it is done: owner or staff."""
    if run.owner_id == user.pk:
        yield "owner"
        return
    why = reason.strip() or UNSAID
    with recorded(by=user, what=what, run=run.pk, reason=why, step=step):
        yield "staff"


def of_fork(from_: object) -> str:
    """What it is called to do some steps anew, or to go on."""
    return Intervention.What.RESTART if from_ else Intervention.What.RESUME
