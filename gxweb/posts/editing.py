"""Changing a post: in place, with a preview, and with every version kept."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gxweb.posts.background import in_background
from gxweb.posts.models import Post, Revision
from gxweb.posts.reading import read
from gxweb.posts.text import Text
from runs.views import private

LONGEST = 400_000  # characters of a text


class TextForm(forms.Form):
    title = forms.CharField(max_length=300)
    description = forms.CharField(
        max_length=500, required=False, help_text="One sentence, for search engines and previews."
    )
    markdown = forms.CharField(
        max_length=LONGEST,
        required=False,
        strip=False,
        label="Text",
        help_text="Markdown. A citation such as [c3] leads to its source.",
        widget=forms.Textarea(attrs={"rows": 28, "class": "code", "spellcheck": "true"}),
    )
    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    @property
    def text(self) -> Text:
        given = self.cleaned_data
        plain = given["markdown"].replace("\r\n", "\n")  # browsers send CR LF
        return Text(given["title"], given["description"], plain)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private
def edit(request: HttpRequest, id: UUID) -> HttpResponse:
    post = _own(request, id)
    if request.method != "POST":
        form = TextForm(initial={**_fields(post.text), "revision": post.revision})
        return _page(request, post, form)
    form = TextForm(request.POST)
    if not form.is_valid():
        return _page(request, post, form, status=422)
    if "preview" in request.POST:
        return _page(request, post, form, preview=form.text)
    if form.text == post.text or post.edit(form.text, at=form.cleaned_data["revision"]):
        messages.success(request, "Saved.")
        return redirect("posts:post", post.pk)
    return _conflict(request, _own(request, id), form)


@require_POST
@in_background
@private
def preview(request: HttpRequest, id: UUID) -> HttpResponse:
    """The text as it would read, for the page to put beside it."""
    post = _own(request, id)
    form = TextForm(request.POST)
    text = form.text if form.is_valid() else post.text
    return render(request, "posts/preview.html", {"post": post, **_reads(text)})


@require_safe
@login_required
@private
def revisions(request: HttpRequest, id: UUID) -> HttpResponse:
    post = _own(request, id)
    found = post.revisions.order_by("-number").defer("markdown")
    return render(request, "posts/revisions.html", {"post": post, "revisions": found})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private
def revision(request: HttpRequest, id: UUID, number: int) -> HttpResponse:
    """What changed in it; or, by POST, the text as it was then, saved as a new version."""
    post = _own(request, id)
    shown = get_object_or_404(post.revisions, number=number)
    if request.method == "POST":
        if not post.edit(shown.text, at=post.revision):
            messages.error(request, "Somebody saved at the same moment. Look again, then restore.")
            return redirect("posts:revisions", post.pk)
        messages.success(
            request, f"Version {number} is the text again, as version {post.revision}."
        )
        return redirect("posts:post", post.pk)
    before = post.revisions.filter(number=number - 1).first()
    old = _lines(before) if before is not None else []
    context = {"post": post, "shown": shown, "changes": list(diff(old, _lines(shown)))}
    return render(request, "posts/revision.html", context)


def diff(old: list[str], new: list[str], around: int = 2) -> Iterator[tuple[str, str]]:
    """Lines with what became of them: `same`, `gone`, `come`, or `skip` for a longer stretch."""
    # Exact for anything that a person reads; beyond that its time grows with the square.
    matcher = SequenceMatcher(None, old, new, autojunk=len(old) + len(new) > 5_000)
    for group in matcher.get_grouped_opcodes(around):
        if group[0][1] or group[0][3]:
            yield "skip", "…"
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                yield from (("same", line) for line in old[old_start:old_end])
            else:
                yield from (("gone", line) for line in old[old_start:old_end])
                yield from (("come", line) for line in new[new_start:new_end])


def _own(request: HttpRequest, id: UUID) -> Post:
    """A post that can be changed: its run has ended."""
    ended = Post.objects.visible_to(request.user).filter(revision__gt=0)
    return get_object_or_404(ended, pk=id)


def _page(
    request: HttpRequest,
    post: Post,
    form: TextForm,
    *,
    preview: Text | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"post": post, "form": form, **_reads(preview or post.text)}
    return render(request, "posts/edit.html", context, status=status)


def _conflict(request: HttpRequest, post: Post, form: TextForm) -> HttpResponse:
    """Somebody saved since this form was opened: show how theirs differs, and keep both."""
    mine = form.text
    again = TextForm(initial={**_fields(mine), "revision": post.revision})
    changes = list(diff(_told(mine), _told(post.text)))
    context = {"post": post, "form": again, "changes": changes, **_reads(mine)}
    return render(request, "posts/edit.html", context, status=409)


def _reads(text: Text) -> dict[str, object]:
    return {"shown": text, "sections": read(text)}


def _fields(text: Text) -> dict[str, str]:
    return {"title": text.title, "description": text.description, "markdown": text.markdown}


def _lines(revision: Revision) -> list[str]:
    return _told(revision.text)


def _told(text: Text) -> list[str]:
    return [text.title, text.description, *text.markdown.splitlines()]
