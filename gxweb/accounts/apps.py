"""The app of people."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "gxweb.accounts"
    label = "accounts"

    def ready(self) -> None:
        # Its models exist only now.
        from gxweb.accounts import deletion, sessions  # noqa: PLC0415

        deletion.listen()
        sessions.listen()
