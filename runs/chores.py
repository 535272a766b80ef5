"""What products have control do again and again, each in a loop of its own, so that a mail server
that does not answer holds up nothing else.

A step is as one of control's own: it returns whether there is more to do at once, raises AWAY when
Redis or SQL is, and anything else stops the process. Several controls may do it side by side.
"""

from __future__ import annotations

from collections.abc import Callable

CHORES: dict[str, Callable[[], bool | None]] = {}
