"""The form of a new post, and what becomes of it: the input of a run."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from gxweb import offers
from gxweb.addresses import address
from workflows.catalog.bounds import NOTES_BYTES

LENGTHS = [(600, "Short, 600 words"), (1200, "Medium, 1,200"), (2000, "Long, 2,000")]
PAGES = 10
FILES = (".md", ".markdown", ".txt")


class NotesFile(forms.FileField):
    widget = forms.ClearableFileInput(attrs={"accept": ",".join(FILES)})


class PagesField(forms.CharField):
    """Addresses, one on each line; `acme.com` is taken for https. What may not be read is refused
    at once, as far as the address itself says so."""

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        found = [address(line) for line in lines if line]
        if len(found) > PAGES:
            raise forms.ValidationError(f"{PAGES} pages are the most.")
        return list(dict.fromkeys(found))


class BriefForm(forms.Form):
    topic = forms.CharField(
        max_length=300,
        widget=forms.TextInput(
            attrs={"placeholder": "Baking bread with heat pumps", "autofocus": True}
        ),
    )
    notes = forms.CharField(
        required=False,
        strip=False,
        label="Your notes",
        help_text="Facts, quotes, drafts: every claim of the post leads back to these words.",
        widget=forms.Textarea(attrs={"rows": 10, "data-drop": ""}),
    )
    urls = PagesField(
        required=False,
        label="Pages to read",
        help_text="Up to ten addresses, one on each line. Quotes from them are cited with a link.",
        widget=forms.Textarea(
            attrs={"rows": 2, "inputmode": "url", "placeholder": "acme.com/about"}
        ),
    )
    file = NotesFile(
        required=False,
        label="Notes from a file",
        help_text="A .md or .txt file of up to 200 KB. It is added to what you typed.",
    )
    site = forms.ChoiceField(
        required=False,
        label="Your site",
        help_text="Its audience, tone and facts are used, also while it is still being read.",
    )
    audience = forms.CharField(
        max_length=300, required=False, widget=forms.TextInput(attrs={"placeholder": "Home owners"})
    )
    tone = forms.CharField(
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "Plain and friendly"}),
    )
    language = forms.CharField(
        max_length=60, required=False, widget=forms.TextInput(attrs={"placeholder": "English"})
    )
    words = forms.TypedChoiceField(coerce=int, choices=LENGTHS, initial=1200, label="Length")
    review_outline = forms.BooleanField(
        required=False,
        label="Show me the outline first",
        help_text="It waits for you; if you change nothing, it goes on by itself after 20 seconds.",
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: offers.Person, **more: Any) -> None:
        super().__init__(*args, **more)
        found = [(str(one.id), one.name) for one in offers.of(user)]
        chosen: Any = self.fields["site"]
        chosen.choices = [("", "None"), *found]
        for name in ("site", "words"):
            if self.initial.get(name):
                self.fields[name].widget.attrs["data-given"] = ""  # goes before a draft

    def clean_file(self) -> str:
        given = self.cleaned_data.get("file")
        return read(given) if isinstance(given, UploadedFile) else ""

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        notes = "\n\n".join(part for part in (given.get("notes"), given.get("file")) if part)
        if len(notes.encode()) > NOTES_BYTES:
            self.add_error("notes", "Notes can be up to 200 KB. Leave something out.")
        given["notes"] = notes
        return given

    @property
    def input(self) -> dict[str, Any]:
        names = (
            "topic", "notes", "urls", "audience", "tone", "language", "words", "review_outline",
        )  # fmt: skip
        given = {name: self.cleaned_data[name] for name in names}
        return given | {"site_id": self.cleaned_data.get("site") or None}


def read(given: UploadedFile[bytes]) -> str:
    """The words of a file. Raises ValidationError when it is no text of ours."""
    if not str(given.name).lower().endswith(FILES):
        raise forms.ValidationError("Choose a .md or .txt file.")
    if (given.size or 0) > NOTES_BYTES:
        raise forms.ValidationError("This file is over 200 KB.")
    try:
        return bytes(given.read()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise forms.ValidationError("This file is not UTF-8 text.") from error
