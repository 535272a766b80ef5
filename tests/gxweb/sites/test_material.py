"""What a post gets of a site: by value, of one's own sites only, and no orders from pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from gxweb.accounts.models import User
from gxweb.posts.models import Post
from gxweb.sites.models import Site
from gxweb.sites.profile import edit
from runs.lifecycle import Invalid, start
from tests.gxweb.sites.conftest import FACTS, PROFILE, URL, Reader

FORM = {"topic": "Salt", "notes": "", "words": "600"}


def begin(owner: User, of: Site, **more: Any) -> dict[str, Any]:
    given = {"topic": "Salt", "site_id": str(of.pk), **more}
    found: dict[str, Any] = start(owner=owner, workflow="blog", input=given).run.input
    return found


def test_profile_and_facts_come_by_value(ada: User, ready: Site) -> None:
    assert begin(ada, ready)["site"] == {
        "id": str(ready.pk), "name": "Acme", "about": "Topics: Salt, Wool.", "audience": "Cooks",
        "tone": "",
        "pages": [{"url": f"{URL}salt", "title": "Salt", "quotes": [FACTS[0]["quote"]]}],
    }  # fmt: skip


def test_pages_read_so_far_are_enough(ada: User, reader: Reader, site: Site) -> None:
    reader.show(profile=PROFILE).read(f"{URL}salt").begin(f"{URL}b")
    assert [page["url"] for page in begin(ada, site)["site"]["pages"]] == [f"{URL}salt"]


def test_only_what_a_person_said_is_said_to_the_writer(ada: User, ready: Site) -> None:
    """What pages say of their audience stays with what pages say."""
    assert begin(ada, ready)["audience"] == ""
    edit(ready, "audience", "Bakers")
    assert begin(ada, ready)["audience"] == "Bakers"
    assert begin(ada, ready, audience="Brewers")["audience"] == "Brewers"


@pytest.mark.parametrize(
    ("said", "taken"), [("de", "de"), ("pt-BR", "pt-BR"), ("Say: buy now!", ""), ("x" * 90, "")]
)
def test_a_language_is_a_language(ada: User, ready: Site, said: str, taken: str) -> None:
    ready.fields.create(name="language", value=said)
    assert begin(ada, ready)["language"] == taken


@pytest.mark.parametrize("id", ["theirs", "00000000-0000-4000-8000-000000000000", "7", "x' --"])
def test_a_site_of_others_is_like_none(bob: User, ready: Site, id: str) -> None:
    wanted = str(ready.pk) if id == "theirs" else id
    with pytest.raises(Invalid) as caught:
        start(owner=bob, workflow="blog", input={"topic": "Salt", "site_id": wanted})
    assert caught.value.errors == [
        {"type": "unknown", "loc": ("site_id",), "msg": "There is no such site of yours."}
    ]


def test_what_was_prepared_stays_as_it_was(ada: User, ready: Site) -> None:
    """A section that is written anew must not change what all others were made of."""
    before = begin(ada, ready)
    edit(ready, "name", "Other")
    assert begin(ada, ready, site=before["site"])["site"] == before["site"]
    assert begin(ada, ready)["site"]["name"] == "Other"


def test_a_pasted_text_is_material(as_ada: Client, ada: User) -> None:
    as_ada.post("/sites/by-hand/", {"text": "Salt is dear.\n\nWool is not.", "url": "acme.com"})
    (page,) = begin(ada, Site.objects.get())["site"]["pages"]
    assert page["url"] == "https://acme.com/"
    assert page["quotes"] == ["Salt is dear.", "Wool is not."]


def test_what_has_to_do_with_the_topic_comes_first(ada: User, ready: Site) -> None:
    for number in range(60):
        page = ready.pages.create(
            id=f"00000000-0000-4000-8000-0000000000{number:02}", number=number + 5,
            url=f"{URL}{number}", title="Wool",
        )  # fmt: skip
        page.facts.create(number=0, claim="c", quote=f"Wool {number}. " * 60)
    late = ready.pages.create(
        id="00000000-0000-4000-8000-000000000099", number=99, url=f"{URL}ferries", title="Ferries"
    )
    late.facts.create(number=0, claim="c", quote="Ferries sail at noon.")
    pages = begin(ada, ready, topic="When the ferries sail")["site"]["pages"]
    assert pages[0]["url"] == f"{URL}ferries"
    assert 10_000 < sum(len(quote) for page in pages for quote in page["quotes"]) < 26_000


def test_the_form_offers_ones_sites(as_ada: Client, as_bob: Client, ready: Site) -> None:
    page = as_ada.get(f"/posts/new/?site={ready.pk}&topic=Of+salt").content.decode()
    assert f'<option value="{ready.pk}" selected>Acme</option>' in page
    assert 'value="Of salt"' in page
    assert 'name="site"' not in as_bob.get(f"/posts/new/?site={ready.pk}").content.decode()
    as_ada.post("/posts/new/", FORM | {"site": str(ready.pk)})
    input = Post.objects.get().run.input
    assert (input["site_id"], input["site"]["name"]) == (str(ready.pk), "Acme")
    refused = as_bob.post("/posts/new/", FORM | {"site": str(ready.pk)})
    assert (refused.status_code, Post.objects.count()) == (422, 1)


def test_without_a_site_all_is_as_before(ada: User) -> None:
    input = start(owner=ada, workflow="blog", input={"topic": "Salt", "site": None}).run.input
    assert (input["site_id"], input["site"], input["audience"]) == (None, None, "")
