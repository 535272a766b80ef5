"""Taking a post away: as Markdown with front matter, as one HTML file; or deleting it for good."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.text import Truncator, slugify
from django.views.decorators.http import require_http_methods, require_safe

from gxweb.posts.models import Post
from gxweb.posts.reading import article
from runs.erasing import erase
from runs.lifecycle import Unavailable
from runs.models import LARGE, Run
from runs.views import private


@require_safe
@login_required
@private
def as_markdown(request: HttpRequest, id: UUID) -> HttpResponse:
    post = _own(request, id)
    return _file(front_matter(post) + post.markdown, "text/markdown", post, "md")


@require_safe
@login_required
@private
def as_html(request: HttpRequest, id: UUID) -> HttpResponse:
    post = _own(request, id)
    page = render_to_string("posts/export.html", {"post": post, **article(post)})
    return _file(page, "text/html", post, "html")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private
def deletion(request: HttpRequest, id: UUID) -> HttpResponse:
    post = _own(request, id)
    if request.method != "POST":
        return render(request, "posts/delete.html", {"post": post})
    before = Run.objects.filter(writing__post=post).exclude(pk=post.run_id).defer(*LARGE)
    try:
        for run in before:
            erase(run)
        erase(post.run)
    except Unavailable:
        messages.error(request, "The post cannot be deleted just now. Try again in a moment.")
        return redirect("posts:post", post.pk)
    # In short, so that it fits into a cookie: a longer one would be kept in the session, in SQL.
    title = Truncator(post.title).chars(60)
    messages.success(request, f"“{title}” is deleted, with its run, versions and log.")
    return redirect("posts:list")


def front_matter(post: Post) -> str:
    """YAML, by way of JSON: each value on its line is both."""
    fields: dict[str, Any] = {
        "title": post.title,
        "description": post.description,
        "slug": post.slug,
        "date": post.created_at.date().isoformat(),
        "words": post.words,
        "sources": post.sources,
    }
    lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items())
    return "\n".join(["---", *lines, "---", "", ""])


def _own(request: HttpRequest, id: UUID) -> Post:
    return get_object_or_404(Post.objects.visible_to(request.user).select_related("run"), pk=id)


def _file(text: str, kind: str, post: Post, ending: str) -> HttpResponse:
    name = slugify(post.slug) or "post"
    response = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return response
