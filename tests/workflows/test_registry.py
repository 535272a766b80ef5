"""What the catalog promises the registry can run, in the same version and shapes."""

import typing

from workflows.catalog import CATALOG
from workflows.registry import REGISTRY


def test_every_entry_has_its_function() -> None:
    assert REGISTRY.keys() == CATALOG.keys()
    for name, entry in CATALOG.items():
        assert (REGISTRY[name].name, REGISTRY[name].version) == (name, entry.version)


def test_functions_take_and_give_the_catalogs_shapes() -> None:
    for name, entry in CATALOG.items():
        hints = typing.get_type_hints(REGISTRY[name].function)
        assert hints.pop("return") is entry.output
        assert list(hints.values()) == [entry.input]
