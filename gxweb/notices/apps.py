"""The app of notices: it listens to what runs have to tell."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "gxweb.notices"

    def ready(self) -> None:
        # Its models exist only now.
        from gxweb.notices import mail  # noqa: PLC0415

        mail.listen()
