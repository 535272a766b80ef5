"""Errors told to a Sentry (SENTRY_DSN), by every process of ours.

What is sent is made of what programmers wrote: the name of the logger, the message as it stands in
the code, the class of the exception, and where it went through our files. No values: neither the
arguments of the message nor the text of the exception, which may hold what people wrote, or a key.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from workflows.wire.settings import BadSetting

NAME = "SENTRY_DSN"
EVENT = ("event_id", "timestamp", "platform", "level", "logger", "release", "environment")
FRAME = ("filename", "function", "lineno")


def begin(environ: Mapping[str, str]) -> None:
    """From here on this process tells its errors, if SENTRY_DSN is set. Raises BadSetting."""
    dsn = environ.get(NAME, "").strip()
    if not dsn:
        return
    # Most installations have none: they need not wait for it at each start.
    import sentry_sdk  # noqa: PLC0415
    from sentry_sdk.integrations.atexit import AtexitIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.logging import LoggingIntegration  # noqa: PLC0415
    from sentry_sdk.utils import BadDsn  # noqa: PLC0415

    try:
        sentry_sdk.init(
            dsn=dsn,
            before_send=bare,
            integrations=[
                LoggingIntegration(level=None, event_level=logging.ERROR),
                AtexitIntegration(lambda pending, timeout: None),
            ],
            default_integrations=False,
            include_local_variables=False,
            include_source_context=False,
            auto_session_tracking=False,
            max_breadcrumbs=0,
        )
    except BadDsn:
        raise BadSetting(NAME, "should be https://KEY@HOST/PROJECT") from None


def bare(event: Any, hint: Mapping[str, Any]) -> Any:
    """The event of an error, without any value in it."""
    said = {name: event[name] for name in EVENT if name in event}
    if (record := hint.get("log_record")) is not None:
        said["message"] = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    errors = event.get("exception", {}).get("values", ())
    return said | ({"exception": {"values": [*map(_error, errors)]}} if errors else {})


def _error(error: Mapping[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames", ())
    places = [{name: frame.get(name) for name in FRAME} for frame in frames]
    return {
        "type": error.get("type"),
        "module": error.get("module"),
        "stacktrace": {"frames": places},
    }
