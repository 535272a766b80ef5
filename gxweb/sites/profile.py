"""The profile of a site: what is found follows the readings until a person has changed it.

A field that a person has edited is locked. What readings find for it after that are proposals:
accepted, one takes the place of the person's words and the field follows the readings again;
dismissed, the same is never proposed a second time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from django.db import models, transaction

from gxweb.sites.site import Site
from runs.fields import Document, PlainText
from workflows.wire import codec

# In the order in which a page shows them; those that are lists are written one on each line.
LABELS = {
    "name": "Name",
    "description": "In one line",
    "audience": "Audience",
    "tone": "Tone",
    "language": "Language",
    "topics": "Topics",
    "products": "Products",
}
LISTS = ("topics", "products")
Value = str | list[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a reading says of one field, and the words of the page that it says so from."""

    value: Value
    quote: str = ""
    url: str = ""

    @property
    def digest(self) -> str:
        return digest(self.value)


def digest(value: Value | None) -> str:
    return hashlib.sha256(codec.dumps(value)).hexdigest()[:32]


class Field(models.Model):
    """`edited`: locked, a person has said it. `before`: what it was before the newest reading, if
    that has changed it."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="fields")
    name = models.CharField(max_length=40)
    value = Document()
    quote = PlainText(blank=True)
    url = PlainText(blank=True)
    edited = models.BooleanField(default=False)
    before = Document(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("site", "name", name="field_of_site")]

    def __str__(self) -> str:
        return f"{self.name} of {self.site_id}"

    @property
    def finding(self) -> Finding:
        return Finding(self.value, self.quote, self.url)


class Proposal(models.Model):
    """What a reading found for a field that a person had edited."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="proposals")
    name = models.CharField(max_length=40)
    digest = models.CharField(max_length=32)
    value = Document()
    quote = PlainText(blank=True)
    url = PlainText(blank=True)
    dismissed = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("site", "name", "digest", name="proposal_of_field")
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.site_id}"

    @transaction.atomic
    def accept(self) -> None:
        """Twice is once."""
        self.site.hold()
        self.site.fields.filter(name=self.name).update(
            value=self.value, quote=self.quote, url=self.url, edited=False, before=None
        )
        _named(self.site, self.name, self.value)
        self.delete()

    def dismiss(self) -> None:
        Proposal.objects.filter(pk=self.pk).update(dismissed=True)


@transaction.atomic
def edit(site: Site, name: str, value: Value, *, seen: str = "") -> bool:
    """A person says it: from now on it is locked. `seen`: the digest of what they changed it from;
    False when they have said something else meanwhile, elsewhere."""
    site.hold()
    said = site.fields.filter(name=name, edited=True).first()
    if seen and said is not None and digest(said.value) not in (seen, digest(value)):
        return False
    changes: dict[str, Any] = {"value": value, "quote": "", "url": "", "edited": True}
    Field.objects.update_or_create(site=site, name=name, defaults=changes | {"before": None})
    site.proposals.filter(name=name, digest=digest(value)).delete()
    _named(site, name, value)
    return True


def find(site: Site, found: Mapping[str, Finding], *, again: bool) -> None:
    """A reading says it, which holds the site. `again`: one before this one has read it, so that
    what is otherwise now is a change."""
    fields = {field.name: field for field in site.fields.all()}
    for name, finding in found.items():
        field = fields.get(name)
        if field is None:
            Field.objects.create(site=site, name=name, **asdict(finding))
        elif field.edited:
            _propose(site, field, finding)
        elif field.finding != finding:
            _follow(field, finding, again=again)
        if field is None or not field.edited:
            _named(site, name, finding.value)


def _follow(field: Field, found: Finding, *, again: bool) -> None:
    is_change = again and field.value != found.value and field.before is None
    before = field.value if is_change else field.before
    Field.objects.filter(pk=field.pk).update(**asdict(found), before=before)


def _propose(site: Site, field: Field, found: Finding) -> None:
    """The newest finding is the one that is proposed."""
    others = site.proposals.filter(name=field.name, dismissed=False)
    if found.value == field.value:
        others.delete()
        return
    others.exclude(digest=found.digest).delete()
    site.proposals.get_or_create(name=field.name, digest=found.digest, defaults=asdict(found))


def _named(site: Site, name: str, value: Value) -> None:
    if name == "name" and isinstance(value, str) and value != site.name:
        site.tell(name=value)
