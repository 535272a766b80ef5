"""Going on with a post: another run takes over what the last one finished."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from gxweb.posts import results
from gxweb.posts.models import Post
from runs import forking, lifecycle
from runs.views import form_key, private, told


@require_POST
@login_required
@private
def resumption(request: HttpRequest, id: UUID) -> HttpResponse:
    """A run that failed or was stopped goes on; or one of its steps is retried."""
    post = own(request, id)
    from_ = request.POST.getlist("from")
    try:
        key = form_key(request, from_)
        started = forking.fork(post.run, owner=post.owner, from_=from_, key=key)
        post = results.draft(started.run)
    except lifecycle.Refused as refusal:
        messages.error(request, told(refusal))
    return redirect("posts:post", post.pk)


def own(request: HttpRequest, id: UUID) -> Post:
    mine = Post.objects.visible_to(request.user).select_related("run", "owner")
    return get_object_or_404(mine, pk=id)
