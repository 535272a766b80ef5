"""From the token of a request to the person and what the token allows."""

from django.utils import timezone

from gxweb.accounts.models import ApiToken, User


def find_token(token: str) -> tuple[User, frozenset[str]] | None:
    """Nothing for a token that is unknown, revoked, expired or of a closed account."""
    row = ApiToken.objects.find(token)
    if row is None:
        return None
    row.seen(timezone.now())
    return row.user, frozenset(row.scopes.split(","))
