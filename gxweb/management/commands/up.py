"""`manage.py up`: everything on one machine, under one supervisor."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from gxweb import environment
from gxweb.supervisor import parent
from gxweb.supervisor.children import Site
from gxweb.supervisor.folder import Folder
from gxweb.supervisor.refusal import Refused
from gxweb.supervisor.up import Supervisor


class Command(BaseCommand):
    help = "Start Redis, web, worker and control, keep them alive, stop them together."
    # Databases are migrated by us, a moment later.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        site = Site(
            root=environment.ROOT,
            var=environment.var(),
            port=settings.PORT,
            redis_url=os.environ.get("REDIS_URL", ""),
            public_url=settings.PUBLIC_URL,
            drain_s=settings.GX.drain_seconds,
        )
        try:
            Supervisor(site, Folder(site.var), _say, asked=parent.follow()).run()
        except Refused as refusal:
            sys.exit(f"gxweb: {refusal}")


def _say(line: str) -> None:
    print(f"gxweb: {line}", flush=True)
