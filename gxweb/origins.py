"""Which pages may open a socket: those of trusted origins, told apart by scheme and port too."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

DEFAULT_PORTS = {"http": 80, "https": 443}
Origin = tuple[str, str, int]


class TrustedOrigins:
    """Passes a socket on or refuses its handshake, which asks nothing of Redis or SQL."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if _parse(headers.get(b"origin", "")) in _trusted(headers.get(b"host", "")):
            await self.application(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4403})


def _trusted(host: str) -> set[Origin]:
    origins = list(settings.CSRF_TRUSTED_ORIGINS)
    if settings.DEBUG and host:
        # Development servers are reached under many names: the page's own host is as good.
        origins += [f"http://{host}", f"https://{host}"]
    return {parsed for parsed in map(_parse, origins) if parsed is not None}


def _parse(origin: str) -> Origin | None:
    try:
        parts = urlsplit(origin)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (KeyError, ValueError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None
