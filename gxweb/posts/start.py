"""A new post: the form, what it will take, and the start of its run."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from gxweb import offers
from gxweb.posts import estimate, results
from gxweb.posts.background import in_background
from gxweb.posts.brief import BriefForm
from gxweb.posts.models import Post
from runs import lifecycle
from runs.views import private
from workflows.wire import codec

LONGEST = 2000  # of an address
CARRIED = ("topic", "site", "notes", "urls", "audience", "tone", "language", "words")


@require_http_methods(["GET", "HEAD", "POST"])
@private
def new(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return _first_sign_up(request)
    if request.method != "POST":
        return _page(request, _blank(request))
    form = BriefForm(request.POST, request.FILES, user=request.user)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        post = begin(request.user, form)
    except lifecycle.Invalid as error:
        _tell(form, error)
        return _page(request, form, status=422)
    except lifecycle.OverQuota as error:
        form.add_error(None, f"{error} What you wrote is kept.")
        response = _page(request, form, status=429)
        response["Retry-After"] = str(error.retry_after)
        return response
    except lifecycle.Unavailable:
        form.add_error(None, "Nothing can be started just now. What you wrote is kept: try again.")
        return _page(request, form, status=503)
    return redirect("posts:post", post.pk)


@require_POST
@in_background
@private
def estimation(request: HttpRequest) -> HttpResponse:
    """The part of the page that says what it will take, for what stands in the form now."""
    return render(request, "posts/estimate.html", {"estimate": _estimate(request.POST)})


def begin(user: AbstractUser, form: BriefForm) -> Post:
    """Start the run. The same form sent twice is one run; another text in it is another run."""
    given = form.input
    key = None
    if form.cleaned_data["key"] is not None:
        digest = hashlib.sha256(codec.dumps(given)).hexdigest()
        key = f"post:{form.cleaned_data['key']}:{digest[:32]}"
    started = lifecycle.start(owner=user, workflow=results.WORKFLOW, input=given, key=key)
    return results.draft(started.run)


def _first_sign_up(request: HttpRequest) -> HttpResponse:
    """What was typed on the first page comes along."""
    kept = {name: value for name in CARRIED if (value := request.GET.get(name, "")[:300])}
    if page := request.GET.get("url", "").strip():
        kept["urls"] = page[:LONGEST]
    place = f"{reverse('posts:new')}?{urlencode(kept)}" if kept else reverse("posts:new")
    door = "accounts:signup" if kept else "accounts:login"
    return redirect(f"{reverse(door)}?{urlencode({'next': place}, safe='/')}")


def _blank(request: HttpRequest) -> BriefForm:
    given = {name: request.GET[name] for name in CARRIED if name in request.GET}
    given.setdefault("urls", request.GET.get("url", "").strip()[:LONGEST])
    given = _given_before(request) or given
    return BriefForm(initial={**given, "key": uuid.uuid4()}, user=request.user)


def _given_before(request: HttpRequest) -> dict[str, Any]:
    """What one of one's own posts was begun with, to begin another one."""
    try:
        id = uuid.UUID(request.GET.get("again", ""))
    except ValueError:
        return {}
    mine = Post.objects.visible_to(request.user).select_related("run").filter(pk=id).first()
    if mine is None:
        return {}
    given = {name: mine.run.input.get(name) or "" for name in (*CARRIED, "review_outline")}
    given |= {"urls": "\n".join(given["urls"]), "site": mine.run.input.get("site_id") or ""}
    return given


def _page(request: HttpRequest, form: BriefForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "estimate": _estimate(form.data if form.is_bound else form.initial)}
    return render(request, "posts/new.html", context, status=status)


def _estimate(given: Any) -> estimate.Estimate:
    words = str(given.get("words", ""))
    known = words.isascii() and words.isdigit() and len(words) < 9
    number = int(words) if known else 1200
    notes = len(given.get("notes", "")) + (offers.READ if given.get("site") else 0)
    return estimate.estimate(min(number, 5000), notes, estimate.past())


def _tell(form: BriefForm, error: lifecycle.Invalid) -> None:
    for one in error.errors:
        name = str(one["loc"][0]).removesuffix("_id") if one.get("loc") else None
        form.add_error(name if name in form.fields else None, str(one["msg"]))
