"""Which runs a list shows."""

from __future__ import annotations

from typing import Any

import pytest

from runs.listing import Wanted, found, subject, title, workflows
from runs.models import Run
from tests.runs.serving import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Person:
    return Person("owner@example.org")


def add(person: Person, input: Any, **fields: Any) -> Run:
    given = {"workflow": "blog", "version": 1, **fields}
    return Run.objects.create(owner=person.user, input=input, **given)


def shown(person: Person, **wanted: str) -> set[Run]:
    return set(found(person.user, Wanted(**wanted)))


def test_it_shows_ones_own_runs_by_state_workflow_and_words(owner: Person) -> None:
    salt = add(owner, {"topic": "Salt", "notes": 'of the "Baltic"'})
    wool = add(owner, {"topic": "Wool"}, status="running")
    other = add(owner, {"url": "https://salt.example"}, workflow="ingest")
    add(Person("stranger@example.org"), {"topic": "Salt"})
    assert shown(owner) == {salt, wool, other}
    assert shown(owner, words="salt") == {salt, other}
    assert shown(owner, words="baltic") == {salt}
    assert shown(owner, words=str(wool.id)) == {wool}
    assert shown(owner, status="running") == {wool}
    assert shown(owner, workflow="ingest") == {other}
    assert shown(owner, workflow="ingest", status="running") == set()


def test_words_are_no_pattern(owner: Person) -> None:
    add(owner, {"topic": "Salt"})
    assert shown(owner, words="S_lt") == shown(owner, words="%") == set()


def test_what_is_not_known_counts_as_not_asked() -> None:
    assert Wanted.of("nonsense", "", " \0 ") == Wanted()
    assert not Wanted()


@pytest.mark.parametrize(
    ("input", "called"),
    [
        ({"topic": 'Say "hi" \\ \n ü 日'}, 'Say "hi" \\ \n ü 日'),
        ({"topic": "x" * 1000}, "x" * 200),
        ({"url": "https://www.salt.example/", "max_pages": 40}, "salt.example"),
        ({"url": "http://salt.example/a/b?c"}, "salt.example/a/b?c"),
        ({"topic": "https://salt.example/ explained"}, "https://salt.example/ explained"),
        ({"n": 3, "topic": "x"}, ""),
        ([], ""),
    ],
)
def test_a_run_is_called_by_the_first_words_of_its_input(
    owner: Person, input: Any, called: str
) -> None:
    add(owner, input)
    assert [subject(run) for run in found(owner.user, Wanted())] == [called]


def test_the_list_reads_nothing_large(owner: Person) -> None:
    add(owner, {"topic": "x"})
    (run,) = found(owner.user, Wanted())
    assert {"input", "output"} <= run.get_deferred_fields()


def test_workflows_are_those_one_has_started(owner: Person) -> None:
    add(owner, {})
    add(owner, {}, workflow="gone")
    assert workflows(owner.user) == [("blog", "Blog post"), ("gone", "gone")]
    assert title("gone") == "gone"
