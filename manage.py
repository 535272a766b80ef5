#!/usr/bin/env python
"""The command line of the site."""

import os
import sys

from django.core.management import execute_from_command_line

from gxweb import environment


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gxweb.settings")
    # The supervisor must not take the Redis of its predecessor for one that its user chose.
    if sys.argv[1:2] != ["up"]:
        environment.join_running()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
