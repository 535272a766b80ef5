"""Who calls, and what that caller may do: a token with its scopes, or a session with CSRF."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, cast
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from ninja.utils import check_csrf

from runs import rights
from runs.api.problems import Problem, not_found
from runs.models import Run, RunQuerySet

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
EVERYTHING = frozenset({"start", "read", "cancel"})
Scoped = tuple[AbstractBaseUser, frozenset[str]]
FindToken = Callable[[str], Scoped | None]


@dataclass(frozen=True)
class Grant:
    """A person, and what the request may do in that person's name. `again`: the person as of now,
    with the rights of now; None when the grant does not hold any more."""

    user: AbstractBaseUser
    scopes: frozenset[str]
    again: Callable[[], AbstractBaseUser | None]


@dataclass(frozen=True)
class Token:
    """`Authorization: Bearer gx_…`. A header that is there and no good is not forgiven."""

    openapi_security_schema: ClassVar[dict[str, Any]] = {"type": "http", "scheme": "bearer"}
    find: FindToken
    scope: str

    def __call__(self, request: HttpRequest) -> Grant | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        kind, _, token = header.partition(" ")
        found = self.find(token.strip()) if kind.lower() == "bearer" else None
        if found is None:
            raise _unauthenticated()
        user, scopes = found
        if self.scope not in scopes:
            raise Problem(403, "missing_scope", f"This token has no scope “{self.scope}”.")
        return Grant(user, scopes, lambda: self._person(token.strip()))

    def _person(self, token: str) -> AbstractBaseUser | None:
        found = self.find(token)
        return None if found is None else found[0]


@dataclass(frozen=True)
class Session:
    """The signed-in page's cookie; what changes something needs the CSRF token too."""

    openapi_security_schema: ClassVar[dict[str, Any]] = {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
    }
    csrf: ClassVar[bool] = True

    def __call__(self, request: HttpRequest) -> Grant | None:
        user = request.user
        # The header decides alone: a bad token is not made good by a cookie.
        if not user.is_authenticated or "Authorization" in request.headers:
            return None
        if request.method not in SAFE and check_csrf(request):
            raise Problem(403, "csrf", "The CSRF token is missing or wrong.")
        key = request.session.session_key
        return Grant(user, EVERYTHING, lambda: _signed_in(key))


def needs(find: FindToken, scope: str) -> list[Callable[[HttpRequest], Grant | None]]:
    """Either way in, for calls that need this scope."""
    return [Token(find, scope), Session()]


def grant_of(request: HttpRequest) -> Grant:
    return cast("Grant", request.auth)  # type: ignore[attr-defined]


def visible(request: HttpRequest) -> RunQuerySet:
    return Run.objects.visible_to(cast("Any", grant_of(request).user))


def find_run(request: HttpRequest, id: UUID) -> Run:
    """Load and authorise. An unknown id and a foreign one are the same."""
    run = visible(request).filter(pk=id).first()
    if run is None:
        raise not_found()
    return run


def find_commanded(request: HttpRequest, id: UUID, what: str = "") -> Run:
    """Load one to do something to it: to see it is not enough (see `rights.may`)."""
    run = find_run(request, id)
    if not rights.may(grant_of(request).user, run, what):
        raise Problem(403, "forbidden", "You may see this run, and not do this to it.")
    return run


# Each gives its connection back before it returns: a stream that kept one would empty the pool.
find_run_async = database_sync_to_async(find_run)


def _signed_in(session_key: str | None) -> AbstractBaseUser | None:
    """Asked anew, from the store: a logout or another password ends it."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    return user if user.is_authenticated else None


def _unauthenticated() -> Problem:
    return Problem(
        401,
        "unauthenticated",
        "This token is unknown, revoked or expired.",
        headers={"WWW-Authenticate": "Bearer"},
    )
