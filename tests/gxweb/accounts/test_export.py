"""One's own data to take away: all of it, nobody else's, and no keys to doors."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable

import pytest
from django.test import Client
from redis import Redis

from gxweb.accounts import belongings, export
from gxweb.accounts.models import ApiToken, User
from runs.erasing import erase
from runs.models import Run
from runs.projector import Projector
from tests.runs.writer import ROOT, Writer, done, wrote
from workflows.wire.events import RunCompleted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_redis")]


def taken(user: User) -> zipfile.ZipFile:
    with export.archive(user) as file:
        return zipfile.ZipFile(io.BytesIO(file.read()))


def lines(made: zipfile.ZipFile, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in made.read(name).splitlines()]


def run_of(user: User, redis: Redis, text: str) -> Run:
    run = Run.objects.create(
        owner=user, workflow="blog", version=1, input={"topic": text}, attempt=1
    )
    writer = Writer(redis, str(run.pk)).begin().say(wrote(ROOT, "section-1", 0, text))
    writer.say(done(ROOT), RunCompleted())
    return run


def test_all_of_ones_own_and_nothing_else(ada: User, redis: Redis) -> None:
    bob = User.objects.create_user("bob@example.org")
    hers, his = run_of(ada, redis, "hers"), run_of(bob, redis, "his-canary")
    Projector(redis).poll()
    live = Run.objects.create(owner=ada, workflow="blog", version=1, input={}, attempt=1)
    Writer(redis, str(live.pk)).begin()
    made = taken(ada)
    assert json.loads(made.read("account.json"))["email"] == "ada@example.org"
    assert {row["id"] for row in lines(made, "runs.run.jsonl")} == {str(hers.pk), str(live.pk)}
    assert [row["path"] for row in lines(made, "runs.span.jsonl")] == [ROOT]
    kinds = [event["kind"] for event in lines(made, f"events/{hers.pk}.jsonl")]
    assert kinds[0] == "run.queued"
    assert kinds[-1] == "run.completed"
    assert lines(made, f"events/{live.pk}.jsonl")
    everything = b"".join(made.read(name) for name in made.namelist())
    assert b"his-canary" not in everything
    assert str(his.pk).encode() not in everything


def test_a_run_that_is_deleted_meanwhile_is_left_out(
    ada: User, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes minutes where there is much, and people go on meanwhile."""
    runs = sorted((run_of(ada, redis, "one"), run_of(ada, redis, "two")), key=lambda run: run.pk)
    Projector(redis).poll()
    first, last = (f"events/{run.pk}.jsonl" for run in runs)

    def write(made: zipfile.ZipFile, name: str, told: Iterable[bytes]) -> None:
        _write(made, name, told)
        if name == first:
            erase(Run.objects.get(pk=runs[1].pk))

    _write = export._write
    monkeypatch.setattr(export, "_write", write)
    made = taken(ada)
    assert lines(made, first)
    assert lines(made, last) == []


def test_no_keys_to_doors(ada: User) -> None:
    row, token = ApiToken.objects.issue(user=ada, scopes=["read"], name="Nightly")
    made = taken(ada)
    everything = b"".join(made.read(name) for name in made.namelist())
    assert b"Nightly" in everything
    for secret in (ada.password, row.digest, token):
        assert secret.encode() not in everything


async def test_it_comes_as_a_download_and_not_without_end(
    async_client: Client, transactional_db: None
) -> None:
    user = await User.objects.acreate(email="eve@example.org")
    await async_client.aforce_login(user)
    response = await async_client.get("/accounts/export/")  # type: ignore[misc]
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"].startswith('attachment; filename="gxweb-')
    body = b"".join([part async for part in response.streaming_content])
    response.close()
    assert "account.json" in zipfile.ZipFile(io.BytesIO(body)).namelist()


def test_every_row_that_goes_with_a_person_is_found() -> None:
    kinds = {kind._meta.label for kind, _ in belongings.ways()}
    assert {"accounts.ApiToken", "runs.Run", "runs.Span", "runs.LogArchive"} <= kinds
    assert "accounts.User" not in kinds


def test_counts_are_of_what_one_knows_by_name(ada: User) -> None:
    for _ in range(2):
        Run.objects.create(owner=ada, workflow="blog", version=1, input={})
    ApiToken.objects.issue(user=ada, scopes=["read"])
    assert dict(belongings.counts(ada)) == {
        "API token": 1, "runs": 2,
    }  # fmt: skip
