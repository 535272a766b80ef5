"""Migrations run before the new web processes start: the old ones go on writing meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField

OURS = {config.label for config in apps.get_app_configs() if config.name.startswith(("gx", "runs"))}
# Of before there was a site to be kept going.
FIRST = {
    ("accounts", "0003_mail"), ("runs", "0002_admin"), ("runs", "0003_suspects"),
    ("runs", "0005_waiting"), ("runs", "0006_restart"),
}  # fmt: skip


def added() -> Iterator[tuple[str, AddField]]:
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in OURS and (app, name) not in FIRST:
            for operation in migration.operations:
                if isinstance(operation, AddField):
                    yield f"{app}.{operation.model_name}.{operation.name}", operation


def test_a_column_can_be_left_out_by_the_code_before_it() -> None:
    found = dict(added())
    assert {"runs.run.reserved_usd", "posts.post.shared"} <= found.keys()
    needed = [
        name
        for name, one in found.items()
        if not (one.field.null or one.field.has_db_default() or one.field.many_to_many)
    ]
    assert needed == []
