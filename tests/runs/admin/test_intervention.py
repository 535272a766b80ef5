"""What staff did can be read, searched and never changed."""

from __future__ import annotations

import pytest

from runs.interventions import Intervention, recorded
from runs.models import Run
from tests.runs.admin.conftest import page
from tests.runs.serving import Person

PATH = "/admin/runs/intervention/"


@pytest.fixture
def row(chief: Person, run: Run) -> Intervention:
    with recorded(by=chief.user, what="cancel", run=run.pk, reason="It floods."):
        pass
    return Intervention.objects.get()


@pytest.mark.parametrize("words", ["", "floods", "chief@", "{run}", "{begin}"])
def test_it_is_found(viewer: Person, row: Intervention, run: Run, words: str) -> None:
    words = words.replace("{run}", str(run.pk)).replace("{begin}", str(run.pk)[:8])
    html = page(viewer, f"{PATH}?q={words}")
    assert "It floods." in html
    assert "chief@example.org" in html


@pytest.mark.parametrize("words", ["nothing", "0000-0000", "zz"])
def test_what_is_not_there_is_not_found(viewer: Person, row: Intervention, words: str) -> None:
    assert "It floods." not in page(viewer, f"{PATH}?q={words}")


def test_it_is_readable_when_both_ends_are_gone(
    viewer: Person, row: Intervention, run: Run, chief: Person
) -> None:
    number = chief.user.pk
    run.delete()
    chief.user.delete()
    for path in (PATH, f"{PATH}{row.pk}/change/"):
        html = page(viewer, path)
        assert f"account {number}, gone" in html
        assert "It floods." in html


def test_rows_are_not_written(chief: Person, row: Intervention) -> None:
    for way in ("add/", f"{row.pk}/delete/"):
        assert chief.client.post(f"{PATH}{way}", {"post": "yes"}).status_code == 403
    assert chief.client.post(f"{PATH}{row.pk}/change/", {"reason": "another"}).status_code == 403
    assert Intervention.objects.get().reason == "It floods."
