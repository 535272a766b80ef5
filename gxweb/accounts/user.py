"""A person: an email address and a password, no other name."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models.functions import Lower
from django.http import HttpRequest


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        """However the person writes the address: sign-in finds the one account."""
        return self.get(email__iexact=(email or "").strip())


class User(AbstractUser):
    username = None  # type: ignore[assignment]
    email = models.EmailField("email address", unique=True)
    # Mail is sent to those who ask for it.
    mail_when_finished = models.BooleanField(default=False)
    mail_when_failed = models.BooleanField(default=False)
    # When somebody was last at deleting the account, which cannot be done at once; null: it stays.
    leaving_at = models.DateTimeField(null=True, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        app_label = "accounts"
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_any_case",
                violation_error_message="There is an account with this address already.",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["leaving_at"],
                name="user_leaving",
                condition=models.Q(leaving_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.email


def signed_in(request: HttpRequest) -> User:
    """The person of a request that only somebody signed in gets through with."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
