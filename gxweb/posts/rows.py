"""The rows of lists of posts. Equal rows are equal HTML, drawn once for all that show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from uuid import UUID

from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from gxweb.posts.models import Post, PostQuerySet

# In the order of a row's attributes.
COLUMNS = (
    "pk", "status", "title", "words", "description", "created_at",
    "run__status", "run__finished_at", "run__error_message",
    "run__progress_message", "run__progress_done", "run__progress_total",
)  # fmt: skip
DRAWN = 2_000  # kept: some MB
_columns_of = attrgetter(*(column.replace("__", ".") for column in COLUMNS))


@dataclass(frozen=True, slots=True)
class Row:
    """A post as a list tells it: all that its row says, and nothing else."""

    id: UUID
    status: str
    title: str
    words: int
    description: str
    created_at: datetime
    run_status: str
    run_ended: datetime | None
    failure: str
    doing: str
    done: float | None
    total: float | None


def found(posts: PostQuerySet) -> list[SafeString]:
    """Of as many posts as the caller asks for."""
    return [drawn(Row(*columns)) for columns in posts.values_list(*COLUMNS)]


def of(post: Post) -> SafeString:
    """Of one that was read with its run."""
    return drawn(Row(*_columns_of(post)))


@lru_cache(maxsize=DRAWN)
def drawn(row: Row) -> SafeString:
    html = get_template("posts/row.html").render({"post": row})
    return mark_safe(html)  # noqa: S308 - Django's own answer, whose stubs say less
