"""A program's key: shown once, kept as a hash, limited to what it may do and for how long."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Literal

from django.conf import settings
from django.db import OperationalError, models
from django.utils import timezone

if TYPE_CHECKING:
    from gxweb.accounts.user import User

Scope = Literal["start", "read", "cancel"]
SCOPES: tuple[Scope, ...] = ("start", "read", "cancel")
FORM = re.compile(r"gx_([A-Za-z0-9]{8})_[A-Za-z0-9_-]{43}")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# Who looks at "last used" wants to know the day: a write for every request would only cost.
SEEN_EVERY = timedelta(minutes=1)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def alive(self, now: datetime) -> "ApiTokenQuerySet":
        fresh = models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        return self.filter(fresh, revoked_at=None, user__is_active=True)

    def issue(
        self, *, user: "User", scopes: Iterable[str], name: str = "", days: int | None = None
    ) -> tuple["ApiToken", str]:
        """The row, and the token itself: the only time that anyone sees it."""
        key = "".join(secrets.choice(ALPHABET) for _ in range(8))
        token = f"gx_{key}_{secrets.token_urlsafe(32)}"
        expires = timezone.now() + timedelta(days=days) if days else None
        row = self.create(
            id=key,
            user=user,
            name=name,
            digest=digest(token),
            scopes=",".join(scope for scope in SCOPES if scope in set(scopes)),
            expires_at=expires,
        )
        return row, token

    def find(self, token: str) -> "ApiToken | None":
        """The living row of this token, or nothing, whatever was wrong with it."""
        match = FORM.fullmatch(token)
        if match is None:
            return None
        row = self.alive(timezone.now()).select_related("user").filter(id=match[1]).first()
        return row if row and hmac.compare_digest(row.digest, digest(token)) else None


class ApiToken(models.Model):
    id = models.CharField(primary_key=True, max_length=8)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens"
    )
    name = models.CharField(max_length=100, blank=True)
    digest = models.CharField(max_length=64)
    scopes = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = ApiTokenQuerySet.as_manager()

    class Meta:
        app_label = "accounts"
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"gx_{self.id}_…"

    def allows(self, scope: Scope) -> bool:
        return scope in self.scopes.split(",")

    def seen(self, now: datetime) -> None:
        """Remembers the use. Whoever only reads is served also while nothing can be written."""
        if self.last_used_at is None or now - self.last_used_at > SEEN_EVERY:
            with suppress(OperationalError):
                type(self).objects.filter(pk=self.pk).update(last_used_at=now)

    def revoke(self) -> None:
        type(self).objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=timezone.now())


def digest(token: str) -> str:
    """Plain SHA-256: the token is 256 random bits, so there is nothing to guess slowly."""
    return hashlib.sha256(token.encode()).hexdigest()
