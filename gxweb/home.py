"""The first page: what this is, for those who come; what is going on, for those who are here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gxweb.notices import header
from gxweb.posts import rows, sample
from gxweb.posts.models import LARGE, Post
from gxweb.posts.reading import article, read
from gxweb.sites.models import Site
from runs import history, listing
from runs.listing import Wanted
from runs.models import Run
from runs.render import page
from runs.render.now import now

SHOWN = 6
SITES_SHOWN = 3
LIVE_MOST = 50  # looked at for what is shown of them


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "home.html", _first_words(sample.found().first()))
    done = Post.objects.visible_to(request.user).newest().exclude(run__finished_at=None)
    # The header has counted them.
    live = _live(request.user) if header.mine(request).live else []
    context = {
        "going": [rows.of(run.post) for run in live if hasattr(run, "post")][:SHOWN],
        "posts": rows.found(done[:SHOWN]),
        "runs": [
            (run, listing.title(run.workflow), listing.subject(run))
            for run in live
            if not hasattr(run, "post") and not hasattr(run, "site")
        ][:SHOWN],
        "sites": Site.objects.visible_to(request.user).listed()[:SITES_SHOWN],
    }
    return render(request, "home_signed_in.html", context)


def _live(user: AbstractUser | AnonymousUser) -> Sequence[Run]:
    """With their posts and sites, so that nobody looks through all of these for the few."""
    runs = listing.found(user, Wanted()).live().select_related("post", "site")
    large = (*(f"post__{name}" for name in LARGE), "site__card")
    return list(runs.defer(*listing.UNSHOWN, *large)[:LIVE_MOST])


@require_safe
def sample_page(request: HttpRequest) -> HttpResponse:
    """The finished sample for everybody: its text, its sources, and the steps of its run."""
    post = get_object_or_404(sample.found())
    state = history.state(post.run)
    context = {"post": post, **article(post), **now(state), "plan": page(state)["plan"]}
    return render(request, "home_sample.html", context)


def _first_words(post: Post | None) -> dict[str, Any]:
    return {} if post is None else {"post": post, "sections": read(post.text)[:1]}
