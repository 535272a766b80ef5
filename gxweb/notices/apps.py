"""The app of notices: it listens to what runs have to tell."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "gxweb.notices"
