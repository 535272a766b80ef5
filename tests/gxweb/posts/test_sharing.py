"""A link for everybody, until it is taken back."""

from __future__ import annotations

from django.apps import apps
from django.test import Client

from gxweb.accounts.models import User
from gxweb.posts.models import Post
from runs.models import Run


def shared(owner: Client, post: Post) -> str:
    place = owner.post(f"/posts/{post.pk}/link/")["Location"]
    found = owner.get(place).context["place"]
    assert found.startswith("http://testserver/posts/shared/")
    return str(found.removeprefix("http://testserver"))


def test_who_has_the_link_reads_the_text_and_its_quotes(
    as_ada: Client, post: Post, run: Run
) -> None:
    place = shared(as_ada, post)
    page = Client().get(place)
    html = page.content.decode()
    assert "Salt is dear." in html
    assert 'id="source-c1"' in html
    for private in (str(post.pk), str(run.pk), "ada@example.org", "Edit"):
        assert private not in html
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert page["Referrer-Policy"] == "no-referrer"


def test_nobody_reads_what_is_not_shared(as_ada: Client, as_bob: Client, post: Post) -> None:
    as_ada.get(f"/posts/{post.pk}/link/")
    assert Post.objects.get(pk=post.pk).shared is None
    assert as_bob.post(f"/posts/{post.pk}/link/").status_code == 404
    for key in ("None", "", "%00", str(post.pk)):
        assert Client().get(f"/posts/shared/{key}/").status_code == 404
    assert Post.objects.get(pk=post.pk).shared is None


def test_a_link_stays_the_same_and_is_taken_back_for_good(as_ada: Client, post: Post) -> None:
    place = shared(as_ada, post)
    assert shared(as_ada, post) == place
    as_ada.post(f"/posts/{post.pk}/link/", {"revoke": "1"})
    assert Client().get(place).status_code == 404
    assert shared(as_ada, post) != place
    assert Client().get(place).status_code == 404


def test_the_link_of_a_closed_account_leads_nowhere(as_ada: Client, post: Post) -> None:
    place = shared(as_ada, post)
    User.objects.filter(pk=post.owner_id).update(is_active=False)
    assert Client().get(place).status_code == 404


def test_the_link_of_a_deleted_post_leads_nowhere_and_is_not_kept(
    as_ada: Client, post: Post
) -> None:
    place = shared(as_ada, post)
    key = place.rstrip("/").rpartition("/")[2]
    assert Client().get(place).status_code == 200
    as_ada.post(f"/posts/{post.pk}/deletion/")
    assert Client().get(place).status_code == 404
    kept = "".join(str(list(m._default_manager.values_list())) for m in apps.get_models())
    assert key not in kept
