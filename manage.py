#!/usr/bin/env python
"""The command line of the site."""

import os
import re
import sys

from django.core.management import execute_from_command_line
from django.db import DatabaseError

from gxweb import environment

NO_TABLE = re.compile(r"no such table|relation .+ does not exist")  # SQLite, PostgreSQL


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gxweb.settings")
    # The supervisor must not take the Redis of its predecessor for one that its user chose.
    if sys.argv[1:2] != ["up"]:
        environment.join_running()
    try:
        execute_from_command_line(sys.argv)
    except DatabaseError as error:
        if not NO_TABLE.search(str(error)):
            raise
        sys.exit(
            f"manage.py: the database of VAR={environment.var()} has no such table. Say the VAR and"
            " the settings that `make up` has, or let it start once."
        )


if __name__ == "__main__":
    main()
