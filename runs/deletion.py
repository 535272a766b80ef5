"""The page on which an owner deletes a run, with all that came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from runs import listing
from runs.erasing import erase
from runs.lifecycle import Unavailable
from runs.models import Run
from runs.views import private


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private
def deletion(request: HttpRequest, id: UUID) -> HttpResponse:
    run = get_object_or_404(Run.objects.filter(owner_id=request.user.pk), pk=id)
    if request.method != "POST":
        context = {"run": run, "title": listing.title(run.workflow), "made": list(_made_of(run))}
        return render(request, "runs/delete.html", context)
    try:
        erase(run)
    except Unavailable:
        messages.error(request, "The run cannot be deleted just now. Try again in a moment.")
        return redirect("runs:trace", run.pk)
    messages.success(request, "The run is deleted, with its steps, its log and what came of it.")
    return redirect("runs:list")


def _made_of(run: Run) -> Iterator[tuple[str, int]]:
    """What products have made of it and goes with it, as people call it, and how many."""
    for relation in Run._meta.related_objects:
        kind: Any = relation.related_model
        goes = relation.on_delete is models.CASCADE and kind._meta.app_label != Run._meta.app_label
        number = kind._default_manager.filter(**{relation.field.name: run}).count() if goes else 0
        if number and not relation.field.primary_key:  # a mere note about the run has its key
            meta = kind._meta
            yield str(meta.verbose_name if number == 1 else meta.verbose_name_plural), number
