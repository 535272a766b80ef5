"""A value that goes through the log comes back as what it was."""

import enum
import threading
import uuid
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from time import process_time
from typing import Any, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, PrivateAttr, RootModel

from tests.patience import patience
from workflows.engine.values import TAG, Unthawable, canonical, freeze, is_opaque, plain, thaw
from workflows.wire.codec import dumps, loads

DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - a value without a zone comes back without one


T = TypeVar("T")
U = TypeVar("U")


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


class Mode(enum.Flag):
    READ = 1
    WRITE = 2


class Level(enum.StrEnum):
    LOW = "low"


class Point(NamedTuple):
    x: int
    y: float


@dataclass(frozen=True, slots=True)
class Leaf:
    when: datetime
    tags: frozenset[str] = frozenset()


@dataclass
class Tree:
    leaf: Leaf
    more: dict[Any, Any] = field(default_factory=dict)
    twice: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.twice += 2


class Page(BaseModel):
    title: str = Field(alias="Title")
    price: Decimal = Decimal(1)
    leaves: list[Leaf] = []
    _seen: int = PrivateAttr(default=0)

    @cached_property
    def loud(self) -> str:
        return self.title.upper()


class Loose(BaseModel, extra="allow"):
    n: int


class Names(RootModel[list[str]]):
    pass


@dataclass
class Corpus:
    """It gives itself more than its fields when it is made."""

    texts: list[str]

    def __post_init__(self) -> None:
        self.lengths = [len(text) for text in self.texts]
        self.lock = threading.Lock()

    @cached_property
    def whole(self) -> str:
        return "".join(self.texts)


class Told(BaseModel):
    n: int
    _twice: int = PrivateAttr()
    _never: int = PrivateAttr()
    _notes: dict[str, int] = PrivateAttr(default_factory=dict)
    _up: Any = PrivateAttr(default=None)

    def model_post_init(self, _: Any) -> None:
        self._twice = 2 * self.n


def through(value: Any) -> Any:
    """As the log carries it."""
    return thaw(loads(dumps(freeze(value))))


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and (a == b or (a != a and b != b))


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.decimals(allow_nan=False) | st.uuids() | st.dates() | st.times() | st.timedeltas()
    | st.datetimes() | st.datetimes(timezones=st.just(UTC)) | st.sampled_from(Colour)
    | st.complex_numbers(allow_nan=False)
)  # fmt: skip
keys = st.text() | st.integers() | st.dates() | st.just("$") | st.none()
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(keys, inner)
        | st.sets(st.integers() | st.text()) | st.frozensets(st.uuids())
        | st.builds(Leaf, st.datetimes(), st.frozensets(st.text()))
        | st.builds(Tree, st.builds(Leaf, st.datetimes()), st.dictionaries(keys, inner))
    ),
    max_leaves=12,
)  # fmt: skip


@given(trees)
def test_any_value_comes_back(value: Any) -> None:
    # By repr too: 1, 1.0 and True are equal and are not the same.
    assert repr(through(value)) == repr(value) or through(value) == value
    assert freeze(through(value)) == freeze(value)


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-3))),
        time(1, 2, 3, fold=1),
        date(1, 1, 1),
        Mode.READ | Mode.WRITE,
        Mode.READ,
        Mode(0),
        Level.LOW,
        time(12, tzinfo=ZoneInfo("Europe/Berlin")),
        Point(1, 2.0),
        deque([1, 2], maxlen=3),
        OrderedDict(b=1, a=2),
        bytearray(b"x"),
        2**200,
        float("inf"),
        "half \ud800 a pair",
        uuid.UUID("b8f6f2ae-9f0b-4d7a-8a51-0f1d9f6f7a11"),
        {"$": "datetime", "value": "not one"},
        {1: {"a"}, None: (1,)},
        Page(Title="A", leaves=[Leaf(DAY)]),
        Loose(n=1, other="x"),  # type: ignore[call-arg]
        Names(["a"]),
    ],
    ids=repr,
)
def test_these_come_back_too(value: Any) -> None:
    back = through(value)
    assert same(back, value)
    assert freeze(back) == freeze(value)


def test_a_zone_is_more_than_an_offset() -> None:
    summer = datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert (through(summer) + timedelta(days=180)).utcoffset() == timedelta(hours=1)


def test_a_dataclass_is_not_initialised_again() -> None:
    tree = Tree(Leaf(DAY))
    assert through(tree).twice == 2


class Items(BaseModel, Generic[T, U]):
    first: list[T]
    second: U


def test_a_generic_model_comes_back_where_nobody_has_made_it_yet() -> None:
    """Its parts are there, and that is enough: another process may not have come so far."""
    inner = Items[int, Leaf](first=[1], second=Leaf(DAY))
    value = Items[str, Items[int, Leaf]](first=["a"], second=inner)
    frozen = freeze(value)
    assert frozen["class"].startswith(f"{__name__}:Items[builtins:str, {__name__}:Items[")
    assert (type(thaw(frozen)), thaw(frozen)) == (type(value), value)
    for wrong in ("builtins:int[builtins:str]", f"{__name__}:Items[builtins:str"):
        with pytest.raises(Unthawable):
            thaw({**frozen, "class": wrong})


