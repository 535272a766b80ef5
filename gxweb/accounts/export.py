"""Everything of one's own, to take away: a zip of JSON lines, one file for each kind of thing."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import IO, Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gxweb.accounts import belongings
from gxweb.accounts.throttle import Limit
from gxweb.accounts.user import User, signed_in
from runs import history
from runs.models import LARGE, Run
from workflows.wire import codec

OF_ACCOUNT = Limit("exports of account", most=10, seconds=3600)
PART = 64 * 1024
# Keys to a door are no use in an export, and a danger; faults are the stacks of our own code.
SECRET = {"password", "digest", "faults"}
README = """\
Everything that {email} has at this site, as of {now}.

account.json           who you are here
<kind>.jsonl           one line for each thing, as it is stored
events/<run>.jsonl     all that a run has said, in order
"""
_encode = DjangoJSONEncoder(ensure_ascii=False).encode


@never_cache
@require_safe
@login_required
def export(request: HttpRequest) -> HttpResponseBase:
    user = signed_in(request)
    OF_ACCOUNT.take(user.pk)
    name = f"gxweb-{timezone.now():%Y-%m-%d}.zip"
    return StreamingHttpResponse(
        Parts(archive(user)),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class Parts:
    """A file as a response sends it, piece by piece, also when there is no thread to hold."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.close = file.close  # Django calls it after the response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while part := await sync_to_async(self.file.read)(PART):
            yield part


def archive(user: User) -> IO[bytes]:
    """An open file on disk that has no name: gone when it is closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("README.txt", README.format(email=user.email, now=timezone.now()))
        made.writestr("account.json", _encode(_fields(user)))
        for rows in belongings.querysets(user):
            _write(made, f"{rows.model._meta.label_lower}.jsonl", _lines(rows))
        # Not the rows of all at once: there may be thousands, and each may be large.
        for id in Run.objects.filter(owner=user).order_by("pk").values_list("pk", flat=True):
            _write(made, f"events/{id}.jsonl", _events(id))
    file.seek(0)
    return file


def _write(made: zipfile.ZipFile, name: str, lines: Iterable[bytes]) -> None:
    with made.open(name, "w", force_zip64=True) as file:
        for line in lines:
            file.write(line + b"\n")


def _lines(rows: models.QuerySet[Any]) -> Iterator[bytes]:
    for row in rows.iterator(chunk_size=50):
        yield _encode(_fields(row)).encode()


def _events(id: UUID) -> Iterator[bytes]:
    """None of a run that was deleted meanwhile."""
    run = Run.objects.defer(*LARGE).select_related("archive").filter(pk=id).first()
    for event in history.read(run).events if run is not None else ():
        yield codec.dumps(codec.to_json(event))


def _fields(row: models.Model) -> dict[str, Any]:
    return {
        field.attname: field.value_from_object(row)
        for field in row._meta.concrete_fields
        if field.name not in SECRET and not isinstance(field, models.BinaryField)
    }
