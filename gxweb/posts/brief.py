"""The form of a new post, and what becomes of it: the input of a run."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from workflows.catalog import NOTES_BYTES

LENGTHS = [(600, "Short, 600 words"), (1200, "Medium, 1,200"), (2000, "Long, 2,000")]
FILES = (".md", ".markdown", ".txt")


class NotesFile(forms.FileField):
    widget = forms.ClearableFileInput(attrs={"accept": ",".join(FILES)})


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
    file = NotesFile(
        required=False,
        label="Notes from a file",
        help_text="A .md or .txt file of up to 200 KB. It is added to what you typed.",
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
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

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
        names = ("topic", "notes", "audience", "tone", "language", "words")
        return {name: self.cleaned_data[name] for name in names}


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
