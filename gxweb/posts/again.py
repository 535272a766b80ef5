"""Going on with a post: another run takes over what the last one finished."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from gxweb.posts import results, sections
from gxweb.posts.models import Post
from gxweb.posts.reading import read
from gxweb.posts.text import Text
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


class WishForm(forms.Form):
    wish = forms.CharField(
        max_length=2000,
        required=False,
        label="What should be different?",
        help_text="Leave it empty to have it written once more as it was asked for.",
        widget=forms.Textarea(
            attrs={"rows": 4, "placeholder": "Shorter, and begin with the price", "autofocus": True}
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private
def section(request: HttpRequest, id: UUID, number: int) -> HttpResponse:
    """One section, to be written anew: the others are taken over, and not paid again."""
    post = own(request, id)
    found = sections.find(post, number)
    if found is None:
        messages.error(request, "This section cannot be written anew now. Look at the post again.")
        return redirect("posts:post", post.pk)
    posted = request.POST if request.method == "POST" else None
    form = WishForm(posted, initial={"wish": found.wish})
    if form.is_valid():
        try:
            return redirect("posts:post", _anew(request, post, found, form.cleaned_data["wish"]).pk)
        except lifecycle.Refused as refusal:
            form.add_error(None, told(refusal))
    told_now = read(Text("", "", found.markdown))
    context = {"post": post, "section": found, "form": form, "parts": told_now, "key": uuid4()}
    return render(request, "posts/section.html", context, status=422 if form.errors else 200)


def _anew(request: HttpRequest, post: Post, found: sections.Section, wish: str) -> Post:
    asked: dict[str, Any] = {
        "from_": found.paths(),
        "input": found.with_wish(wish),
        "key": form_key(request, [str(found.number), wish]),
    }
    started = forking.fork(found.run, owner=post.owner, **asked)
    following = results.draft(started.run)
    following.asked(started.run, found.heading)
    return following


def own(request: HttpRequest, id: UUID) -> Post:
    mine = Post.objects.visible_to(request.user).select_related("run", "owner")
    return get_object_or_404(mine, pk=id)
