"""Runs in Django's admin: read by staff with the permission, changed only by acts that have a
permission of their own, a reason, and a row that keeps both."""

from runs.admin import intervention, notice, run

__all__ = ["intervention", "notice", "run"]
