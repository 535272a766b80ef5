"""Who is who among the calls of a run."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.identity import (
    KEY_CHARS,
    Children,
    Paths,
    arguments,
    fingerprint,
    root_digest,
    shown,
)
from workflows.engine.values import freeze


def f(x: int, *rest: int, y: str = "a", **more: int) -> None: ...


def call(*args: int, **kwargs: object) -> str:
    return fingerprint("f", 1, freeze(arguments(f, args, kwargs)))


def test_a_call_is_its_bound_arguments() -> None:
    assert call(1) == call(x=1) == call(1, y="a")
    assert len({call(1), call(2), call(1, 2), call(1, y="b"), call(1, z=1)}) == 5


def test_name_and_version_are_part_of_it() -> None:
    assert len({fingerprint("f", 1, {}), fingerprint("g", 1, {}), fingerprint("f", 2, {})}) == 3


def test_the_root_is_its_name_only() -> None:
    assert root_digest("blog") == root_digest("blog") != root_digest("ingest")


@given(st.lists(st.sampled_from("abc"), max_size=30), st.randoms())
def test_the_order_of_different_calls_does_not_matter(calls: list[str], random: object) -> None:
    shuffled = sorted(calls, key=lambda _: random.random())  # type: ignore[attr-defined]
    one, other = Children("root"), Children("root")
    taken = Counter(one.digest(name, None) for name in calls)
    assert taken == Counter(other.digest(name, None) for name in shuffled)
    assert len(taken) == len(calls)


def test_a_key_takes_the_place_of_the_count() -> None:
    one, other = Children("root"), Children("root")
    a, b = one.digest("f", "a"), one.digest("f", "b")
    assert (other.digest("f", "b"), other.digest("f", "a")) == (b, a)


def test_no_two_calls_are_one() -> None:
    children = Children("root")
    keys = [None, None, "a", "a", "#0", "1", "", "a1"]
    digests = {children.digest("f", key) for key in keys} | {Children("other").digest("f", "a")}
    assert len(digests) == len(keys) + 1


def test_paths_count_by_name_under_a_parent() -> None:
    paths = Paths({})
    assert paths.take("r", None, "blog", None) == "blog[0]"
    assert paths.take("a", "blog[0]", "write", None) == "blog[0]/write[0]"
    assert paths.take("b", "blog[0]", "write", None) == "blog[0]/write[1]"
    assert paths.take("c", "blog[0]", "read", None) == "blog[0]/read[0]"


@pytest.mark.parametrize(
    ("key", "shown"), [("https://a/b", 'x["https://a/b"]'), ('"\n', r'x["\"\n"]'), ("é", 'x["é"]')]
)
def test_a_key_is_shown_quoted(key: str, shown: str) -> None:
    paths = Paths({})
    assert paths.take("a", None, "x", key) == shown
    assert paths.take("b", None, "x", key) == f"{shown}[0]"


def test_a_later_attempt_keeps_the_paths_of_the_log() -> None:
    paths = Paths({"b": "f[0]", "d": "f[2]"})
    assert [paths.take(digest, None, "f", None) for digest in "abcde"] == [
        "f[1]", "f[0]", "f[3]", "f[2]", "f[4]",
    ]  # fmt: skip


def test_a_long_key_is_shown_shortened() -> None:
    assert (shown(None), shown("k" * KEY_CHARS)) == (None, "k" * KEY_CHARS)
    assert shown("k" * 1000) == "k" * (KEY_CHARS - 1) + "…"


def test_a_parent_that_is_tried_again_makes_the_same_calls() -> None:
    children = Children("root")
    first = [children.digest("f", None), children.digest("f", None), children.digest("g", "k")]
    children.anew()
    assert [children.digest("f", None), children.digest("f", None)] == first[:2]
    assert children.digest("g", "k") == first[2]


@pytest.mark.parametrize("key", [None, "k"])
def test_a_call_that_is_still_under_way_keeps_its_identity(key: str | None) -> None:
    children = Children("root")
    first = children.digest("f", key)
    children.under_way.add(first)
    children.anew()
    second = children.digest("f", key)
    assert second != first
    children.under_way.clear()
    children.anew()
    assert [children.digest("f", key), children.digest("f", key)] == [first, second]


values = st.integers() | st.floats(allow_nan=False) | st.text() | st.none() | st.booleans()


@given(values, st.text(), st.dictionaries(st.text(min_size=1), values, max_size=5), st.randoms())
def test_how_the_arguments_are_given_does_not_matter(
    x: object, y: str, more: dict[str, object], random: object
) -> None:
    more = {name: value for name, value in more.items() if name not in ("x", "y", "rest")}
    shuffled = dict(sorted(more.items(), key=lambda _: random.random()))  # type: ignore[attr-defined]
    positional = fingerprint("f", 1, freeze(arguments(f, (x,), {"y": y, **more})))
    named = fingerprint("f", 1, freeze(arguments(f, (), {**shuffled, "y": y, "x": x})))
    assert positional == named


def test_values_that_are_equal_and_not_the_same_are_different_calls() -> None:
    same_looking = [1, 1.0, True, "1", (1,), [1], {1}, frozenset({1}), {1: 1}, {"1": 1}]
    assert len({fingerprint("f", 1, freeze({"x": x})) for x in same_looking}) == len(same_looking)


def test_paths_stay_short_however_deep_a_flow_calls_itself() -> None:
    paths, path = Paths({}), "root"
    seen = set()
    for depth in range(300):
        path = paths.take(f"d{depth}", path, "n" * 100, "k" * 200)
        seen.add(path)
    assert len(seen) == 300
    assert max(map(len, seen)) < 3_000
    assert paths.take("other", max(seen, key=len), "n", None) not in seen
