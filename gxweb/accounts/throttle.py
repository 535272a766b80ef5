"""How often something may be tried, counted in SQL: it holds for all web processes, and while Redis
is away or was emptied.

A try is counted before it is made, so that a hundred at once are a hundred. Whom it was about is
kept only as a keyed hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from django.db import models
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from gxweb.errors import TooMany


class Strike(models.Model):
    key = models.CharField(primary_key=True, max_length=64)
    count = models.PositiveIntegerField(default=0)
    until = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "accounts"

    def __str__(self) -> str:
        return f"{self.count} until {self.until}"


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` tries in `seconds` about one subject."""

    name: str
    most: int
    seconds: int

    def take(self, subject: object) -> None:
        """Counts a try. Raises TooMany when it is one too many."""
        now = timezone.now()
        key = self._key(subject)
        if self._count(key, now):
            return
        _renew(key, now, now + timedelta(seconds=self.seconds))
        if not self._count(key, now):
            raise TooMany(_left(key, now))

    def give_back(self, subject: object) -> None:
        """The try was a good one."""
        Strike.objects.filter(pk=self._key(subject), count__gt=0).update(count=F("count") - 1)

    def forget(self, subject: object) -> None:
        Strike.objects.filter(pk=self._key(subject)).delete()

    def _count(self, key: str, now: datetime) -> bool:
        """One UPDATE, so that of many at once exactly so many get through."""
        free = Strike.objects.filter(pk=key, until__gt=now, count__lt=self.most)
        return free.update(count=F("count") + 1) == 1

    def _key(self, subject: object) -> str:
        words = f"{self.name}:{str(subject).casefold()}"
        return salted_hmac("gxweb.throttle", words, algorithm="sha256").hexdigest()


def _renew(key: str, now: datetime, until: datetime) -> None:
    """A row where none lives. Several may do this at once: all then count on the first one."""
    Strike.objects.filter(until__lte=now).delete()
    Strike.objects.bulk_create([Strike(key=key, until=until)], ignore_conflicts=True)


def _left(key: str, now: datetime) -> int:
    until = Strike.objects.filter(pk=key).values_list("until", flat=True).first()
    return int((until - now).total_seconds()) + 1 if until is not None else 1


def origin(request: HttpRequest) -> str:
    """Where a request comes from. A whole IPv6 network counts as one: it belongs to one house."""
    given = request.META.get("REMOTE_ADDR", "")
    try:
        address = ip_address(given)
    except ValueError:
        return hashlib.sha256(given.encode()).hexdigest()
    if isinstance(address, IPv6Address):
        return f"{int(address) >> 64:x}::/64"
    return str(address)
