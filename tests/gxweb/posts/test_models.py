"""A post's text moves by compare-and-set, and every version is kept."""

from __future__ import annotations

from gxweb.accounts.models import User
from gxweb.posts.models import Post
from gxweb.posts.text import Text

MINE, THEIRS = Text("Mine", "m", "Mine."), Text("Theirs", "t", "Theirs, two words")


def test_of_two_who_save_at_once_the_second_is_refused(post: Post) -> None:
    other = Post.objects.get(pk=post.pk)
    assert other.edit(THEIRS, at=1)
    assert not post.edit(MINE, at=1)
    assert Post.objects.get(pk=post.pk).text == THEIRS
    assert (other.revision, other.words) == (2, 3)


def test_every_version_is_kept(post: Post) -> None:
    written = post.text
    assert post.edit(MINE, at=1)
    assert post.edit(THEIRS, at=2)
    kept = post.revisions.order_by("number")
    assert [(one.number, one.text) for one in kept] == [(1, written), (2, MINE), (3, THEIRS)]


def test_a_post_is_seen_by_its_owner_alone(post: Post, ada: User, bob: User) -> None:
    bob.is_staff = bob.is_superuser = True
    assert list(Post.objects.visible_to(ada)) == [post]
    assert list(Post.objects.visible_to(bob)) == []
    ada.is_active = False
    assert list(Post.objects.visible_to(ada)) == []


def test_reading_takes_at_least_a_minute() -> None:
    assert [Post(words=words).minutes for words in (0, 100, 440, 2200)] == [1, 1, 2, 10]
