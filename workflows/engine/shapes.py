"""Classes by their names, taken apart into fields and put together again without their __init__.

A value was valid when it was frozen; to run its checks again could only fail on what is true.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cached_property
from types import FunctionType, GenericAlias
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from pydantic_core import PydanticUndefined


def name(cls: type | FunctionType) -> str:
    """A generic model of certain types is named by its parts: whoever reads the name may not have
    made it yet."""
    made_of = getattr(cls, "__pydantic_generic_metadata__", None)
    if made_of and made_of["origin"] and all(map(_is_class, made_of["args"])):
        return f"{name(made_of['origin'])}[{', '.join(map(name, made_of['args']))}]"
    return f"{cls.__module__}:{cls.__qualname__}"


def _is_class(arg: Any) -> bool:
    return isinstance(arg, type) and not isinstance(arg, GenericAlias)


def find(named: str) -> type[Any]:
    """The class of that name in a module that is imported. Raises LookupError."""
    generic, bracket, args = named.partition("[")
    if bracket and ":" in args:
        found = find(generic)
        if not (issubclass(found, BaseModel) and args.endswith("]")):
            raise LookupError(f"no class {named} here")
        return found[tuple(map(find, _parts(args[:-1])))]  # type: ignore[no-any-return,index]
    return _find(named)


def _parts(said: str) -> list[str]:
    """What stands between the commas that no bracket encloses."""
    parts, depth = [""], 0
    for char in said:
        depth += (char == "[") - (char == "]")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def _find(named: str) -> type[Any]:
    module, _, qualname = named.partition(":")
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type) or name(found) != named:
        raise LookupError(f"no class {named} here")
    return found


def zone(key: str) -> ZoneInfo:
    return ZoneInfo(key)


def enum_member(cls: type[Any], member: str | None, bits: int | None = None) -> Enum:
    if not issubclass(cls, Enum):
        raise TypeError(f"{name(cls)} is no Enum")
    if member is None:
        return cls(bits)
    # A combination of flags has a name like "READ|WRITE" and no entry of its own.
    value: Any = cls[member.split("|")[0]]
    for part in member.split("|")[1:]:
        value |= cls[part]
    return cls(value)


def namedtuple(cls: type[Any], items: list[Any]) -> Any:
    if not (issubclass(cls, tuple) and hasattr(cls, "_make")):
        raise TypeError(f"{name(cls)} is no named tuple")
    return cls._make(items)


def dataclass_parts(value: Any) -> dict[str, Any]:
    return {f.name: getattr(value, f.name) for f in fields(value)}


def beside(value: Any) -> dict[str, Any]:
    """What an object holds beside its fields: a model's private attributes, what a dataclass gave
    itself when it was made. Cached properties are made again."""
    if isinstance(value, BaseModel):
        return dict(getattr(value, "__pydantic_private__", None) or {})
    cls, own = type(value), getattr(value, "__dict__", {})
    known = {f.name for f in fields(value)}
    return {
        name: part
        for name, part in own.items()
        if name not in known and not isinstance(getattr(cls, name, None), cached_property)
    }


def build_dataclass(cls: type[Any], parts: dict[str, Any], hidden: dict[str, Any]) -> Any:
    """Raises TypeError when the class has changed so that the parts do not fit."""
    if not is_dataclass(cls):
        raise TypeError(f"{name(cls)} is no dataclass")
    known = {f.name: f for f in fields(cls)}
    if parts.keys() - known.keys():
        raise TypeError(f"{name(cls)} has lost fields")
    value = object.__new__(cls)
    for field in known.values():
        part = parts[field.name] if field.name in parts else _default(cls, field)
        object.__setattr__(value, field.name, part)
    for attribute, part in hidden.items():
        object.__setattr__(value, attribute, part)
    return value


def _default(cls: type[Any], field: Any) -> Any:
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    raise TypeError(f"{name(cls)} has a new field {field.name}")


def model_parts(value: BaseModel) -> dict[str, Any]:
    # Not all of __dict__: cached properties live there too.
    values = {f: value.__dict__[f] for f in type(value).model_fields if f in value.__dict__}
    parts: dict[str, Any] = {"set": sorted(value.model_fields_set), "values": values}
    if value.model_extra is not None:
        parts["extra"] = dict(value.model_extra)
    return parts


def build_model(cls: type[Any], parts: dict[str, Any], hidden: dict[str, Any]) -> Any:
    if not issubclass(cls, BaseModel):
        raise TypeError(f"{name(cls)} is no model")
    values = parts["values"]
    if values.keys() - cls.model_fields.keys():
        raise TypeError(f"{name(cls)} has lost fields")
    missing = [f for f, info in cls.model_fields.items() if info.is_required() and f not in values]
    if missing:
        raise TypeError(f"{name(cls)} has new fields {missing}")
    return _model(cls, values, parts, hidden)


def _model(
    cls: type[BaseModel], values: dict[str, Any], parts: dict[str, Any], hidden: dict[str, Any]
) -> BaseModel:
    # Not by model_construct: it reads aliases before names, and runs model_post_init.
    model = cls.__new__(cls)
    defaults = {
        f: info.get_default(call_default_factory=True, validated_data=values)
        for f, info in cls.model_fields.items()
        if f not in values
    }
    given = {a: p.get_default() for a, p in cls.__private_attributes__.items()}
    private = {a: part for a, part in given.items() if part is not PydanticUndefined}
    private |= {a: part for a, part in hidden.items() if a in given}
    object.__setattr__(model, "__dict__", {**defaults, **values})
    object.__setattr__(model, "__pydantic_fields_set__", set(parts["set"]))
    object.__setattr__(model, "__pydantic_extra__", parts.get("extra"))
    object.__setattr__(model, "__pydantic_private__", private if given else None)
    return model