def test_a_model_keeps_its_private_parts_working() -> None:
    page = Page(Title="a")
    assert page.loud == "A"
    back = through(page)
    back._seen += 1
    assert (back.loud, back._seen, back.model_fields_set) == ("A", 1, {"title"})


@pytest.mark.parametrize("value", [object(), [object()], {"a": (open,)}, lambda: 1, range(3)])
def test_what_cannot_be_said_is_opaque(value: Any) -> None:
    frozen = freeze(value)
    assert is_opaque(frozen) or frozen != value
    with pytest.raises(Unthawable):
        thaw(frozen)


def test_a_field_that_is_not_there_is_opaque() -> None:
    half = Tree.__new__(Tree)
    assert is_opaque(freeze(half))


def test_a_cycle_is_opaque() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert is_opaque(freeze(loop))


def test_a_local_class_cannot_come_back() -> None:
    @dataclass
    class Local:
        x: int

    with pytest.raises(Unthawable, match="no class"):
        thaw(freeze(Local(1)))


@pytest.mark.parametrize(
    "frozen",
    [
        {"$": "dataclass", "class": "subprocess:Popen", "fields": {"args": "true"}},
        {"$": "dataclass", "class": "no.such.module:Thing", "fields": {}},
        {"$": "model", "class": f"{__name__}:Leaf", "fields": {}},
        {"$": "enum", "class": f"{__name__}:Leaf", "value": "X"},
        {"$": "enum", "class": f"{__name__}:Colour", "value": "GREEN"},
        {"$": "namedtuple", "class": f"{__name__}:Leaf", "items": []},
        {"$": "namedtuple", "class": f"{__name__}:Point", "items": [1]},
        {"$": "datetime", "value": "yesterday", "fold": 0},
        {"$": "a tag of a later version"},
        {"$": ["no tag"]},
        {"$": "dataclass", "class": f"{__name__}:Leaf", "fields": {"gone": 1, "when": None}},
        {"$": "dataclass", "class": f"{__name__}:Leaf", "fields": {}},
    ],
)
def test_what_this_code_cannot_read_is_said(frozen: Any) -> None:
    with pytest.raises(Unthawable):
        thaw(frozen)


def test_a_new_field_with_a_default_is_filled_in() -> None:
    when = freeze(DAY)
    frozen = {"$": "dataclass", "class": f"{__name__}:Leaf", "fields": {"when": when}}
    assert thaw(frozen) == Leaf(DAY)


def test_canonical_bytes_do_not_depend_on_order() -> None:
    one, other = {"a": 1, "b": {"x", "y"}}, {"b": {"y", "x"}, "a": 1}
    assert canonical(freeze(one)) == canonical(freeze(other))
    assert canonical(freeze({1: 2, 3: 4})) == canonical(freeze({3: 4, 1: 2}))


@pytest.mark.parametrize(
    ("a", "b"), [(1, 1.0), (1, True), ("1", 1), ([1], (1,)), ({1: 2}, {"1": 2}), (b"a", "a")]
)
def test_canonical_bytes_tell_types_apart(a: Any, b: Any) -> None:
    assert canonical(freeze(a)) != canonical(freeze(b))


def test_plain_is_json_for_everybody() -> None:
    said = plain({"p": Page(Title="A"), "l": Leaf(DAY), "c": Colour.RED, "b": b"a"})
    assert loads(dumps(said)) == {
        "p": {"Title": "A", "price": "1", "leaves": []},
        "l": {"when": "2026-01-01T00:00:00", "tags": []},
        "c": "red",
        "b": "YQ==",
    }


def test_plain_refuses_what_json_cannot_say() -> None:
    with pytest.raises(ValueError, match="serialize"):
        plain(object())
    assert plain({"o": object()}, fallback=True) == {"o": "<object>"}


def test_what_stands_beside_the_fields_comes_back() -> None:
    corpus = Corpus(["a", "bb"])
    assert corpus.whole == "abb"
    back = through(corpus)
    assert (back, back.lengths, back.whole) == (corpus, [1, 2], "abb")
    assert not hasattr(back, "lock")
    told = Told(n=2)
    told._notes["x"] = 1
    back = through(told)
    assert (back, back._twice, back._notes) == (told, 4, {"x": 1})
    assert not hasattr(back, "_never")
    back._never = 3
    assert back._never == 3


def test_what_stands_beside_the_fields_is_no_part_of_who_it_is() -> None:
    """It may be a count, or a time: equal calls stay equal."""
    one, other = Told(n=2), Told(n=2)
    one._notes["x"] = 1
    assert canonical(freeze([one])) == canonical(freeze([other]))
    assert canonical(freeze({"hidden": 1})) != canonical(freeze({"hidden": 2}))


def test_objects_that_know_each_other_are_quick_to_keep() -> None:
    many = [Told(n=n) for n in range(300)]
    for told in many:
        told._up = many
    began = process_time()
    assert through(many)[7].n == 7
    assert process_time() - began < patience(2)
    assert through({TAG: 1}) == {TAG: 1}
