"""Addresses of pages as people type them."""

from __future__ import annotations

from django import forms
from django.conf import settings

from workflows import fetch

LONGEST = 2000


def address(said: str) -> str:
    """A web address, whole: `acme.com` is taken for https. Nothing is fetched, no name is looked
    up. Raises ValidationError with the sentence that says what is wrong."""
    allow = settings.GX.fetch_allow
    said = said.strip()
    try:
        return fetch.target(said if "://" in said else f"https://{said}", allow).url
    except fetch.Refused as refused:
        raise forms.ValidationError(f"{said[:80]}: {refused.message}") from refused


def shown(said: str) -> str:
    """The same for what is only shown: what is no such address stays as it was said."""
    try:
        return address(said)
    except forms.ValidationError:
        return said
