"""Static files at the ASGI level: no thread is held, and nothing is collected before a start."""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from servestatic import ServeStaticASGI

from gxweb.edition import edition


class Stamped(StaticFilesStorage):
    """Addresses that change with each edition, of files that keep their names."""

    def url(self, name: str | None) -> str:
        return f"{super().url(name)}?v={edition()}"


def with_static_files(application: Any) -> ServeStaticASGI:
    """Every file that Django's finders know, read from where it lies."""
    server = ServeStaticASGI(application, max_age=0 if settings.DEBUG else 300)
    for finder in finders.get_finders():
        for path, storage in finder.list([]):
            prefix = getattr(storage, "prefix", None)
            url = f"{settings.STATIC_URL}{prefix}/{path}" if prefix else settings.STATIC_URL + path
            # The first finder wins, as it does for Django's own command.
            if url not in server.files:
                server.add_file_to_dictionary(url, storage.path(path))
    return server
