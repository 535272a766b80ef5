"""The names of the keys are the protocol: another language must find the same ones."""

from uuid import UUID

import pytest

from workflows.wire import keys

RUN = "3f1c0e9a-0000-4000-8000-0123456789ab"


@pytest.mark.parametrize("run", [RUN, UUID(RUN)])
def test_all_keys_of_a_run_share_its_buckets_slot(run: str | UUID) -> None:
    assert keys.bucket(run) == 0x3F % 16 == 15
    names = [name(run) for name in (keys.log, keys.lease, keys.inbox, keys.blob)]
    assert names == [f"gx:{{15}}:{RUN}:{part}" for part in ("log", "lease", "inbox", "blob")]


def test_each_bucket_has_its_index_and_its_ledger() -> None:
    assert (keys.due(3), keys.spend(3)) == ("gx:{3}:due", "gx:{3}:spend")


def test_all_breakers_share_a_slot() -> None:
    assert keys.breaker("openai:gpt-5") == "gx:{breaker}:openai:gpt-5"


def test_the_line_at_a_host_is_one_key() -> None:
    assert keys.host("a.example:81") == "gx:host:{a.example:81}"


def test_what_an_owner_keeps_shares_a_slot() -> None:
    assert keys.limits("ab12", "held") == "gx:limits:{ab12}:held"
    assert (keys.cache("7"), keys.cached("7")) == ("gx:cache:{7}:values", "gx:cache:{7}:until")
    assert keys.flight("7", "abc") == "gx:cache:{7}:flight:abc"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        (RUN.encode(), True),
        (RUN.upper().encode(), False),
        (b"", False),
        (RUN.encode() + b"x", False),
    ],
)
def test_a_runs_id_is_known_from_other_names(name: bytes, is_one: bool) -> None:
    assert keys.is_run(name) is is_one
