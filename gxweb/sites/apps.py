"""The app of sites: it listens to what runs have to tell."""

from django.apps import AppConfig


class SitesConfig(AppConfig):
    name = "gxweb.sites"

    def ready(self) -> None:
        # Its models exist only now.
        from gxweb.sites import material, results  # noqa: PLC0415

        material.listen()
        results.listen()
