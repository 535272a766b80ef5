"""One field of a profile: edited in place, or on a page of its own where there is no script."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from gxweb.sites.own import own
from gxweb.sites.profile import LABELS, Value, digest, edit
from gxweb.sites.shown import Shown, fields, profile
from gxweb.sites.site import Site
from runs.views import private

LONGEST = 2000
MOST = 40
MOVED = "It was changed elsewhere meanwhile, and says now: “{}”. Save again to have yours instead."


class FieldForm(forms.Form):
    """A text, or one thing on each line."""

    value = forms.CharField(max_length=LONGEST, required=False)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)  # what it is changed from

    def __init__(self, shown: Shown, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.shown = shown
        field = self.fields["value"]
        field.label = shown.label
        rows = {"rows": 6 if shown.is_list else 2, "autofocus": True, "maxlength": LONGEST}
        field.widget = forms.Textarea(attrs=rows)
        field.help_text = "One on each line." if shown.is_list else ""
        there = shown.field
        said = None if there is None else there.value
        self.initial = {"value": "" if said is None else _lines(said), "seen": digest(said)}

    def clean_value(self) -> Value:
        said: str = self.cleaned_data["value"]
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        return lines[:MOST] if self.shown.is_list else " ".join(lines)

    def tell_moved(self, shown: Shown) -> None:
        """What was sent stays in the form; who saves it again knows what it takes the place of."""
        self.add_error("value", MOVED.format(shown.text[:200]))
        self.data = dict(self.data.items()) | {"seen": FieldForm(shown).initial["seen"]}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private
def field(request: HttpRequest, id: UUID, name: str) -> HttpResponse:
    site = own(request, id)
    if name not in LABELS:
        raise Http404
    shown = _shown(site, name)
    form, status = FieldForm(shown, request.POST if request.method == "POST" else None), 200
    if form.is_valid():
        said = form.cleaned_data
        if edit(site, name, said["value"], seen=said["seen"]):
            return _back(request, site)
        form.tell_moved(_shown(site, name))
        status = 409
    return _form(request, {"site": site, "one": shown, "form": form}, status)


def _shown(site: Site, name: str) -> Shown:
    return next(one for one in fields(site) if one.name == name)


def _form(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return render(request, "sites/field.html", context, status=status)
    response = render(request, "sites/field-form.html", context)
    if context["form"].is_bound:
        # In its own place: what is saved is shown in that of the whole profile.
        response["HX-Retarget"] = f'[data-field="{context["one"].name}"]'
        response["HX-Reswap"] = "innerHTML"
    return response


@require_POST
@login_required
@private
def acceptance(request: HttpRequest, id: UUID, number: int) -> HttpResponse:
    site = own(request, id)
    get_object_or_404(site.proposals, pk=number).accept()
    return _back(request, site)


@require_POST
@login_required
@private
def dismissal(request: HttpRequest, id: UUID, number: int) -> HttpResponse:
    site = own(request, id)
    get_object_or_404(site.proposals, pk=number).dismiss()
    return _back(request, site)


def _back(request: HttpRequest, site: Site) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return render(request, "sites/part.html", profile(site))
    return redirect("sites:site", site.pk)


def _lines(value: Value) -> str:
    return value if isinstance(value, str) else "\n".join(value)
