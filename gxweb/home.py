"""The first page: what this is, for those who come; what is going on, for those who are here."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gxweb.posts import sample
from gxweb.posts.models import Post
from gxweb.posts.reading import article, read
from runs import history, listing
from runs.listing import Wanted
from runs.render import page
from runs.render.now import now

SHOWN = 6


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "home.html", _first_words(sample.found().first()))
    posts = Post.objects.visible_to(request.user).listed()
    live = listing.found(request.user, Wanted()).live().filter(post=None)[:SHOWN]
    context = {
        "going": posts.filter(run__finished_at=None)[:SHOWN],
        "posts": posts.exclude(run__finished_at=None)[:SHOWN],
        "runs": [(run, listing.title(run.workflow), listing.subject(run)) for run in live],
    }
    return render(request, "home_signed_in.html", context)


@require_safe
def sample_page(request: HttpRequest) -> HttpResponse:
    """The finished sample for everybody: its text, its sources, and the steps of its run."""
    post = get_object_or_404(sample.found())
    state = history.state(post.run)
    context = {"post": post, **article(post), **now(state), "plan": page(state)["plan"]}
    return render(request, "home_sample.html", context)


def _first_words(post: Post | None) -> dict[str, Any]:
    return {} if post is None else {"post": post, "sections": read(post.text)[:1]}
