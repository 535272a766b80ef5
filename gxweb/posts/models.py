"""A post and its revisions. A post is there from the moment its run was started.

The text moves by compare-and-set on the number of its revision: of two who save at once the second
is told, and nothing is overwritten. Revision 1 is what the run wrote.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from gxweb.posts import words
from runs.fields import Document, PlainText
from runs.models import Run

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser, AnonymousUser


@dataclass(frozen=True, slots=True)
class Text:
    """What a person may change about a post."""

    title: str
    description: str
    markdown: str


class PostQuerySet(models.QuerySet["Post"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        """One's own. Staff look at runs, not at what people make of them."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        return self.filter(owner_id=user.pk)

    def listed(self) -> Self:
        """Newest first, without what may be large."""
        large = ("markdown", "sources", "run__input", "run__output")
        return self.select_related("run").defer(*large).order_by("-created_at")


class Post(models.Model):
    class Status(models.TextChoices):
        WRITING = "writing"
        READY = "ready"
        FAILED = "failed"
        STOPPED = "stopped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="posts")
    run = models.OneToOneField(Run, models.CASCADE, related_name="post")
    status = models.CharField(max_length=16, choices=Status, default=Status.WRITING)
    title = PlainText()
    slug = models.CharField(max_length=80, default="post")
    description = PlainText(blank=True)
    markdown = PlainText(blank=True)
    sources = Document(default=list)
    words = models.PositiveIntegerField(default=0)
    revision = models.PositiveIntegerField(default=0)  # 0: the run has not ended
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = PostQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["owner", "-created_at"], name="post_owner_newest")
        ]

    def __str__(self) -> str:
        return str(self.title)

    @property
    def text(self) -> Text:
        return Text(self.title, self.description, self.markdown)

    @property
    def minutes(self) -> int:
        """To read it, at 220 words a minute."""
        return max(1, round(self.words / 220))

    def finish(self, status: Status, text: Text, **changes: Any) -> bool:
        """The run has ended and left this. False: that was known already."""
        changes |= {"status": status}
        return self._write(text, at=0, number=words.count(text.markdown), **changes)

    def edit(self, text: Text, *, at: int) -> bool:
        """Save over revision `at`. False: somebody else has saved since."""
        return self._write(text, at=at, number=words.count(text.markdown))

    @transaction.atomic
    def _write(self, text: Text, *, at: int, number: int, **changes: Any) -> bool:
        changes = asdict(text) | {"words": number} | changes
        changes |= {"revision": at + 1, "changed_at": timezone.now()}
        if Post.objects.filter(pk=self.pk, revision=at).update(**changes) != 1:
            return False
        Revision.objects.create(post=self, number=at + 1, **asdict(text))
        for name, value in changes.items():
            setattr(self, name, value)
        return True


class Revision(models.Model):
    """The text as it was saved once."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = PlainText()
    description = PlainText(blank=True)
    markdown = PlainText(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("post", "number", name="revision_number_of_post")
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"

    @property
    def text(self) -> Text:
        return Text(self.title, self.description, self.markdown)
