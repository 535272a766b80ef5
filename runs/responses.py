"""A middleware that only looks at what was answered, among synchronous and asynchronous ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Look = Callable[[HttpRequest, HttpResponseBase], HttpResponseBase]


def looked_at(by: Look) -> Callable[[Any], Any]:
    """The middleware: what `by` gives goes out."""

    def middleware(get_response: Any) -> Any:
        around = _async if iscoroutinefunction(get_response) else _sync
        return around(by, get_response)

    return sync_and_async_middleware(middleware)


def _sync(by: Look, get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    return lambda request: by(request, get_response(request))


def _async(by: Look, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> Any:
    async def middleware(request: HttpRequest) -> HttpResponseBase:
        return by(request, await get_response(request))

    return middleware
