"""Addresses of people."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from gxweb.accounts import address, deletion, export, password, signin, signup, tokens
from gxweb.accounts.account import account

app_name = "accounts"
urlpatterns = [
    path("", account, name="account"),
    path("signup/", signup.sign_up, name="signup"),
    path("login/", signin.sign_in, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", password.change, name="password"),
    path("password/reset/", password.reset, name="password_reset"),
    path("password/reset/sent/", password.reset_sent, name="password_reset_sent"),
    path("password/reset/<uid>/<token>/", password.reset_confirm, name="password_reset_confirm"),
    path("email/", address.change, name="address"),
    path("email/<token>/", address.confirm, name="address_confirm"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<id>/revocation/", tokens.revocation, name="revocation"),
    path("export/", export.export, name="export"),
    path("delete/", deletion.deletion, name="delete"),
    path("deleted/", deletion.deleted, name="deleted"),
]
