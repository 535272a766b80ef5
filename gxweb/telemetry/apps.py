"""The app of telemetry: it listens for the ends of runs where traces are wanted."""

from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    name = "gxweb.telemetry"

    def ready(self) -> None:
        # Its models exist only now.
        from gxweb.telemetry import traces  # noqa: PLC0415

        traces.listen()
