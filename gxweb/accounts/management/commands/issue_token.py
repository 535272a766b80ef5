"""A new API token on standard output, and nothing else there; words to people go beside it."""

import secrets
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.urls import reverse

from gxweb.accounts.models import ApiToken, User
from gxweb.accounts.token import SCOPES


class Command(BaseCommand):
    help = "Prints a new API token, once. With --create it makes the person first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--scopes", default=",".join(SCOPES), help="some of %(default)s")
        parser.add_argument("--days", type=int, help="how long it is good; without it, for ever")
        parser.add_argument("--name", default="", help="what it is for, for its owner to know")
        parser.add_argument(
            "--create", action="store_true", help="make the person if there is none"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = _scopes(options["scopes"])
        if options["days"] is not None and not 0 < options["days"] <= 36500:
            raise CommandError("--days should be between 1 and 36500")
        user = self._user(options["email"].strip(), create=options["create"])
        _, token = ApiToken.objects.issue(
            user=user, scopes=scopes, name=options["name"], days=options["days"]
        )
        self.stderr.write(f"A token of {user.email} that may {', '.join(scopes)}. Shown once:")
        self.stdout.write(token)

    def _user(self, email: str, *, create: bool) -> User:
        try:
            user = User.objects.get_by_natural_key(email)
        except User.DoesNotExist:
            if not create:
                raise CommandError(f"There is nobody with the address {email}; --create?") from None
            return self._create(email)
        if not user.is_active:
            raise CommandError(f"The account {user.email} is closed.")
        return user

    def _create(self, email: str) -> User:
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email!r} is not an email address") from None
        password = secrets.token_urlsafe(12)
        user = User.objects.create_user(email, password)
        page = settings.PUBLIC_URL + reverse("accounts:login")
        self.stderr.write(f"Made {user.email}. Sign in at {page} with the password {password}")
        self.stderr.write(f"(shown once; `manage.py changepassword {user.email}` sets another).")
        return user


def _scopes(text: str) -> list[str]:
    given = [part.strip() for part in text.split(",") if part.strip()]
    unknown = sorted(set(given) - set(SCOPES))
    if unknown or not given:
        raise CommandError(f"--scopes takes some of {','.join(SCOPES)}, not {text!r}")
    return [scope for scope in SCOPES if scope in given]
