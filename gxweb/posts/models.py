"""A post and its revisions. A post is there from the moment its run was started.

The text moves by compare-and-set on the number of its revision: of two who save at once the second
is told, and nothing is overwritten. Revision 1 is what the run wrote. Other runs may go on with a
post: each is a writing, and what it gave is a revision of its own. What a person has changed is
put on top of that, as another revision.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from gxweb.posts import words
from gxweb.posts.merging import merged
from gxweb.posts.text import Text
from runs.fields import Document, PlainText
from runs.models import Run

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser, AnonymousUser

LARGE = ("markdown", "sources")  # what a list leaves out


class PostQuerySet(models.QuerySet["Post"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        """One's own. Staff look at runs, not at what people make of them."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        return self.filter(owner_id=user.pk)

    def newest(self) -> Self:
        return self.order_by("-created_at")


class Post(models.Model):
    class Status(models.TextChoices):
        WRITING = "writing"
        READY = "ready"
        FAILED = "failed"
        STOPPED = "stopped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="posts")
    run = models.OneToOneField(Run, models.CASCADE, related_name="post")  # the newest of its runs
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
    # What its link ends with, for all who have that; null: nobody else reads it.
    shared = models.CharField(max_length=32, null=True, unique=True)  # noqa: DJ001

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

    @classmethod
    @transaction.atomic
    def begin(cls, run: Run, title: str) -> Post:
        """A post that this run is to write. Raises IntegrityError when it has one."""
        post = cls.objects.create(
            run=run, owner_id=run.owner_id, title=title, created_at=run.created_at
        )
        Writing.objects.create(post=post, run=run, base=0)
        return post

    @transaction.atomic
    def follow(self, run: Run) -> bool:
        """Another run goes on with it. False: it has gone on with yet another one meanwhile. Raises
        IntegrityError when that run writes something else."""
        text_stays = self.status == self.Status.READY
        changes = {"run": run, "status": self.status if text_stays else self.Status.WRITING}
        if Post.objects.filter(pk=self.pk, run=self.run_id).update(**changes) != 1:
            return False
        self.refresh_from_db()
        Writing.objects.create(post=self, run=run, base=self.revision)
        return True

    def share(self) -> None:
        """Under a new link, unless there is one."""
        Post.objects.filter(pk=self.pk, shared=None).update(shared=secrets.token_urlsafe(24))

    def unshare(self) -> None:
        """For good: the next link is another one."""
        Post.objects.filter(pk=self.pk).update(shared=None)

    def asked(self, run: Run, heading: str) -> None:
        """That run is to write this section anew."""
        self.writings.filter(run=run, ended=False).update(asked=heading)

    @property
    def writing(self) -> Writing:
        """What its newest run does to it."""
        found: Writing = self.writings.get(run=self.run_id)
        return found

    @transaction.atomic
    def finish(self, status: Status, text: Text, **changes: Any) -> bool:
        """The run has ended and left this. False: that was known already."""
        writing = self.writing
        if not writing.end():
            return False
        # Nobody saves in between.
        now = Post.objects.select_for_update().get(pk=self.pk)
        if now.status == self.Status.READY and status != self.Status.READY:
            return True  # a text that was whole is not made worse by a try at a better one
        told = self._with_mine(writing, now, text) if now.revision else text
        if now.revision and now.text == text:
            Post.objects.filter(pk=self.pk).update(status=status, **changes)
        else:
            now._write(text, at=now.revision, status=status, **changes)
        writing.keep(now.revision, on_top=told != text)
        if told != text:
            now._write(told, at=now.revision, sources=_cards(told, self.sources, now.sources))
        self.refresh_from_db()
        return True

    def _with_mine(self, writing: Writing, now: Post, text: Text) -> Text:
        """The run's text with what a person has changed of the one that it went on from."""
        given = self.writings.filter(gave__gt=0, pk__lt=writing.pk).order_by("-pk").first()
        base = None if given is None else self.revisions.filter(number=given.gave).first()
        began = self.revisions.filter(number=writing.base).first()
        # Wanted anew as it was then: what was changed while the run wrote is another matter.
        asked = writing.asked if began is not None and began.text == now.text else ""
        return text if base is None else merged(now.text, base.text, text, asked=asked)

    def edit(self, text: Text, *, at: int) -> bool:
        """Save over revision `at`. False: somebody else has saved since."""
        return self._write(text, at=at)

    @transaction.atomic
    def _write(self, text: Text, *, at: int, **changes: Any) -> bool:
        changes = asdict(text) | {"words": words.count(text.markdown)} | changes
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


class Writing(models.Model):
    """What one run does to a post: it goes on from one revision, and gives another."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="writings")
    run = models.OneToOneField(Run, models.SET_NULL, null=True, related_name="writing")
    base = models.PositiveIntegerField()  # 0: there was no text yet
    asked = PlainText(blank=True)  # the heading of the section that was to be written anew
    gave = models.PositiveIntegerField(default=0)  # 0: nothing, or it has not ended
    on_top = models.BooleanField(default=False)  # a person's changes were put on what it gave
    ended = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.run_id} writes {self.post_id}"

    @property
    def is_below_mine(self) -> bool:
        """Whether what is shown is what it gave with a person's changes put on top."""
        return self.on_top and self.post.revision == self.gave + 1

    def end(self) -> bool:
        """False: its end was told before."""
        return Writing.objects.filter(pk=self.pk, ended=False).update(ended=True) == 1

    def keep(self, revision: int, *, on_top: bool) -> None:
        Writing.objects.filter(pk=self.pk).update(gave=revision, on_top=on_top)


def _cards(text: Text, *sources: Iterable[Any]) -> list[Any]:
    """The cards that a text of several writings cites."""
    known = {card["id"]: card for cards in sources for card in cards}
    cited = words.cited(text.markdown)
    return [card for id, card in known.items() if id in cited]
