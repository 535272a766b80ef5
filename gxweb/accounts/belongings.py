"""All rows that belong to a person: found by following the keys that point at them, so that a new
model is exported and counted without a word here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from gxweb.accounts.user import User

Kind = type[models.Model]


def querysets(user: AbstractBaseUser) -> Iterator[models.QuerySet[Any]]:
    """One for each kind of thing, nearest to the person first."""
    for kind, way in ways():
        yield kind._default_manager.filter(**{way: user.pk}).order_by("pk")


def ways() -> list[tuple[Kind, str]]:
    """Each model that can be reached, and by which path it leads back to the person."""
    found: dict[Kind, str] = {}
    ahead: list[tuple[Kind, str]] = [(User, "")]
    while ahead:
        model, way = ahead.pop(0)
        for relation in model._meta.related_objects:
            kind = relation.related_model
            if not _owns(relation) or kind in found or kind is User:
                continue
            found[kind] = f"{relation.field.name}__{way}" if way else relation.field.name
            ahead.append((kind, found[kind]))
    return list(found.items())


def counts(user: AbstractBaseUser) -> list[tuple[str, int]]:
    """How many of each kind that a person knows by name: what hangs directly on the account."""
    near = [(kind, way) for kind, way in ways() if "__" not in way]
    numbers = [(kind, kind._default_manager.filter(**{way: user.pk}).count()) for kind, way in near]
    return [(name(kind, number), number) for kind, number in numbers if number]


def name(kind: Kind, number: int) -> str:
    meta = kind._meta
    return str(meta.verbose_name if number == 1 else meta.verbose_name_plural)


def _owns(relation: Any) -> bool:
    """What goes when the other end goes; not what merely mentions it."""
    return not relation.many_to_many and relation.on_delete is models.CASCADE
