"""The next release of the blog: version 2, which may adopt runs of version 1.

A worker serves it with `--registry tests.chaos.second`; `python -m tests.chaos.second control` is a
control of that release, and `tests.chaos.second:application` its site.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from workflows.blog.flow import write_blog
from workflows.catalog import CATALOG
from workflows.engine import Workflow

CATALOG["blog"] = replace(CATALOG["blog"], version=2, compatible=(1,))
SECOND = replace(write_blog, options=replace(write_blog.options, version=2))
REGISTRY: dict[str, Workflow[[Any], Any]] = {"blog": SECOND}


def __getattr__(name: str) -> Any:
    """The site is made only for those who ask for it: workers must not see Django."""
    if name != "application":
        raise AttributeError(name)
    from gxweb.asgi import application  # noqa: PLC0415

    return application


def control() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gxweb.settings")
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("control")


if __name__ == "__main__":
    control()
