"""A link under which anybody can read a post, until its owner takes it back."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from gxweb.posts.models import Post
from gxweb.posts.reading import article
from runs.views import private


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private
def link(request: HttpRequest, id: UUID) -> HttpResponse:
    post = get_object_or_404(Post.objects.visible_to(request.user), pk=id)
    if request.method == "POST":
        post.unshare() if "revoke" in request.POST else post.share()
        return redirect("posts:link", post.pk)
    place = post.shared and request.build_absolute_uri(reverse("posts:shared", args=[post.shared]))
    return render(request, "posts/link.html", {"post": post, "place": place})


@require_safe
@never_cache
def shared(request: HttpRequest, key: str) -> HttpResponse:
    """The text and what it quotes; nothing of the notes, the run or whose it is."""
    open_to_all = Post.objects.select_related("run").filter(shared=key, owner__is_active=True)
    post = get_object_or_404(open_to_all)
    response = render(request, "posts/shared.html", {"post": post, **article(post)})
    # For those who were given it: no search engine, and no site that it links to.
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
