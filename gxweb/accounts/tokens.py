"""One's API tokens: make one, which is shown once, and revoke any."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from gxweb.accounts.token import SCOPES, ApiToken
from gxweb.accounts.user import User, signed_in

MOST = 50
WORDS = {"start": "Start runs", "read": "Read runs", "cancel": "Stop runs"}
LIFETIMES = {"30": "30 days", "90": "90 days", "365": "A year", "": "No end"}


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=100,
        help_text="What it is for, so that you know it again.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Nightly script"}),
    )
    scopes = forms.MultipleChoiceField(
        label="May",
        choices=[(scope, WORDS[scope]) for scope in SCOPES],
        initial=["read"],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.ChoiceField(
        label="Good for", choices=list(LIFETIMES.items()), initial="90", required=False
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def tokens(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = TokenForm(request.POST or None)
    made = _issue(user, form) if request.method == "POST" and form.is_valid() else None
    # What was made stands in this one answer and nowhere else, hence no redirect.
    context = {
        "form": TokenForm() if made else form,
        "made": made,
        "rows": _rows(user),
        "now": timezone.now(),
    }
    return render(request, "accounts/tokens.html", context)


@require_POST
@login_required
def revocation(request: HttpRequest, id: str) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=id, user=signed_in(request))
    token.revoke()
    messages.success(request, f"The token {token.name or token.id} is revoked: it opens nothing.")
    return redirect("accounts:tokens")


def _issue(user: User, form: TokenForm) -> str | None:
    if user.tokens.alive(timezone.now()).count() >= MOST:
        form.add_error(None, f"You have {MOST} tokens. Revoke one that you do not need any more.")
        return None
    given = form.cleaned_data
    _, token = ApiToken.objects.issue(
        user=user,
        scopes=given["scopes"],
        name=given["name"],
        days=int(given["days"]) if given["days"] else None,
    )
    return token


def _rows(user: User) -> list[tuple[ApiToken, list[str]]]:
    """Newest first, with what each may do in words; revoked ones are gone from here."""
    found = user.tokens.filter(revoked_at=None).order_by("-created_at")
    return [(row, [scope for scope in SCOPES if row.allows(scope)]) for row in found]
