"""A site told by hand: four fields, or a text that is pasted, where nothing can be read."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from gxweb.addresses import LONGEST, address
from gxweb.sites.own import own
from gxweb.sites.page import TOLD, Page
from gxweb.sites.profile import digest, edit
from gxweb.sites.shown import told
from gxweb.sites.site import Site
from runs.views import private
from workflows.catalog.bounds import NOTES_BYTES

FIELDS = ("name", "description", "audience", "tone")
PASTED = "Pasted text"
MOVED = (
    "Another text was saved here meanwhile. Save again to have yours instead, or open this page"
    " anew to see that one."
)


def _line(label: str, example: str) -> forms.CharField:
    """With what it said when the form was opened: what is not touched is not sent back over what
    was said elsewhere meanwhile."""
    shown = forms.TextInput(attrs={"placeholder": example})
    return forms.CharField(
        max_length=500, required=False, label=label, widget=shown, show_hidden_initial=True
    )


class HandForm(forms.Form):
    name = _line("Name", "Acme")
    description = _line("What it is, in one line", "Heat pumps for bakeries")
    audience = _line("Who it speaks to", "Owners of small bakeries")
    tone = _line("How it speaks", "Plain and friendly")
    text = forms.CharField(
        required=False,
        label="Text of your pages",
        help_text="Paste what your site says. Posts quote it as they would quote the pages.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)  # the text that was there

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if len(text.encode()) > NOTES_BYTES:
            raise forms.ValidationError("A text can be up to 200 KB. Leave something out.")
        return text

    def touched(self, name: str) -> bool:
        """Whether its writer has changed it. Without what was there before: as it is now."""
        sent = self.data.get(self.add_initial_prefix(name))
        before = self.initial.get(name, "") if sent is None else sent
        return bool(self.cleaned_data[name] != str(before).strip())

    def tell_moved(self, now: str) -> None:
        self.add_error("text", MOVED)
        self.data = dict(self.data.items()) | {"seen": _mark(now)}

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not self.errors and not any(given.get(name) for name in (*FIELDS, "text")):
            raise forms.ValidationError("Fill in a field, or paste a text: one of them is enough.")
        return given


class NewHandForm(HandForm):
    url = forms.CharField(
        required=False,
        max_length=LONGEST,
        label="Its address, if it has one",
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "acme.com"}),
    )

    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_url(self) -> str:
        """It is only shown: one that may not be fetched is left out rather than refused."""
        try:
            return address(self.cleaned_data["url"]) if self.cleaned_data["url"] else ""
        except forms.ValidationError:
            return ""


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private
def new(request: HttpRequest) -> HttpResponse:
    given = {"url": request.GET.get("url", "")[:LONGEST], "key": uuid4()}
    form = NewHandForm(request.POST if request.method == "POST" else None, initial=given)
    if not form.is_valid():
        return render(request, "sites/by-hand.html", {"form": form}, status=_status(form))
    with transaction.atomic():
        owner: Any = request.user
        # Of the form and the person: what is sent twice is one site.
        id = uuid5(form.cleaned_data["key"] or uuid4(), str(owner.pk))
        begun = {"owner_id": owner.pk, "url": form.cleaned_data["url"]}
        site, _ = Site.objects.get_or_create(pk=id, defaults=begun)
        take(site, form)
    return redirect("sites:site", site.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private
def tell(request: HttpRequest, id: UUID) -> HttpResponse:
    site = own(request, id)
    form = of(site, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"form": form, "site": site}
        return render(request, "sites/by-hand.html", context, status=_status(form))
    if not take(site, form):
        form.tell_moved(_pasted(site))
        return render(request, "sites/by-hand.html", {"form": form, "site": site}, status=409)
    return redirect("sites:site", site.pk)


def of(site: Site, posted: Any = None) -> HandForm:
    """With what is known by now: a text that was pasted before is gone on with, not lost."""
    known = {field.name: told(field.value) for field in site.fields.filter(name__in=FIELDS)}
    pasted = _pasted(site)
    return HandForm(posted, initial={**known, "text": pasted, "seen": _mark(pasted)})


def _pasted(site: Site) -> str:
    return site.pages.filter(status=TOLD).values_list("text", flat=True).first() or ""


def _mark(text: str) -> str:
    """Of a text, however a browser ends its lines."""
    return digest(text.replace("\r\n", "\n").strip())


@transaction.atomic
def take(site: Site, form: HandForm) -> bool:
    """What was left empty, or as it was found, stays as it was. False, and all does: another text
    was pasted meanwhile, elsewhere."""
    site.hold()
    given = form.cleaned_data
    seen, mine = given["seen"], _mark(given["text"])
    pastes = bool(given["text"]) and mine != seen
    if pastes and seen and _mark(_pasted(site)) not in (seen, mine):
        return False
    for name in FIELDS:
        if given[name] and form.touched(name):
            edit(site, name, given[name])
    if pastes:
        _keep(site, given["text"])
    if site.status != Site.Status.READING or site.run is None:
        site.tell(status=Site.Status.READY)
    return True


def _keep(site: Site, text: str) -> None:
    told = {"site": site, "number": 0, "url": site.url, "title": PASTED, "status": TOLD}
    id = Page.make_id(site.pk, PASTED)
    Page.objects.update_or_create(id=id, defaults=told | {"text": text})


def _status(form: forms.Form) -> int:
    return 422 if form.is_bound else 200
