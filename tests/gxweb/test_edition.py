"""A deploy changes the edition, and what carries it: addresses of assets, and the chips' frames."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.templatetags.static import static
from django.test import Client

from gxweb.accounts.models import User
from gxweb.edition import edition, of


def made(folder: Path, **files: str) -> str:
    for name, text in files.items():
        path = folder / "static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return of(iter([folder / "static", folder / "missing"]))


def test_it_follows_from_the_files_and_from_nothing_else(tmp_path: Path) -> None:
    one = made(tmp_path / "one", a="1", b="2")
    assert re.fullmatch("[0-9a-f]{10}", one)
    assert made(tmp_path / "two", b="2", a="1") == one
    others = [made(tmp_path / "three", a="1", b="3"), made(tmp_path / "four", a="1", c="2")]
    assert len({one, *others}) == 3


def test_assets_keep_their_names_and_carry_it(settings: Any) -> None:
    assert static("css/base.css") == f"/static/css/base.css?v={edition()}"
    assert static("admin/css/base.css").endswith(f"?v={edition()}")


@pytest.mark.django_db
def test_a_page_and_its_chips_say_it(redis_url: str) -> None:
    client = Client()
    client.force_login(User.objects.create_user("ada@example.org"))
    html = client.get("/accounts/").content.decode()
    assert f'data-edition="{edition()}"' in html.partition('id="chips"')[2].partition(">")[0]
    note = re.search(r'<p id="edition"[^>]*hidden>.*?</p>', html)
    assert note is not None
    assert 'href="/accounts/"' in note[0]
