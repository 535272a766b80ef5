"""The app of telemetry: it listens for the ends of runs where traces are wanted."""

from django.apps import AppConfig
from django.conf import settings


class TelemetryConfig(AppConfig):
    name = "gxweb.telemetry"

    def ready(self) -> None:
        if settings.OTLP_ENDPOINT:
            # Its models exist only now; and where nobody wants traces nobody waits for it.
            from gxweb.telemetry import traces  # noqa: PLC0415

            traces.listen(settings.OTLP_ENDPOINT)
