"""The app of people."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "gxweb.accounts"
    label = "accounts"
